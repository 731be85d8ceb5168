"""Engines as a probe describes them, read into typed values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deploy.hosts.observation.seen import SeenEngine, SeenNames

if TYPE_CHECKING:
    from deploy.agent.contract.engines import SeenEngine as EngineAnswer
    from deploy.agent.contract.engines import SeenNames as NamesAnswer


def read_engines(answer: Mapping[str, EngineAnswer | NamesAnswer]) -> dict[str, SeenEngine]:
    """Read the engines whose models are made over their API, by name."""
    return {name: _engine(seen) for name, seen in answer.items() if "models" in seen}


def read_named_engines(answer: Mapping[str, EngineAnswer | NamesAnswer]) -> dict[str, SeenNames]:
    """Read the engines that have their models already, by name."""
    return {name: _names(seen) for name, seen in answer.items() if "names" in seen}


def _engine(seen: EngineAnswer) -> SeenEngine:
    remembered = seen["remembered"]
    return SeenEngine(
        problem=seen["problem"],
        digests={name: model["digest"] for name, model in seen["models"].items()},
        sizes={name: model["size"] for name, model in seen["models"].items()},
        requests={name: pair["request"] for name, pair in remembered.items()},
        manifests={name: pair["manifest"] for name, pair in remembered.items()},
        layers=seen["layers"],
        shown=seen["shown"],
        made={name: pair["shown"] for name, pair in remembered.items() if "shown" in pair},
        parts={name: pair["parts"] for name, pair in remembered.items() if "parts" in pair},
        is_read=seen["is_read"],
        place=seen["place"],
        has_store=seen["store"],
        blobs=tuple(seen["blobs"]),
        lost=seen["lost"],
        pulled=seen["pulled"],
        cloud=tuple(seen["cloud"]),
    )


def _names(seen: NamesAnswer) -> SeenNames:
    return SeenNames(seen["problem"], seen["next"], tuple(seen["names"]), seen["applied"], tuple(seen["cloud"]))
