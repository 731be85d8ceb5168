"""Writes a rendering into a person's folder: all files or none."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from deploy.deployment.bundle import Bundle
from deploy.errors import UsageError

MANIFEST = "manifest.json"
TOLD = 3
"""Number of foreign files that a message names."""


def write_bundle(bundle: Bundle, out: Path) -> None:
    """Write every file beside the folder, then put it in the folder's place."""
    ensure_replaceable(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as beside:
            fresh = Path(beside, "new")
            rendered = [(file.path, file.content) for file in bundle.files]
            for path, content in [*rendered, (MANIFEST, bundle.manifest_text)]:
                place = fresh / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(content)
            if out.exists():
                out.rename(Path(beside, "old"))
            fresh.rename(out)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}", "choose another folder with --out") from None


def ensure_replaceable(out: Path) -> None:
    """Refuse a folder that is neither empty nor an earlier rendering."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageError(f"{out} is not a folder", "choose another one with --out")
    rendered = _rendered(out)
    if out.is_dir() and (others := list(islice((path for path in _files(out) if path not in rendered), TOLD))):
        wrong = f"{out} holds other files than an earlier rendering: {', '.join(others)}"
        raise UsageError(wrong, "choose another folder with --out")


def _files(out: Path) -> Iterator[str]:
    """Yield the files in order: for `/`, the refusal comes before the whole disk was read."""
    for folder, below, files in os.walk(out):
        below.sort()
        links = [name for name in below if Path(folder, name).is_symlink()]
        for name in sorted([*files, *links]):
            yield str(Path(folder, name).relative_to(out))


def _rendered(out: Path) -> set[str]:
    """Return the files of an earlier rendering; many programs have a manifest.json of their own."""
    try:
        manifest = json.loads((out / MANIFEST).read_text())
        return {MANIFEST, *(file["path"] for file in manifest["files"])}
    except (OSError, ValueError, LookupError, TypeError):
        return set()
