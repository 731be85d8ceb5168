"""Operation `rendered`: the texts of the current release's files, which hold no secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.journal import Journal
from deploy.agent.stack.release import linked_release, placed_path, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.applied import RenderedAnswer, RenderedRequest

LARGEST = 256 * 1024


def run(request: RenderedRequest, _journal: Journal) -> RenderedAnswer:
    """Answer the files that were asked for; only those that the release's manifest names are read."""
    root = Path(request["root"])
    release = linked_release(root, "current")
    manifest = read_manifest(root, release) if release else None
    own = {placed_path(file["path"], release) for file in manifest["files"]} if release and manifest else set()
    texts = {path: _text(root / path) for path in request["paths"] if path in own}
    return {"files": {path: text for path, text in texts.items() if text is not None}}


def _text(path: Path) -> str | None:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
