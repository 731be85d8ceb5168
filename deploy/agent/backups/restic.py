"""restic, asked strictly: whatever is not a known success is a failure with words and a next step.

Debian 12 has restic 0.14 and Debian 13 has 0.18. The older one exits with 1 for every failure and writes plain text to
standard error, the newer one has exit codes 10 to 12 and writes JSON there. Both leave fields with default values out,
and both exit with 0 after a backup that left out a missing path: only standard error says so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deploy.agent.backups import sftp
from deploy.agent.backups.damage import key_damage
from deploy.agent.backups.files import is_read_only
from deploy.agent.errors import AgentError, full_disk
from deploy.agent.inputs.children import Children
from deploy.agent.line import Line
from deploy.agent.stack.backup_memory import RESTIC

NO_REPOSITORY, LOCKED, WRONG_KEY = 10, 11, 12
_SAID = {
    NO_REPOSITORY: ("unable to open config file",),
    LOCKED: ("repository is already locked",),
    WRONG_KEY: ("wrong password or no key found",),
}
"""Words of the release without exit codes of these kinds."""
UNWRITABLE = "read-only file system"
NO_LOCK = "unable to create lock in backend"
"""restic's words for a repository that it cannot write a lock into; its content may be whole."""
MOST_TOLD = 400
WRITING = frozenset({"backup", "forget", "init", "prune"})
_TRACE = re.compile(r"\t.*|[^ ]+")
"""Lines of a Go stack trace; no word of restic's for people is without a blank."""
GIVEN = Path("/proc/self/fd")
"""Folder of keys that lie in memory: a person gave them for this run."""
LOCKED_SECONDS, RETRY_SECONDS = 20.0, 0.5
"""Timeout for a locked repository, and the pause between attempts."""


@dataclass(frozen=True)
class Said:
    """A run of restic: its exit code, its lines, and its complaints."""

    status: int
    lines: tuple[str, ...]
    complaints: str

    @property
    def documents(self) -> list[dict[str, Any]]:
        """Return the lines that are JSON objects."""
        return [document for document in map(_json, self.lines) if isinstance(document, dict)]

    @property
    def document(self) -> dict[str, Any]:
        """Return the output as one JSON object; raise AgentError for anything else."""
        document = _json("\n".join(self.lines))
        if not isinstance(document, dict):
            raise AgentError("restic printed something else than the JSON that was asked for", "see `restic version`")
        return document

    @property
    def listed(self) -> list[dict[str, Any]]:
        """Return the output as a JSON list of objects; restic prints null for an empty one."""
        documents = _json("\n".join(self.lines))
        if documents is None and self.lines != ("null",):
            raise AgentError("restic printed something else than the JSON that was asked for", "see `restic version`")
        return [dict(document) for document in documents or []]

    @property
    def kind(self) -> int:
        """Return the exit code that the newer release has for such a failure."""
        if self.status != 1:
            return self.status
        kinds = (kind for kind, words in _SAID.items() if any(word in self.complaints for word in words))
        return next(kinds, self.status)


