"""A search index that lost files turns verify red and is told by status."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import click
import pytest

from deploy.apply.prepared.prepare import Prepared
from deploy.assets import inventories_dir
from deploy.cli.told.state import state_document, state_text
from deploy.components.open_webui.agent import vector_store
from deploy.decide.desired import load_desired
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.plan import make_plan
from deploy.stack import HERE
from deploy.verify.report import Check, Report
from tests.unit.cli.conftest import Kit
from tests.unit.rooms.vector_stores import VectorStore

QUICKSTART = inventories_dir() / "quickstart"
LOSS = "search does not find 20 of 25 chunks of the collection base"


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The quickstart as this host runs it, each check of the running services passed."""
    for name in ("kit.yaml", "kit.lock"):
        shutil.copy(QUICKSTART / name, tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    passed = Report((Check("main", "listens", "passed", 0.1),))
    monkeypatch.setattr("deploy.cli.verbs.verify.run_checks", lambda *_: passed)
    desired = load_desired(tmp_path / "kit.yaml").on(HERE)
    root = tmp_path / "opt" / desired.deployment.stack
    release = root / "releases" / desired.bundle.release
    release.mkdir(parents=True)
    (root / "current").symlink_to(release)
    page = {"name": "open_webui", "kind": "open_webui", "data": {"host_path": str(tmp_path / "data")}}
    (release / "deployment.json").write_text(json.dumps({"services": [page]}))
    return tmp_path / "kit.yaml"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VectorStore:
    monkeypatch.setattr(vector_store, "AGAIN_SECONDS", 0.0)
    made = VectorStore(tmp_path / "data")
    made.add("base", 25, 20)
    return made


def test_verify_checks_the_index_beside_the_running_services(spec: Path, store: VectorStore, kit: Kit) -> None:
    shown = kit("verify", "--json", str(spec))
    assert (shown.code, shown.here["passed"]) == (0, True)
    assert {"has its whole search index", "main"} <= {check["name"] for check in shown.here["checks"]}
    shutil.rmtree(store.folder / "vectors-base")
    shown = kit("verify", "--json", str(spec))
    (red,) = [check for check in shown.here["checks"] if check["outcome"] == "failed"]
    assert (shown.code, red["service"]) == (1, "open_webui")
    assert red["message"].startswith(f"{LOSS}: {store.folder}/vectors-base is missing; ")
    assert "Reindex Embedding Data" in red["message"]


def test_verify_of_one_service_checks_no_index_of_another(spec: Path, store: VectorStore, kit: Kit) -> None:
    shutil.rmtree(store.folder / "vectors-base")
    assert kit("verify", "litellm", "--json", str(spec)).code == 0
    assert kit("verify", "open_webui", "--json", str(spec)).code == 1


def test_status_tells_a_lost_index_with_the_next_step_and_a_whole_one_not() -> None:
    desired = load_desired(QUICKSTART / "kit.yaml").on(HERE)
    bare = Observation(Docker(), OperatingSystem("debian", "12", "bookworm"), systemd=False, root=True)

    def shown(lost: list[str]) -> tuple[str, object]:
        seen = replace(bare, indexes={"open_webui": {"lost": lost, "next": "rebuild it"}})
        prepared = Prepared(make_plan(desired.deployment, desired.bundle, seen), seen)
        document = state_document(desired.desired, {HERE: prepared})
        return click.unstyle(state_text(desired, prepared, every_package=False)), document["hosts"][HERE]["indexes"]

    text, told = shown([LOSS])
    assert f"index  open_webui: {LOSS}\n       rebuild it" in text
    assert told == {"open_webui": {"lost": [LOSS], "next": "rebuild it"}}
    assert "index  open_webui" not in shown([])[0]
