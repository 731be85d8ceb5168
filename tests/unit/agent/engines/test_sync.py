from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.places import Place
from deploy.agent.data.places import observe as observe_places
from deploy.agent.data.places import remember_places
from deploy.agent.engines import sync
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama.engine import Engine, Live
from deploy.agent.remembered import read_json, write_json
from tests.documents import with_keys
from tests.doubles.ollama.server import Server
from tests.unit.agent.engines.asking import GGUF, asking, from_file, model
from tests.unit.agent.engines.scripted import described

UNTOUCHED = {"changed": False, "created": [], "pulled": [], "removed": []}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(GGUF)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def live(double: Server) -> dict[str, Live]:
    return Engine(described(double.url), Path("/nowhere")).models()


def remembered(root: Path) -> dict[str, Any]:
    found = read_json(root / "run" / "models.json")
    assert found is not None
    return found


def test_what_is_missing_is_made_and_remembered_with_the_digest_that_it_got(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    asked = asking(root, double.url, [from_file("tech", file, system="Be brief."), from_file("Poet:Big", file)])
    assert sync.run(asked, journal) == {**UNTOUCHED, "changed": True, "created": ["main/tech", "main/Poet:Big"]}
    there = live(double)
    assert remembered(root) == {
        "format": 1,
        "places": {"main": "/srv/kit/home/main/models"},
        "engines": {
            "main": {
                one["name"]: {
                    "request": one["digest"],
                    "manifest": there[one["name"].lower()].digest,
                    "shown": Engine(described(double.url), root).shown(one["name"]),
                }
                for one in asked["engines"][0]["models"]
            }
        },
    }
    assert all(pair["manifest"] for pair in remembered(root)["engines"]["main"].values())


def test_an_unchanged_engine_costs_one_request_and_no_write(
    double: Server, root: Path, file: Path, journal: Journal, seen: list[str]
) -> None:
    asked = asking(root, double.url, [from_file(f"model-{number}", file, system=str(number)) for number in range(5)])
    sync.run(asked, journal)
    before = (root / "run" / "models.json").stat().st_mtime_ns
    seen.clear()
    assert sync.run(asked, journal) == UNTOUCHED
    assert seen == ["GET /api/tags"]
    assert (root / "run" / "models.json").stat().st_mtime_ns == before


def test_a_file_that_two_models_share_is_sent_once(
    double: Server, root: Path, file: Path, journal: Journal, seen: list[str]
) -> None:
    sync.run(asking(root, double.url, [from_file("a", file), from_file("b", file)]), journal)
    assert len([one for one in seen if one.startswith("POST /api/blobs/")]) == 1


def test_only_the_model_that_changed_is_made_again(double: Server, root: Path, file: Path, journal: Journal) -> None:
    other = from_file("other", file)
    sync.run(asking(root, double.url, [from_file("tech", file), other]), journal)
    before = live(double)
    changed = asking(root, double.url, [from_file("tech", file, parameters={"temperature": 0.2}), other])
    assert sync.run(changed, journal)["created"] == ["main/tech"]
    assert live(double)["other"] == before["other"]
    assert live(double)["tech"].digest != before["tech"].digest


@pytest.mark.parametrize("act", ["change", "remove"])
def test_what_a_person_did_to_a_model_of_the_spec_is_mended(
    act: str, double: Server, root: Path, file: Path, journal: Journal
) -> None:
    asked = asking(root, double.url, [from_file("tech", file)])
    sync.run(asked, journal)
    before = live(double)["tech"].digest
    engine = Engine(described(double.url), root)
    if act == "change":
        engine.create({"model": "tech", "from": "tech", "system": "Other."}, lambda _: None)
        assert live(double)["tech"].digest != before
    else:
        assert engine.remove("tech")
    assert sync.run(asked, journal)["created"] == ["main/tech"]
    assert live(double)["tech"].digest == before
    assert sync.run(asked, journal) == UNTOUCHED


def test_a_name_with_capitals_beside_another_is_known_again(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    Engine(described(double.url), root)
    sync.run(asking(root, double.url, [from_file("tiny", file)]), journal)
    asked = asking(root, double.url, [from_file("tiny", file), from_file("Tiny:Big", file)])
    assert sync.run(asked, journal)["created"] == ["main/Tiny:Big"]
    assert live(double)["tiny:big"].name == "tiny:Big"
    assert sync.run(asked, journal) == UNTOUCHED


def test_a_model_is_made_after_the_one_that_it_is_made_from(
    double: Server, root: Path, file: Path, journal: Journal, seen: list[str]
) -> None:
    child = model({"model": "child", "from": "Parent:latest", "system": "I am the child."})
    grandchild = model({"model": "grandchild", "from": "child", "parameters": {"top_k": 1}})
    asked = asking(root, double.url, [grandchild, child, from_file("parent", file)])
    assert sync.run(asked, journal)["created"] == ["main/parent", "main/child", "main/grandchild"]
    assert sync.run(asked, journal) == UNTOUCHED
    assert "POST /api/pull" not in seen


def test_a_base_that_is_not_there_starts_no_pull(double: Server, root: Path, journal: Journal, seen: list[str]) -> None:
    with pytest.raises(AgentError) as error:
        sync.run(asking(root, double.url, [model({"model": "child", "from": "absent:1"})]), journal)
    assert error.value.problem == "engine main: making child: it has no absent:1"
    assert set(seen) == {"GET /api/tags"}


def test_what_was_made_before_a_failure_is_not_made_again(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    good, bad = from_file("good", file), from_file("bad", file, template="{{ .Prompt")
    with pytest.raises(AgentError, match="creating bad: template error"):
        sync.run(asking(root, double.url, [good, bad]), journal)
    mended = from_file("bad", file, template="{{ .Prompt }}")
    assert sync.run(asking(root, double.url, [good, mended]), journal)["created"] == ["main/bad"]


def test_only_what_the_kit_made_is_removed_and_only_when_asked_to(
    double: Server, root: Path, file: Path, journal: Journal, seen: list[str]
) -> None:
    kept = from_file("kept", file)
    sync.run(asking(root, double.url, [kept, from_file("left", file, system="x")]), journal)
    Engine(described(double.url), root).create({"model": "by-hand", "from": "kept", "system": "y"}, lambda _: None)
    assert sync.run(asking(root, double.url, [kept]), journal) == UNTOUCHED
    pruned = sync.run(asking(root, double.url, [kept], prune=True), journal)
    assert pruned == {**UNTOUCHED, "changed": True, "removed": ["main/left"]}
    assert set(live(double)) == {"kept", "by-hand"}
    seen.clear()
    assert sync.run(asking(root, double.url, [kept], prune=True), journal) == UNTOUCHED
    assert seen == ["GET /api/tags"]


def test_a_place_that_kit_yaml_empties_has_lost_nothing(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    folder = str(double.store.root)
    place: dict[str, Place] = {
        "main": {"path": folder, "kind": "ollama", "protocol": "ollama", "databases": [], "parts": []}
    }
    for models, prune, had in (([from_file("last", file)], False, True), ([], False, True), ([], True, False)):
        sync.run(asking(root, double.url, models, models_dir=folder, prune=prune), journal)
        if models:
            remember_places(root, place)
        # As verify looks at it, before the release is accepted.
        assert observe_places(root, place)["main"]["had"] is had


def test_a_last_model_that_was_removed_by_hand_is_no_lost_folder(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    folder = double.store.root
    place: dict[str, Place] = {
        "main": {"path": str(folder), "kind": "ollama", "protocol": "ollama", "databases": [], "parts": []}
    }
    elsewhere = {"main": with_keys(place["main"], path=str(folder.parent / "elsewhere"))}
    described_here = asking(root, double.url, [from_file("last", file)], models_dir=str(folder))
    sync.run(described_here, journal)
    remember_places(root, place)
    mark = (folder / "manifests" / ".kit-place").read_text()
    Engine(described(double.url), root).remove("last")
    for asked in (place, elsewhere):
        assert observe_places(root, asked)["main"]["had"] is False
    sync.run(described_here, journal)
    remember_places(root, place)
    assert (folder / "manifests" / ".kit-place").read_text() == mark
    # Taken away as a whole, as by a drive that is not mounted; then another empty store in its place.
    shutil.rmtree(folder)
    assert observe_places(root, place)["main"]["had"] is True
    (folder / "manifests").mkdir(parents=True)
    for other in ("", "f" * 32):
        (folder / "manifests" / ".kit-place").write_text(other)
        assert observe_places(root, place)["main"]["had"] is True


def test_one_that_somebody_removed_before_the_kit_is_forgotten(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    sync.run(asking(root, double.url, [from_file("left", file)]), journal)
    Engine(described(double.url), root).remove("left")
    assert sync.run(asking(root, double.url, [], prune=True), journal) == UNTOUCHED
    assert remembered(root)["engines"]["main"] == {}


def test_a_model_that_its_engine_takes_for_another_is_never_asked_to_be_deleted(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    sync.run(asking(root, double.url, [from_file("x", file), from_file("x:local", file, system="s")]), journal)
    assert sync.run(asking(root, double.url, [from_file("x", file)], prune=True), journal) == UNTOUCHED
    with pytest.raises(AgentError, match="deleting x:Local: it takes the tag local off a name, and would delete"):
        Engine(described(double.url), root).remove("x:Local")
    assert set(live(double)) == {"x", "x:local"}


def test_what_others_are_made_from_is_not_removed(double: Server, root: Path, file: Path, journal: Journal) -> None:
    child = model({"model": "child", "from": "parent"})
    sync.run(asking(root, double.url, [from_file("parent", file), child]), journal)
    assert sync.run(asking(root, double.url, [child], prune=True), journal)["removed"] == []


def test_what_else_is_remembered_stays(double: Server, root: Path, file: Path, journal: Journal) -> None:
    placed = {"/srv/models/x.gguf": {"sha256": "a", "size": 1, "mtime_ns": 2}}
    other = {"engines": {"gone": {"m": {"request": "r", "manifest": "d"}}}}
    write_json(root / "run" / "models.json", {**placed, **other})
    sync.run(asking(root, double.url, [from_file("tech", file)]), journal)
    assert remembered(root)["/srv/models/x.gguf"] == placed["/srv/models/x.gguf"]
    assert set(remembered(root)["engines"]) == {"gone", "main"}


def test_a_newer_memory_is_refused(double: Server, root: Path, journal: Journal) -> None:
    write_json(root / "run" / "models.json", {"format": 2})
    with pytest.raises(AgentError, match="written by a newer kit"):
        sync.run(asking(root, double.url, []), journal)


def test_a_tag_is_not_replaced_by_what_is_made_from_it(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    sync.run(asking(root, double.url, [from_file("tech", file)]), journal)
    before = live(double)
    with pytest.raises(AgentError, match="would replace the tag"):
        sync.run(asking(root, double.url, [model({"model": "Tech", "from": "tech", "system": "x"})]), journal)
    assert live(double) == before


def test_progress_is_told_in_bytes_under_the_models_step(
    double: Server, root: Path, file: Path, journal: Journal
) -> None:
    sync.run(asking(root, double.url, [from_file("tech", file)]), journal)
    lines = [json.loads(line) for line in journal.path.read_text().splitlines()]
    assert {line["step"] for line in lines} == {"model tech"}
    assert [line["state"] for line in lines if line["state"] != "progress"] == ["start", "done"]
    assert (f"uploading {file.name}", 0, len(GGUF)) in [(line["text"], line["done"], line["total"]) for line in lines]
