"""A file of this machine, as kit.yaml names it."""

from __future__ import annotations

from typing import ClassVar

from deploy.fields.values import Sha256
from deploy.sources.weights.written import FilePath, FileWritten


class FileSource(FileWritten):
    """A GGUF file on this machine."""

    words: ClassVar[str] = "`file` (a GGUF file on this machine)"

    file: FilePath
    """Path of the file; a relative one begins at kit.yaml."""
    sha256: Sha256
    """sha256 of the file."""

    @property
    def place(self) -> str:
        """Return the path of the file."""
        return self.file

    @property
    def path(self) -> str:
        """Return the path of the file."""
        return self.file
