"""Engines as a probe describes them, read into typed values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deploy.hosts.seen import SeenEngine, SeenNames

if TYPE_CHECKING:
    from deploy.agent.contract.engines import SeenEngine as EngineAnswer
    from deploy.agent.contract.engines import SeenNames as NamesAnswer


def read_engines(answer: Mapping[str, EngineAnswer | NamesAnswer]) -> dict[str, SeenEngine]:
    """Read the engines whose models are made over their API, by name."""
    return {name: _engine(seen) for name, seen in answer.items() if "models" in seen}


def read_named_engines(answer: Mapping[str, EngineAnswer | NamesAnswer]) -> dict[str, SeenNames]:
    """Read the engines that have their models by themselves, by name."""
    return {name: _names(seen) for name, seen in answer.items() if "names" in seen}


def _engine(one: EngineAnswer) -> SeenEngine:
    remembered = one["remembered"]
    return SeenEngine(
        problem=one["problem"],
        digests={name: model["digest"] for name, model in one["models"].items()},
        sizes={name: model["size"] for name, model in one["models"].items()},
        requests={name: pair["request"] for name, pair in remembered.items()},
        manifests={name: pair["manifest"] for name, pair in remembered.items()},
        layers=one["layers"],
        shown=one.get("shown", {}),
        made={name: pair["shown"] for name, pair in remembered.items() if "shown" in pair},
        parts={name: pair["parts"] for name, pair in remembered.items() if "parts" in pair},
        is_read=one.get("is_read", False),
        place=one.get("place"),
        has_store=one.get("store", False),
        blobs=tuple(one.get("blobs", ())),
        lost=one.get("lost", {}),
        pulled=one.get("pulled", {}),
    )


def _names(one: NamesAnswer) -> SeenNames:
    return SeenNames(one["problem"], one["next"], tuple(one["names"]), one["applied"])
