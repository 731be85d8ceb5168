"""Program of a host's Python that stores the agent and then becomes it; its text is sent where the agent is missing.

Python 3.6 can read it, so an old one is told by its version.
"""

import hashlib
import os
import sys
from pathlib import Path

OLDEST = (3, 9)


def receive(path: Path, size: int) -> str:
    """Read the agent from standard input and store it; return what the control node is told."""
    if sys.version_info[:2] < OLDEST:
        return f"old-python {sys.version_info[0]}.{sys.version_info[1]}"
    content = sys.stdin.buffer.read(size)
    if hashlib.sha256(content).hexdigest() != path.stem:
        return "unplaced it arrived damaged"
    written = path.parent / f".{path.name}.{os.getpid()}.new"
    try:
        os.umask(0o022)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), 0o444)
            os.fsync(stream.fileno())
        written.rename(path)
    except OSError as problem:
        return f"unplaced {path.parent}: {problem.strerror}"
    return "placed"


def main() -> None:
    """Store the agent, say so, and start it with the verb."""
    mark, path, size, verb = sys.argv[1:]
    told = receive(Path(path), int(size))
    print(mark, told, flush=True)
    if told == "placed":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", "-IS", path, verb])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
