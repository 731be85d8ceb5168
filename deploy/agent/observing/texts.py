"""Text files of the kernel's."""

from __future__ import annotations

from pathlib import Path


def text_of(path: Path) -> str:
    """Return a file's text; empty without it."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
