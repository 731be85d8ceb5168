"""Folders of a person's own: what goes into them is put there by the person's user, never by root.

The person may replace any path in them at any moment, and root would follow a link.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from deploy.agent.data.trees import OURS, Entry
from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import amount

if TYPE_CHECKING:
    from deploy.agent.contract.backups import SharedFolders

MARGIN = 64 * 2**20
READABLE = 0o004
SYSTEM_PATH = "/usr/bin:/usr/local/bin:/bin"
PLACER = """
import os, shutil, sys, tarfile
root, aside, ready, *folders = sys.argv[1:]
os.umask(0o022)
os.chdir(root)
if not ready:
    ready = aside + ".ready"
    os.mkdir(ready, 0o700)
    plain = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as files:
        files.extractall(ready, **plain)
for folder in folders:
    for place in (folder, os.path.join(aside, folder)):
        os.makedirs(place, exist_ok=True)
    for name in os.listdir(folder):
        os.rename(os.path.join(folder, name), os.path.join(aside, folder, name))
    there = os.path.join(ready, folder)
    for name in os.listdir(there) if os.path.isdir(there) else ():
        os.rename(os.path.join(there, name), os.path.join(folder, name))
shutil.rmtree(ready)
"""
"""Program of the person: unpacks the files beside the folders, moves what is in these aside, and the files in."""


def put_in(shared: SharedFolders, files: list[Entry], data: Path) -> Path:
    """Replace the content of the folders with that of a copy; return the folder with what was there before.

    A file that is neither the person's nor readable for all stays out: it may be one that a link led to.
    """
    own = [file for file in files if _is_persons(file, shared["uid"])]
    _ensure_space(shared, sum(file["size"] for file in own))

    def write(pipe: IO[bytes]) -> None:
        with tarfile.open(fileobj=pipe, mode="w|") as packed:
            for file in own:
                packed.add(str(data / file["path"]), file["path"], recursive=False)

    return _placed(shared, "", write)


def put_back(shared: SharedFolders, aside: Path) -> Path:
    """Return to the content that a replacement moved aside; return the folder with what was there meanwhile."""
    return _placed(shared, str(aside), lambda _pipe: None)


def _placed(shared: SharedFolders, ready: str, write: Any) -> Path:
    root = Path(shared["host_path"])
    aside = root / f"{OURS}aside-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{time.monotonic_ns() % 10**6:06}"
    folders = [path for item in shared["items"] for path in item.values()]
    # The interpreter of the agent may lie in a folder of root's.
    python = shutil.which("python3", path=SYSTEM_PATH) or sys.executable
    argv = [python, "-I", "-c", PLACER, str(root), str(aside), ready, *folders]
    # Only root may become another user; tests run as one user throughout.
    user: dict[str, Any] = (
        {"user": shared["uid"], "group": shared["gid"], "extra_groups": []} if os.geteuid() == 0 else {}
    )
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(argv, cwd="/", **pipes, **user) as process:
        # A program that ends early says why.
        with suppress(BrokenPipeError):
            write(process.stdin)
        said = process.communicate()[1].decode(errors="replace").strip().splitlines()
    if process.returncode:
        raise AgentError(
            f"the files of {shared['uid']}:{shared['gid']} were not put into {root}: {said[-1] if said else ''}",
            f"what was there before is in {root} or {aside}",
        )
    return aside


def _is_persons(file: Entry, uid: int) -> bool:
    return file["kind"] != "file" or file["uid"] == uid or bool(int(file["mode"], 8) & READABLE)


def _ensure_space(shared: SharedFolders, need: int) -> None:
    free = shutil.disk_usage(shared["host_path"]).free
    if need + MARGIN > free:
        raise AgentError(
            f"{shared['service']} needs {amount(need + MARGIN)}, and {shared['host_path']} has {amount(free)} free",
            "free some space there; nothing was changed",
        )
