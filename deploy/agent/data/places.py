"""The places of user data: their state now, and their state at the last accepted release.

An application that finds its folder empty silently makes a new database there. So the agent remembers the place and the
database of each service's data, and reports when either has changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.contract.origin import is_known
from deploy.agent.data.looking import BROKEN, DATA, EMPTY, UNREADABLE, has_entries, is_filled, is_same, look
from deploy.agent.data.marks import has_another, leave_mark, mark_of
from deploy.agent.data.versions import data_versions
from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError
from deploy.agent.protocols.doors.making import Memory
from deploy.agent.remembered import read_json, write_json
from deploy.agent.stack.deployed import deployed
from deploy.agent.stack.release import linked_release

if TYPE_CHECKING:
    from deploy.agent.contract.places import Former, Place, SeenData, SeenPlace, SettledPlace

FORMAT = 1
MOST_ORIGINS = 8
"""Control nodes and paths that are remembered: those that applied last."""
MOVE = "move"
Entry = dict[str, Any]


def places_path(root: Path) -> Path:
    """Return the file that remembers places; it is not in run/, because it lives as long as the data."""
    return root / "data_places.json"


def observe(root: Path, places: dict[str, Place], origin: str = "") -> dict[str, SeenData]:
    """Describe each place now and the place before; `origin` is the kit.yaml that asks."""
    is_new = linked_release(root, "current") is None
    # Of each place: an apply that was cut off may have settled some of them.
    known = {**(_of_renamed(root, origin) if is_new else {}), **_read(root)["places"]}
    return {name: _observed(root, name, place, known.get(name)) for name, place in places.items()}


def _of_renamed(root: Path, origin: str) -> dict[str, Entry]:
    """Return the places of a stack that this kit.yaml had under its former name."""
    for path in sorted(root.parent.glob("*/data_places.json")) if origin else []:
        document = _read(path.parent)
        if path.parent != root and is_known(origin, document["origins"]):
            return {name: {**entry, "stack": path.parent.name} for name, entry in document["places"].items()}
    return {}


def left_places(root: Path, wanted: list[str]) -> list[dict[str, str]]:
    """Return unused places with data: of removed services, and from before a move."""
    document = _read(root)
    used = {Path(path).resolve() for path in wanted}
    known = [{"service": name, "path": place["path"]} for name, place in document["places"].items()]
    by_path = {place["path"]: place for place in (*document["left"], *known)}
    return [
        place for path, place in sorted(by_path.items()) if Path(path).resolve() not in used and has_entries(Path(path))
    ]


def known_places(root: Path) -> list[str]:
    """Return every folder that holds or held data of the stack's services."""
    document = _read(root)
    return sorted({place["path"] for place in (*document["places"].values(), *document["left"])})


def remember_places(root: Path, places: dict[str, Place], origin: str = "") -> None:
    """Remember each place as it is now: the release that uses it is accepted."""
    if not places:
        return
    document = _read(root)
    before = document["places"]
    now = {name: _entry(look(root, place, sized=False), place, before.get(name)) for name, place in places.items()}
    _write(root, {**before, **now}, document["left"], origin)


def remember_removal(root: Path, engine: str) -> None:
    """Remember that a person removed an engine's last model: an empty folder is then no loss."""
    document = _read(root)
    known = document["places"].get(engine)
    if known is not None and known["holds"] and look(root, {"path": known["path"], "protocol": True})["state"] == EMPTY:
        _write(root, {**document["places"], engine: {**known, "holds": False}}, document["left"])


def begin(root: Path, name: str, place: SettledPlace, choice: str) -> None:
    """Remember the person's choice for a place, and the place to return to on a rollback."""
    document = _read(root)
    known = document["places"].get(name) or {"path": place["from"], "holds": not place.get("stack"), "ids": []}
    before = {key: value for key, value in known.items() if key != "before"}
    ids = before["ids"] if choice == MOVE else []
    entry = {"path": place["path"], "holds": choice == MOVE, "ids": ids, "before": before}
    if place.get("is_import") and choice == MOVE:
        entry["imported"] = place["from"]
    left = [old for old in document["left"] if old["path"] not in (place["path"], place["from"])]
    # What another stack or an installation before the kit has is not left by this one.
    if place["from"] != place["path"] and not place.get("stack") and not place.get("is_import"):
        left.append({"service": name, "path": place["from"]})
    _write(root, {**document["places"], name: entry}, left)


def go_back(root: Path, release: str) -> dict[str, str]:
    """Return to the places of the restored release; return the other place that each service has written to since."""
    document = _read(root)
    places, left, written = dict(document["places"]), document["left"], {}
    for name, entry in document["places"].items():
        before = entry.get("before")
        if before is None or released_place(root, release, name) != before["path"]:
            continue
        places[name] = before
        left = [old for old in left if old["path"] != before["path"]]
        if entry["path"] != before["path"] and has_entries(Path(entry["path"])):
            written[name] = entry["path"]
            left = [*left, {"service": name, "path": entry["path"]}]
    if places != document["places"]:
        _write(root, places, left)
    return written