class Restic:
    """restic on one repository. The key comes from its file, never from an argument."""

    def __init__(
        self,
        repository: str,
        key: Path,
        inherited: tuple[int, ...] = (),
        options: tuple[str, ...] = (),
        *,
        is_begun: bool = True,
    ) -> None:
        self.repository = repository
        self.is_begun = is_begun
        """False for a repository of this host's own into which it has made no backup yet."""
        self._key = key
        self._options = options
        self._inherited = inherited
        self._children = Children()

    def apart(self) -> Restic:
        """Return restic on the same repository for another thread; `stop` ends what runs there."""
        return Restic(self.repository, self._key, self._inherited, self._options, is_begun=self.is_begun)

    def stop(self) -> None:
        """End every program that this one started, and start no other."""
        self._children.stop()

    def run(self, *words: str, cwd: Path | None = None, hear: Callable[[str], None] | None = None) -> Said:
        """Run restic to its end; where the repository is locked, wait a while for that.

        A killed restic leaves its lock. `unlock` removes it, but only after the process table has lost that restic.
        """
        limit = time.monotonic() + LOCKED_SECONDS
        while True:
            said = self._run(words, cwd, hear)
            if said.kind != LOCKED or time.monotonic() > limit:
                return said
            time.sleep(RETRY_SECONDS)
            self._run(("unlock",), None, None)

    def _run(self, words: tuple[str, ...], cwd: Path | None, hear: Callable[[str], None] | None) -> Said:
        if words[0] in WRITING:
            self.ensure_writable()
        program = shutil.which(RESTIC)
        if program is None:
            raise AgentError("restic is not on this host", f"`{Line('apply')}` installs it")
        lines: list[str] = []

        def take(output: IO[bytes]) -> None:
            for raw in output:
                lines.append(raw.decode(errors="replace").rstrip("\n"))
                if hear is not None:
                    hear(lines[-1])

        complaints: list[str] = []
        # Without a lock a repository can be read on a file system that takes none.
        unlocked = ("--no-lock",) if self._is_read_only() else ()
        argv = [program, "--json", "--no-cache", *unlocked, *sftp.as_fields(self._options), *words]
        own, inherited = self._environment(), self._inherited
        ended = self._children.run(argv, own, complaints.append, take, cwd=cwd, inherited=inherited)
        return Said(ended.status, tuple(lines), told_of(complaints))

    def ensure_writable(self) -> None:
        """Raise AgentError for a repository that takes no write: restic would try for most of a minute."""
        if self._is_read_only():
            raise self._read_only()

    def _is_read_only(self) -> bool:
        return is_read_only(self.repository)

    def _read_only(self) -> AgentError:
        return AgentError(
            f"the repository {self.repository} is on a read-only file system",
            "mount it for writing; the kernel mounts a disk with errors read-only: see `dmesg`. Restores can be made",
        )

    def ask(self, *words: str) -> Said:
        """Run restic to a good end; raise AgentError otherwise."""
        said = self.run(*words)
        if said.status != 0:
            raise self.failure(words[0], said)
        return said

    def failure(self, what: str, said: Said) -> AgentError:
        """Return the error of a run that failed."""
        if lost := sftp.no_session(self.repository, self._options, said.complaints):
            return lost
        if broken := key_damage(Path(self.repository)):
            return AgentError(
                f"the repository {self.repository} is broken: {'; '.join(broken)}",
                "bring the file back from a copy of the repository, or name another `repository` in kit.yaml",
            )
        if said.kind == NO_REPOSITORY:
            return self._no_repository()
        if said.kind == WRONG_KEY:
            return self._wrong_key()
        if said.kind == LOCKED:
            return AgentError(
                f"the repository {self.repository} is in use: {said.complaints[:MOST_TOLD]}", "wait until it is free"
            )
        if UNWRITABLE in said.complaints:
            return self._read_only()
        if full := full_disk(self.repository, said.complaints[-MOST_TOLD:], Line("backup", "now")):
            return full
        words = said.complaints[-MOST_TOLD:] or f"exit code {said.status}"
        return AgentError(f"restic {what} failed: {words}", f"see whether {self.repository} has space and is mounted")

    def _no_repository(self) -> AgentError:
        if self.is_begun:
            return AgentError(f"there is no repository in {self.repository}", "mount its drive, or bring it back")
        step = f"`{Line('backup', 'now')}` makes it; if it is on a drive, mount that first"
        return AgentError(f"there is no repository in {self.repository} yet", step)

    def _wrong_key(self) -> AgentError:
        if self._key.is_relative_to(GIVEN):
            return AgentError(
                f"the given key does not open the repository {self.repository}",
                "name the file with the key that it was made with: `--key FILE`",
            )
        return AgentError(
            f"the key of this host does not open the repository {self.repository}",
            "give the key that it was made with: `key: file:PATH` under `backup` in kit.yaml, then apply",
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        own = {"RESTIC_REPOSITORY": self.repository, "RESTIC_PASSWORD_FILE": str(self._key)}
        # Two lines of progress a second are enough for a person, and few for a job.
        return {**kept, **own, "RESTIC_PROGRESS_FPS": "2"}


def told_of(complaints: list[str]) -> str:
    """Return what restic wrote to standard error as plain words."""
    return "; ".join(filter(None, (_plain(line) for line in complaints)))


def _plain(line: str) -> str:
    document = _json(line)
    if not isinstance(document, dict):
        return "" if _TRACE.fullmatch(line) else line
    error = document.get("error")
    message = document.get("message") or (error.get("message") if isinstance(error, dict) else error) or error
    return ": ".join(str(part) for part in (document.get("item"), message) if part) or line


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
