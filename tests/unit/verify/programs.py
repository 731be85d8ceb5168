"""The programs of an image, on a PATH of their own: what runs there finds no others."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

# It does what the manual of busybox says of `nc HOST PORT -e PROGRAM`.
NC = f"""#!{sys.executable}
import os, socket, sys
_, address, port, option, *argv = sys.argv
assert option == "-e"
connection = socket.create_connection((address, int(port)))
os.dup2(connection.fileno(), 0)
os.dup2(connection.fileno(), 1)
os.execvp(argv[0], argv)
"""


def path_with(folder: Path, *programs: str) -> dict[str, str]:
    """Return the environment of an image that has a shell, `timeout` and these programs."""
    folder.mkdir(exist_ok=True)
    for name in ("sh", "timeout", *programs):
        place = folder / name
        if name == "nc":
            place.write_text(NC)
            place.chmod(0o755)
        else:
            place.symlink_to(shutil.which(name) or name)
    return {"PATH": str(folder)}
