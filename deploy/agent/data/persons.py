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
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from deploy.agent.data.trees import OURS, Entry
from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import SPARE, Need, ensure_room

if TYPE_CHECKING:
    from deploy.agent.contract.places import SharedPlace

Write = Callable[[IO[bytes]], None]
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


BRINGER = """
import os, shutil, sys
source, root, *folders = sys.argv[1:]
os.umask(0o022)
for folder in folders:
    there, here = os.path.join(source, folder), os.path.join(root, folder)
    part, ready = os.path.join(here, ".kit-ready"), os.path.join(here, ".kit-brought")
    shutil.rmtree(part, ignore_errors=True)
    if not os.path.isdir(ready):
        if not os.path.isdir(there) or not os.listdir(there):
            continue
        if os.listdir(here):
            print(f"{here} has files already, and those in {there} stay there")
            continue
        shutil.copytree(there, part, symlinks=True)
        os.rename(part, ready)
    for name in os.listdir(ready):
        os.rename(os.path.join(ready, name), os.path.join(here, name))
    os.rmdir(ready)
    print(f"the files in {there} are in {here} as well")
"""
"""Program of the person: copies the files of former folders into empty ones.

A killed run leaves a complete copy under a name of its own, and the next run goes on with it.
"""


def bring(shared: SharedPlace, source: Path) -> list[str]:
    """Copy the person's files from the folders of the same names under another one; return what was done, in words."""
    said = _run_as_person(shared, BRINGER, [str(source), shared["host_path"]], lambda _pipe: None)
    return said.splitlines()


def put_in(shared: SharedPlace, files: list[Entry], data: Path) -> Path:
    """Replace the content of the folders with that of a copy; return the folder with what was there before.

    A file that is neither the person's nor readable for all stays out: it may be one that a link led to.
    """
    own = [file for file in files if _is_persons(file, shared["uid"])]
    size = sum(file["size"] for file in own)
    ensure_room([Need(Path(shared["host_path"]), size, "the restored files")], SPARE, "; nothing was changed")

    def write(pipe: IO[bytes]) -> None:
        with tarfile.open(fileobj=pipe, mode="w|") as packed:
            for file in own:
                packed.add(str(data / file["path"]), file["path"], recursive=False)

    return _placed(shared, "", write)


def put_back(shared: SharedPlace, aside: Path) -> Path:
    """Return to the content that a replacement moved aside; return the folder with what was there meanwhile."""
    return _placed(shared, str(aside), lambda _pipe: None)


def _placed(shared: SharedPlace, ready: str, write: Write) -> Path:
    root = Path(shared["host_path"])
    aside = root / f"{OURS}aside-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{time.monotonic_ns() % 10**6:06}"
    _run_as_person(shared, PLACER, [str(root), str(aside), ready], write)
    return aside


def _run_as_person(shared: SharedPlace, program: str, words: list[str], write: Write) -> str:
    """Run a program of the person's on the folders, with what is written to its input; return what it printed."""
    folders = [path for item in shared["items"] for path in item.values()]
    # The interpreter of the agent may lie in a folder of root's.
    python = shutil.which("python3", path=SYSTEM_PATH) or sys.executable
    argv = [python, "-I", "-c", program, *words, *folders]
    # Only root may become another user; tests run as one user throughout.
    user: dict[str, Any] = (
        {"user": shared["uid"], "group": shared["gid"], "extra_groups": []} if os.geteuid() == 0 else {}
    )
    pipe = subprocess.PIPE
    process: subprocess.Popen[bytes]
    with subprocess.Popen(argv, cwd="/", stdin=pipe, stdout=pipe, stderr=pipe, **user) as process:
        # A program that ends early says why.
        with suppress(BrokenPipeError):
            write(cast("IO[bytes]", process.stdin))
        printed, complaints = (said.decode(errors="replace").strip() for said in process.communicate())
    if process.returncode:
        raise AgentError(
            f"the user {shared['uid']}:{shared['gid']} could not put files into {shared['host_path']}:"
            f" {complaints.splitlines()[-1] if complaints else f'status {process.returncode}'}",
            f"mend that, then run the same command again; what was there is in {shared['host_path']} still",
        )
    return printed


def _is_persons(file: Entry, uid: int) -> bool:
    return file["kind"] != "file" or file["uid"] == uid or bool(int(file["mode"], 8) & READABLE)
