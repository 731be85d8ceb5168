"""Records about engines in `<root>/run/models.json`, beside the files that other rooms place."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.protocols.ollama.names import same
from deploy.agent.remembered import read_json, write_json

FORMAT = 1
Pair = dict[str, Any]


class Memory:
    """Records of each engine: the request behind each manifest, the pulled tags, and the models folder."""

    def __init__(self, root: Path) -> None:
        self._path = root / "run" / "models.json"
        self._known = read_json(self._path) or {}
        if self._known.get("format", FORMAT) > FORMAT:
            raise AgentError(f"{self._path} was written by a newer kit", "use the kit that wrote it, or a newer one", 2)

    def pairs(self, engine: str) -> dict[str, Pair]:
        """Return the records of an engine's models, under the names of the spec."""
        return dict(self._known.get("engines", {}).get(engine, {}))

    def pair(self, engine: str, name: str) -> Pair | None:
        """Return the record of one model."""
        return next((pair for known, pair in self.pairs(engine).items() if same(known) == same(name)), None)

    def keep(self, engine: str, name: str, request: str, manifest: str, **more: dict[str, Any] | None) -> None:
        """Record a made model: its request, its parts, and how the engine shows it."""
        told = {topic: value for topic, value in more.items() if value}
        self._replace("engines", engine, name, {"request": request, "manifest": manifest, **told})

    def is_kept(self, engine: str, name: str, request: str, manifest: str) -> bool:
        """True if this request made this manifest."""
        pair = self.pair(engine, name)
        return pair is not None and (pair["request"], pair["manifest"]) == (request, manifest)

    def forget(self, engine: str, name: str) -> None:
        """Remove a model's record."""
        self._replace("engines", engine, name, None)
        for topic in ("pulled", "bases"):
            if same(name) in self._known.get(topic, {}).get(engine, {}):
                self._replace(topic, engine, name, None)

    def pulled(self, engine: str, name: str) -> str | None:
        """Return the digest that a tag had when the kit pulled it."""
        digest: str | None = self._known.get("pulled", {}).get(engine, {}).get(same(name))
        return digest

    def tags(self, engine: str) -> tuple[str, ...]:
        """Return the tags that the kit pulled, spelled for comparison."""
        return tuple(self._known.get("pulled", {}).get(engine, {}))

    def keep_pulled(self, engine: str, name: str, manifest: str) -> None:
        """Record a tag's digest at its pull."""
        self._replace("pulled", engine, same(name), manifest)

    def bases(self, engine: str) -> dict[str, str]:
        """Return the tags that were pulled as bases, each with its digest at that time."""
        return dict(self._known.get("bases", {}).get(engine, {}))

    def keep_base(self, engine: str, name: str, manifest: str) -> None:
        """Record that a tag was pulled as the base of a model in the spec."""
        self.keep_pulled(engine, name, manifest)
        self._replace("bases", engine, same(name), manifest)

    def mending(self, engine: str) -> tuple[str, ...]:
        """Return the damaged models whose repair has begun but not ended."""
        return tuple(self._known.get("mending", {}).get(engine, ()))

    def keep_mending(self, engine: str, names: Collection[str]) -> None:
        """Record the damaged models under repair; none at the end."""
        others = {known: records for known, records in self._known.get("mending", {}).items() if known != engine}
        mending = {**others, **({engine: sorted(names)} if names else {})}
        known = {topic: records for topic, records in self._known.items() if topic != "mending"}
        self._write({**known, **({"mending": mending} if mending else {})})

    def place(self, engine: str) -> str | None:
        """Return the folder that an engine's models were made in."""
        folder: str | None = self._known.get("places", {}).get(engine)
        return folder

    def keep_place(self, engine: str, folder: str) -> None:
        """Record the folder of an engine's models."""
        self._write({**self._known, "places": {**self._known.get("places", {}), engine: folder}})

    def _replace(self, topic: str, engine: str, name: str, value: Any) -> None:
        everything = self._known.get(topic, {})
        kept = {known: record for known, record in everything.get(engine, {}).items() if same(known) != same(name)}
        if value is not None:
            kept[name] = value
        self._write({**self._known, topic: {**everything, engine: kept}})

    def _write(self, known: dict[str, Any]) -> None:
        known = {**known, "format": FORMAT}
        if known != self._known:
            write_json(self._path, known)
            self._known = known
