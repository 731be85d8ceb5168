"""Cost of creating a model: downloaded bytes, and written bytes place by place."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.agent.inputs.disk import amount
from deploy.agent.protocols.doors.names import same
from deploy.deployment.engines import Engine
from deploy.deployment.models import ADAPTER, Blob, CreatedModel
from deploy.hosts.observation.seen import SeenEngine
from deploy.sources.given import kind_of
from deploy.stack import CACHE

GIB = 2**30
COPIES = 2
"""Copies of an imported file: the written one, and its copy."""


@dataclass(frozen=True)
class Weight:
    """Cost of one model."""

    download_bytes: int = 0
    written: tuple[tuple[str, int], ...] = ()
    passing: tuple[tuple[str, int], ...] = ()
    words: str = ""


class Weights:
    """Costs of an engine's models, in their order: files of one are there for the next.

    An engine writes a file that it is given once more while it imports it, and copies that to its place before it drops
    it. Whether what it keeps equals the file is known only afterwards: until then it counts as another one.
    """

    def __init__(self, engine: Engine, seen: SeenEngine) -> None:
        self._folder = engine.models_dir
        self._seen = seen
        self._blobs = set(seen.blobs)
        self._imported: set[tuple[str, ...]] = set()
        lost = set(map(same, seen.lost))
        self._bases = {same(name): digest for name, digest in seen.digests.items() if same(name) not in lost}

    def of(self, model: CreatedModel) -> Weight:
        """Return the cost of this model, without files that are there already."""
        blobs = [blob for blob in model.blobs if blob.sha256 not in self._blobs]
        self._blobs |= {blob.sha256 for blob in blobs}
        sent = sum(blob.size_bytes for blob in blobs)
        size = sum(blob.size_bytes for blob in model.blobs if blob.file != ADAPTER)
        is_again = self._is_imported(model)
        copied = 0 if is_again else size
        pulled = self._pulled(model)
        staged = sum(kind_of(blob.source).staged_sent * blob.size_bytes for blob in blobs)
        fetched = sum(blob.size_bytes for blob in blobs if not kind_of(blob.source).is_beside_spec)
        kept, passing = sent + copied + pulled, COPIES * size - copied
        return Weight(
            # What somebody else's engine pulls does not come through here.
            download_bytes=fetched + (pulled if self._folder is not None else 0),
            written=tuple((place, size) for place, size in ((self._folder, kept), (CACHE, staged)) if place and size),
            passing=((self._folder, passing),) if self._folder and passing else (),
            words=self._pull_words(model, pulled + sent) if pulled else self._words(model, blobs, kept, passing),
        )

    def _is_imported(self, model: CreatedModel) -> bool:
        """Return True if the engine has the result of a model's files already; from now on it has."""
        quantize = str(model.request.get("quantize", ""))
        key = (quantize, *(blob.sha256 for blob in model.blobs if blob.file != ADAPTER))
        is_known, files = key in self._imported, model.parts.get("files")
        self._imported.add(key)
        there = [parts for name, parts in self._seen.parts.items() if name in self._seen.digests]
        wanted = (files, model.parts.get("quantize"))
        return is_known or bool(files and any((kept.get("files"), kept.get("quantize")) == wanted for kept in there))

    def _pulled(self, model: CreatedModel) -> int:
        base = model.base
        if base is None or self._bases.get(same(base.name)) == base.digest:
            return 0
        self._bases[same(base.name)] = base.digest
        return base.size_bytes

    @property
    def _where(self) -> str:
        return f" in {self._folder}" if self._folder else " there"

    def _pull_words(self, model: CreatedModel, size: int) -> str:
        return f"{model.base.name if model.base else model.name} takes up to {amount(size)}{self._where}"

    def _words(self, model: CreatedModel, blobs: list[Blob], kept: int, passing: int) -> str:
        sent = sum(blob.size_bytes for blob in blobs)
        if kept == 0:
            # Of a small file nobody wants to know.
            is_told = passing >= GIB // 10
            return f"takes {amount(passing)} more{self._where} while it is imported" if is_told else ""
        more = f", {amount(passing)} more while it is imported" if passing else ""
        if sent and kept == sent and passing:
            # It would have been found there, had the engine kept more than its own copy of it.
            again = "its file is sent again, for the engine kept only its own copy of it"
            return f"{again}: takes {amount(kept)}{self._where}{more}"
        takes = f"takes {'up to ' if passing else ''}{amount(kept)}{self._where}{more}"
        is_here = self._folder is not None and any(kind_of(blob.source).is_beside_spec for blob in model.blobs)
        return f"{takes}{', beside the file itself' if is_here else ''}"
