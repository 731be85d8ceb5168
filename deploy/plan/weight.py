"""What it takes to make a model: bytes that are fetched, and bytes that are written, place by place."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.agent.engines.names import same
from deploy.deployment import Engine
from deploy.hosts.observe import CACHE
from deploy.hosts.seen import SeenEngine
from deploy.models import Blob, CreatedModel

GIB = 2**30
# The archive and the file in it, until the engine has the file.
STAGED = {"pip": 2}


@dataclass(frozen=True)
class Weight:
    """One model's."""

    download_bytes: int = 0
    written: tuple[tuple[str, int], ...] = ()
    words: str = ""


class Weights:
    """Of one engine's models, in their order: what one of them brings, the next one finds there."""

    def __init__(self, engine: Engine, seen: SeenEngine) -> None:
        self._folder = engine.models_dir
        self._blobs = set(seen.blobs)
        lost = set(map(same, seen.lost))
        self._bases = {same(name): digest for name, digest in seen.digests.items() if same(name) not in lost}

    def of(self, model: CreatedModel) -> Weight:
        """Return what this model brings that is not there yet."""
        blobs = [blob for blob in model.blobs if blob.sha256 not in self._blobs]
        self._blobs |= {blob.sha256 for blob in blobs}
        sent = sum(blob.size_bytes for blob in blobs)
        # The engine keeps the file that it was given beside the one that it makes of it.
        made = sum(blob.size_bytes for blob in model.blobs) if model.request.get("quantize") else 0
        pulled = self._pulled(model)
        staged = sum(STAGED.get(_source(blob), 0) * blob.size_bytes for blob in blobs)
        fetched = sum(blob.size_bytes for blob in blobs if _source(blob) != "file")
        kept = sent + made + pulled
        return Weight(
            # What somebody else's engine pulls does not come through here.
            download_bytes=fetched + (pulled if self._folder is not None else 0),
            written=tuple((place, size) for place, size in ((self._folder, kept), (CACHE, staged)) if place and size),
            words=self._words(model, sent, made, pulled),
        )

    def _pulled(self, model: CreatedModel) -> int:
        base = model.base
        if base is None or self._bases.get(same(base.name)) == base.digest:
            return 0
        self._bases[same(base.name)] = base.digest
        return base.size_bytes

    def _words(self, model: CreatedModel, sent: int, made: int, pulled: int) -> str:
        where = f" in {self._folder}" if self._folder else " there"
        if pulled and model.base is not None:
            return f"{model.base.name} takes up to {gib(pulled + sent)}{where}"
        if sent + made == 0:
            return ""
        is_here = self._folder is not None and any(_source(blob) == "file" for blob in model.blobs)
        beside = ", beside the file itself" if is_here else ""
        return f"takes {'up to ' if made else ''}{gib(sent + made)}{where}{beside}"


def gib(size: int) -> str:
    """Say a number of bytes in GiB."""
    return f"{size / GIB:.1f} GiB" if size >= GIB // 10 else f"{size / GIB:.2f} GiB"


def _source(blob: Blob) -> str:
    return next(iter(blob.source))
