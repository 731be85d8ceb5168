"""A new image is tried beside the container that answers, which no failure of the new one stops."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from deploy.agent import memory
from deploy.agent.docker import health
from deploy.agent.errors import AgentError, Interrupted
from deploy.agent.journal import Journal
from deploy.agent.releases import converge, starting
from deploy.agent.stack.release import linked_release, point
from tests.unit.agent.releases.trying import NEW, OLD, TryingDocker, container

OLD_IMAGE, NEW_IMAGE = "kit/gate:1", "kit/gate:2"
TRIAL = "gate.trial"
MIB = 2**20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for release, word in ((OLD, "old"), (NEW, "new")):
        number = 1 if release == OLD else 2
        services = {
            "gate": {"digest": f"{word} gate", "image": f"kit/gate:{number}", "networks": ["inner"]},
            "engine": {"digest": f"{word} engine", "image": "kit/engine:1", "networks": ["inner"]},
        }
        folder = tmp_path / "releases" / release
        folder.mkdir(parents=True)
        (folder / "compose.yaml").write_text("{}")
        (folder / "deployment.json").write_text('{"services": []}')
        manifest = {"format": 1, "kit": "0", "stack": "home", "files": [], "services": services}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    for link in ("current", "good"):
        point(tmp_path, link, OLD)
    return tmp_path


@pytest.fixture
def docker(root: Path, monkeypatch: pytest.MonkeyPatch) -> TryingDocker:
    played = TryingDocker(root)
    monkeypatch.setattr(converge, "Docker", lambda: played)
    monkeypatch.setattr(starting, "up_argv", lambda _root, _project, names, _recreate: ("up", *names))
    monkeypatch.setattr(starting, "beside_argv", lambda _root, _project, *parts: ("run", *parts))
    monkeypatch.setattr(starting, "networks_argv", lambda _root, _project, names, _file=None: ("networks", *names))
    monkeypatch.setattr(starting, "run_up", played.run)
    monkeypatch.setattr(memory, "available_bytes", lambda: 300 * MIB)
    for pause in ("GONE_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(health, pause, 0.0)
    return played


def request(root: Path, **gate: Any) -> Any:
    services = {
        "gate": {"action": "recreate", "image": NEW_IMAGE, "trial": {"memory_bytes": 256 * MIB}, **gate},
        "engine": {"action": "recreate", "image": "kit/engine:1"},
    }
    return {
        "stack": "home",
        "root": str(root),
        "project": "kit-home",
        "release": NEW,
        "run": "desk",
        "order": ["engine", "gate"],
        "services": services,
    }


def converged(root: Path, **gate: Any) -> list[str]:
    """Converge, and return what the journal was told."""
    converge.run(request(root, **gate), Journal(str(root), "desk"))
    return said(root)


def said(root: Path) -> list[str]:
    lines = (root / "run" / "journal.jsonl").read_text().splitlines()
    return [line["text"] for line in map(json.loads, lines) if line["state"] == "progress"]


def test_the_new_image_gets_healthy_and_is_gone_before_the_running_container_is_replaced(
    root: Path, docker: TryingDocker
) -> None:
    words = converged(root)
    assert docker.acts == ["run gate", f"remove {TRIAL} of new gate", "up engine gate"]
    assert words == ["trying the new gate beside the running one", "recreating engine, gate"]
    assert docker.made["gate"]["Image"] == f"id of {NEW_IMAGE}"
    assert linked_release(root, "current") == NEW


def test_a_new_image_that_ends_stops_nothing_that_runs(root: Path, docker: TryingDocker) -> None:
    docker.sick = {"new gate"}
    with pytest.raises(AgentError) as failure:
        converged(root)
    log = root / "run" / "failed" / f"{TRIAL}.log"
    assert failure.value.problem == (
        "the new gate did not get healthy: it ended with exit code 3\n"
        "  no module named gate\n"
        f"rolled back to release {OLD[:12]}, which runs now; the running gate was not stopped"
    )
    assert failure.value.next_step == f"the log of gate is in {log}; fix the cause, then run `kit apply` again"
    assert (failure.value.details["rolled_back"], failure.value.details["service"]) == (True, "gate")
    assert log.read_text() == "no module named gate\n"
    assert docker.acts == ["run gate", f"remove {TRIAL} of new gate"]
    assert {name: each["Id"] for name, each in docker.made.items()} == {
        "gate": "gate of old gate",
        "engine": "engine of old engine",
    }
    assert linked_release(root, "current") == OLD
    assert not (root / "run" / "way_back.json").exists()


def test_an_image_that_was_rebuilt_under_its_name_gets_the_name_back(root: Path, docker: TryingDocker) -> None:
    docker.sick = {"new gate"}
    docker.ids[OLD_IMAGE] = "rebuilt"
    manifest = root / "releases" / NEW / "manifest.json"
    manifest.write_text(manifest.read_text().replace(NEW_IMAGE, OLD_IMAGE))
    with pytest.raises(AgentError, match="the running gate was not stopped"):
        converged(root, image=OLD_IMAGE)
    assert docker.acts == ["run gate", f"remove {TRIAL} of new gate", f"tag {OLD_IMAGE}"]
    assert docker.ids[OLD_IMAGE] == f"id of {OLD_IMAGE}"


def test_what_an_interrupted_run_had_replaced_goes_back_although_the_trial_fails(
    root: Path, docker: TryingDocker
) -> None:
    # That run had replaced the engine, and was about to replace the gate.
    docker.made["engine"] = container("engine", "new engine", "kit/engine:1")
    docker.sick = {"new gate"}
    images = {name: {"reference": f"kit/{name}:1", "id": f"id of kit/{name}:1"} for name in ("gate", "engine")}
    point(root, "current", NEW)
    (root / "run").mkdir()
    known = {"format": 1, "release": OLD, "to": NEW, "images": images}
    (root / "run" / "way_back.json").write_text(json.dumps(known))
    with pytest.raises(AgentError, match="the running gate was not stopped"):
        converged(root)
    assert docker.acts == ["run gate", f"remove {TRIAL} of new gate", "stop engine of new engine", "up engine"]
    assert docker.made["engine"]["Id"] == "engine of old engine"
    assert linked_release(root, "current") == OLD


def test_without_a_release_to_go_back_to_the_running_container_stays_as_well(root: Path, docker: TryingDocker) -> None:
    (root / "good").unlink()
    docker.sick = {"new gate"}
    with pytest.raises(AgentError, match=r"the running gate was not stopped$") as failure:
        converged(root)
    assert not failure.value.details["rolled_back"]
    assert docker.acts == ["run gate", f"remove {TRIAL} of new gate"]


@pytest.mark.parametrize("status", ["exited", "paused", "restarting"])
def test_a_service_that_does_not_answer_is_not_tried(root: Path, docker: TryingDocker, status: str) -> None:
    docker.made["gate"]["State"]["Status"] = status
    converged(root)
    assert docker.acts == ["up engine gate"]


def test_an_unhealthy_service_is_not_tried(root: Path, docker: TryingDocker) -> None:
    docker.made["gate"]["State"]["Health"] = {"Status": "unhealthy"}
    converged(root)
    assert docker.acts == ["up engine gate"]


def test_a_service_without_a_container_is_not_tried(root: Path, docker: TryingDocker) -> None:
    del docker.made["gate"]
    converged(root, action="create")
    assert docker.acts == ["up engine", "up gate"]


@pytest.mark.parametrize("gate", [{"image": OLD_IMAGE}, {"trial": None}])
def test_another_setting_and_a_service_that_cannot_run_twice_are_not_tried(
    root: Path, docker: TryingDocker, gate: dict[str, Any]
) -> None:
    converged(root, **gate)
    assert docker.acts == ["up engine gate"]


def test_a_trial_never_takes_memory_that_is_not_free(
    root: Path, docker: TryingDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 200 * MIB)
    needed = "it may take 256 MiB of memory, and 200 MiB are free"
    assert converged(root)[0] == f"the new gate is not tried beside the running one: {needed}"
    assert docker.acts == ["up engine gate"]


def test_a_trial_that_a_killed_run_left_is_replaced(root: Path, docker: TryingDocker) -> None:
    docker.made[TRIAL] = container(TRIAL, "left", NEW_IMAGE)
    converged(root)
    assert docker.acts == [f"remove {TRIAL} of left", "run gate", f"remove {TRIAL} of new gate", "up engine gate"]


@pytest.mark.parametrize("is_sick", [False, True])
def test_a_trial_that_was_left_is_removed_as_the_plan_says(root: Path, docker: TryingDocker, is_sick: bool) -> None:
    docker.made[TRIAL] = container(TRIAL, "left", NEW_IMAGE)
    docker.sick = {"new engine"} if is_sick else set()
    asked = request(root, image=OLD_IMAGE)
    asked["services"][TRIAL] = {"action": "remove"}
    with pytest.raises(AgentError, match="engine did not get healthy") if is_sick else nullcontext():
        converge.run(asked, Journal(str(root), "desk"))
    assert TRIAL not in docker.made


def test_an_interrupted_trial_is_removed(root: Path, docker: TryingDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise Interrupted(15)

    monkeypatch.setattr(health.Wait, "until_healthy", interrupted)
    with pytest.raises(Interrupted):
        converged(root)
    assert docker.acts == ["run gate", f"remove {TRIAL} of new gate"]
    assert linked_release(root, "current") == OLD


def test_a_network_that_only_the_new_release_has_is_closed_before_its_container_runs(
    root: Path, docker: TryingDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.version = "20.10.24"
    monkeypatch.setattr("deploy.agent.firewall.keep.ensure", lambda *_: docker.acts.append("close"))
    converged(root)
    assert docker.acts[:4] == ["networks gate", "close", "run gate", "close"]
