"""Operations `give_repository` and `take_repository`: a repository goes to a host that only restores from it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from deploy.agent.backups.sftp import is_remote
from deploy.agent.backups.work import released_backup
from deploy.agent.contract.frames import PIECE, CutOffError
from deploy.agent.data.restoring import brought_folder
from deploy.agent.errors import AgentError, full_disk
from deploy.agent.inputs.disk import Need, ensure_room
from deploy.agent.inputs.pace import Pace
from deploy.agent.inputs.sent import piped
from deploy.agent.journal import Journal

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.restores import BroughtAnswer, BroughtRequest

ARCHIVE = ("tar", "--create", "--file=-", "--exclude=./locks/*")
EXTRACT = ("tar", "--extract", "--file=-", "--no-same-owner")


def give(request: StackRequest, _journal: Journal) -> Iterator[bytes]:
    """Yield the size of this host's repository, and then its files as an archive; they stay encrypted."""
    repository = released_backup(Path(request["root"]))["repository"]
    if is_remote(repository) or not (Path(repository) / "config").is_file():
        raise AgentError(f"{repository} is no repository on a disk of this host", "mount its drive, then run it again")
    yield json.dumps(
        {"size": sum(path.stat().st_size for path in Path(repository).rglob("*") if path.is_file())}
    ).encode()
    argv = [*ARCHIVE, f"--directory={repository}", "."]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        while piece := process.stdout.read(PIECE):
            yield piece
        said = _said(process)
    if process.returncode != 0:
        raise AgentError(f"the repository {repository} cannot be read: {said}", "see whether its disk is whole")


def take(request: BroughtRequest, journal: Journal) -> BroughtAnswer:
    """Receive the repository of another host into a folder of its own, which the restore removes."""
    folder = brought_folder(Path(request["root"]))
    shutil.rmtree(folder, ignore_errors=True)
    with journal.step("backups of the former host"):
        try:
            pieces = piped(request["repository"])
            size = int(json.loads(next(pieces))["size"])
            ensure_room([Need(folder, size, "the former host's backups")])
            with _emptied_on_failure(folder):
                _extract(folder, Pace(journal, "receiving the backups", size).counted(pieces))
        except (CutOffError, StopIteration):
            problem = f"{request['repository']} of the former host ended before its end"
            raise AgentError(problem, "run the same command again") from None
    return {"changed": True, "repository": str(folder)}


def _extract(folder: Path, pieces: Iterable[bytes]) -> None:
    argv = [*EXTRACT, f"--directory={folder}"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 - it was started with a pipe
        is_heard = _fed(process.stdin, pieces)
        said = _said(process)
    if process.returncode != 0 or not is_heard:
        raise full_disk(folder, said) or AgentError(
            f"the backups of the former host cannot be written: {said}", f"look at {folder.parent}"
        )


def _fed(stdin: IO[bytes], pieces: Iterable[bytes]) -> bool:
    """Write all pieces; return False if the reader ended before."""
    try:
        with stdin:
            for piece in pieces:
                stdin.write(piece)
    except BrokenPipeError:
        return False
    return True


def _said(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr is not None  # noqa: S101 - it was started with a pipe
    return process.stderr.read().decode(errors="replace").strip()


@contextmanager
def _emptied_on_failure(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