def stacks_on(root: Path, path: str) -> list[str]:
    """Return the other stacks of this host whose running release keeps a service's data in a folder."""
    wanted, stacks = Path(path).resolve(), []
    for other in sorted(root.parent.glob("*/current")):
        services = deployed(other).get("services", []) if other.parent != root else []
        places = (data["host_path"] for service in services if (data := service.get("data")))
        if any(Path(place).resolve() == wanted for place in places):
            stacks.append(other.parent.name)
    return stacks


def released_place(root: Path, release: str, service: str) -> str | None:
    """Return the folder where a release keeps a service's data."""
    decided = deployed(root / "releases" / release)
    places = {item["name"]: data["host_path"] for item in decided.get("services", []) if (data := item.get("data"))}
    engines = decided.get("engines", [])
    return {**places, **{item["name"]: path for item in engines if (path := item.get("models_dir"))}}.get(service)


def _observed(root: Path, name: str, place: Place, known: Entry | None) -> SeenData:
    before = known or _from_release(root, name, place) or _imported(place)
    now = look(root, place, counted=False)
    told: Former = {
        "before": before["path"] if before else None,
        "stack": before.get("stack", "") if before else "",
        "had": bool(before and before["holds"] and not _is_emptied(root, place, before)),
        "ids": before["ids"] if before else [],
        "words": before.get("words", "") if before else "",
        "mount": before.get("mount", "") if before else "",
        "used": before.get("used", 0) if before else 0,
        "is_swapped": bool(before and before.get("mark") and has_another(Path(before["path"]), before["mark"])),
        "gone": _gone(before) if before else [],
        "is_import": bool(before and before.get("is_import")),
        "imported": before.get("imported", "") if before else "",
        "users": [] if place.get("protocol") else stacks_on(root, place["path"]),
    }
    is_data = now["state"] == DATA and is_same(told["ids"], now["ids"]) and now["used"] >= told["used"]
    is_settled = told["before"] == place["path"] and is_data and not told["stack"] and not told["is_swapped"]
    if is_settled or not told["had"]:
        return {**told, "now": now, "was": None}
    was = look(root, {**place, "path": told["before"]}) if told["before"] != place["path"] else None
    return {**told, "now": look(root, place), "was": was}


def _imported(place: Place) -> Entry | None:
    """Return the place of an installation before the kit, if the spec names one and nothing is known yet."""
    if not place.get("imports"):
        return None
    return {"path": _folder_of(place["imports"]), "holds": True, "ids": [], "is_import": True}


def _folder_of(source: str) -> str:
    """Return a folder, or that of a volume; a volume that is not there is told in these words."""
    if source.startswith("/"):
        return source
    try:
        volume = Docker().volume(source)
    except AgentError:
        volume = None
    return str(volume["Mountpoint"]) if volume else f"the volume {source}"


def _gone(before: Entry) -> list[str]:
    return [part for part in before.get("parts", []) if not is_filled(Path(before["path"]) / part)]


def _is_emptied(root: Path, place: Place, before: Entry) -> bool:
    """True if an engine's folder is the one of the last accepted release, and its models were removed."""
    if not before.get("mark") or before["mark"] != mark_of(Path(before["path"])):
        return False
    return bool(look(root, {**place, "path": before["path"]}, counted=False)["state"] == EMPTY)


def _from_release(root: Path, name: str, place: Place) -> Entry | None:
    """Return the place in the running release: an older kit remembered nothing else."""
    path = released_place(root, linked_release(root, "current") or "", name)
    was_used = _had_models(root, name) if place.get("protocol") else name in data_versions(root)
    return {"path": path, "holds": was_used, "ids": []} if path else None


def _had_models(root: Path, engine: str) -> bool:
    """True if the kit ever brought models to an engine: an engine without any lost nothing."""
    memory = Memory(root)
    return memory.place(engine) is not None and bool(memory.pairs(engine) or memory.tags(engine))


def _entry(seen: SeenPlace, place: Place, before: Entry | None) -> Entry:
    if before is not None and seen["state"] in (UNREADABLE, BROKEN):
        return before
    told = {"ids": seen["ids"], "words": seen["words"], "mount": seen["mount"], "used": seen["used"]}
    mark = {"mark": leave_mark(Path(place["path"]))} if place.get("protocol") and seen["state"] == DATA else {}
    parts = sorted({item.partition("/")[0] for item in place["parts"]})
    filled = {"parts": [part for part in parts if is_filled(Path(place["path"]) / part)]}
    imported = {"imported": before["imported"]} if before and before.get("imported") else {}
    return {"path": place["path"], "holds": seen["state"] == DATA, **told, **filled, **mark, **imported}


def _read(root: Path) -> dict[str, Any]:
    document = read_json(places_path(root)) or {}
    if document.get("format", FORMAT) > FORMAT:
        raise AgentError(f"{places_path(root)} was written by a newer kit", "use the kit that wrote it, or a newer one")
    kept = {"places": document.get("places", {}), "left": document.get("left", [])}
    # An older kit remembered one origin.
    return {**kept, "origins": document.get("origins") or list(filter(None, [document.get("origin")]))}


def _write(root: Path, places: dict[str, Entry], left: list[dict[str, str]], origin: str = "") -> None:
    # Several control nodes may take turns with one stack.
    origins = list(dict.fromkeys([*filter(None, [origin]), *_read(root)["origins"]]))[:MOST_ORIGINS]
    write_json(places_path(root), {"format": FORMAT, "places": places, "left": left, "origins": origins})
