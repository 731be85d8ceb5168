"""Checks before a start that a service's data is still the same; otherwise the service does not start."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.data.looking import DATA, EMPTY, MISSING, is_same
from deploy.agent.data.places import observe
from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.agent.stack.deployed import deployed

if TYPE_CHECKING:
    from deploy.agent.contract.deployed import Data
    from deploy.agent.contract.places import Place


def ensure_sound(root: Path, names: Iterable[str]) -> None:
    """Refuse services whose data is gone or is another database: they would silently start empty."""
    wanted = set(names)
    places = {name: place for name, place in released_places(root).items() if name in wanted}
    for name, seen in observe(root, places).items():
        is_here = seen["had"] and seen["before"] == places[name]["path"]
        if is_here and seen["now"]["state"] in (MISSING, EMPTY):
            raise _refusal(f"the data of {name} is not there: {seen['before']} {seen['now']['lacks']}")
        if is_here and seen["now"]["state"] == DATA and not is_same(seen["ids"], seen["now"]["ids"]):
            raise _refusal(f"{seen['before']} holds another database of {name} than the last apply left there")


def _refusal(problem: str) -> AgentError:
    return AgentError(problem, f"restore the data, or mount its drive; `{Line('plan')}` shows more")


def released_places(root: Path) -> dict[str, Place]:
    """Return the places of the running release."""
    decided = deployed(root / "current")
    engines = {engine["name"]: engine for engine in decided.get("engines", [])}
    places: dict[str, Place] = {}
    for service in decided.get("services", []):
        engine = engines.get(service["name"], {})
        if data := service.get("data"):
            places[service["name"]] = _of_data(data, service.get("kind", ""))
        elif folder := engine.get("models_dir"):
            places[service["name"]] = {
                "path": folder,
                "kind": service["kind"],
                "protocol": engine["protocol"],
                "databases": [],
                "parts": [],
            }
    return places


def _of_data(data: Data, kind: str) -> Place:
    parts = [item["relpath"] for item in data.get("items", [])]
    # The first part of an application's data is its database.
    return {"path": data["host_path"], "kind": kind, "protocol": None, "databases": parts[:1], "parts": parts}
