"""Evidence of a run, so that a failure can be understood afterwards."""

from __future__ import annotations

import itertools
import shlex
import shutil
from dataclasses import dataclass
from typing import Any

from deploy.stack import HERE
from tests.tree import REPOSITORY

FOLDER = REPOSITORY / "evidence" / "e2e"


@dataclass(frozen=True)
class Ran:
    """One run of the command line, as it ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float
    document: dict[str, Any]
    """Document that --json printed; empty if it was not asked for."""

    @property
    def here(self) -> dict[str, Any]:
        """Part of the document about this machine."""
        here: dict[str, Any] = self.document["hosts"][HERE]
        return here

    @property
    def said(self) -> str:
        """Everything that it printed."""
        return f"{self.out}\n{self.err}"

    def __str__(self) -> str:
        return f"$ kit {shlex.join(self.words)}\nexit {self.code} after {self.seconds:.1f} s\n{self.out}\n{self.err}"


class Evidence:
    """A folder with every run of the command line in its order, and what else is worth a look."""

    def __init__(self, name: str) -> None:
        self.folder = FOLDER / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._numbers = itertools.count(1)

    def keep(self, ran: Ran) -> None:
        """Write down a run of the command line."""
        (self.folder / f"{next(self._numbers):03}-{ran.words[0]}.txt").write_text(str(ran))

    def keep_text(self, name: str, text: str) -> None:
        """Write down what somebody else said."""
        (self.folder / name).write_text(text)

    def text(self) -> str:
        """Return everything that was kept."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.txt")))
