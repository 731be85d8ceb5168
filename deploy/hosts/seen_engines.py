"""What a probe tells of engines, read into typed values."""

from __future__ import annotations

from typing import Any

from deploy.hosts.seen import SeenEngine, SeenNames


def read_engine(one: dict[str, Any]) -> SeenEngine:
    """Read what is told of an engine whose models are made over its API."""
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


def read_names(one: dict[str, Any]) -> SeenNames:
    """Read what is told of an engine that has its models by itself."""
    return SeenNames(one["problem"], one["next"], tuple(one["names"]), one["applied"])
