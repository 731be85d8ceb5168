"""A Docker that fails during a trial hides no failure of the new image, and no way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.stack.release import linked_release, point
from tests.unit.agent.releases.test_trial import NEW_IMAGE, TRIAL, converged, docker, root
from tests.unit.agent.releases.trying import NEW, OLD, TryingDocker, container

__all__ = ["docker", "root"]


def half_done(root: Path, docker: TryingDocker) -> None:
    """Be as after an interrupted run that had replaced the engine."""
    docker.made["engine"] = container("engine", "new engine", "kit/engine:1")
    images = {name: {"reference": f"kit/{name}:1", "id": f"id of kit/{name}:1"} for name in ("gate", "engine")}
    point(root, "current", NEW)
    (root / "run").mkdir()
    (root / "run" / "way_back.json").write_text(json.dumps({"format": 1, "release": OLD, "to": NEW, "images": images}))


def test_a_trial_that_cannot_be_removed_hides_no_failure(root: Path, docker: TryingDocker) -> None:
    half_done(root, docker)
    docker.sick, docker.broken = {"new gate"}, {f"remove {TRIAL} of new gate"}
    with pytest.raises(AgentError, match="the new gate did not get healthy") as failure:
        converged(root)
    assert failure.value.details["rolled_back"]
    assert linked_release(root, "current") == OLD


def test_a_good_trial_that_cannot_be_removed_stops_no_apply(root: Path, docker: TryingDocker) -> None:
    docker.broken = {f"remove {TRIAL} of new gate"}
    converged(root)
    assert docker.acts[-1] == "up engine gate"


@pytest.mark.parametrize("act", [f"image {NEW_IMAGE}", f"remove {TRIAL} of left"])
def test_a_docker_that_fails_before_a_trial_stops_nothing_that_runs(root: Path, docker: TryingDocker, act: str) -> None:
    half_done(root, docker)
    docker.made[TRIAL] = container(TRIAL, "left", NEW_IMAGE)
    docker.broken = {act}
    with pytest.raises(AgentError, match="Docker refuses this") as failure:
        converged(root)
    assert failure.value.details["rolled_back"]
    assert failure.value.problem.endswith("; the running gate was not stopped")
    assert docker.made["gate"]["Id"] == "gate of old gate"
    assert docker.made["engine"]["Id"] == "engine of old engine"


def test_a_way_back_that_fails_as_well_names_the_log_of_the_trial(root: Path, docker: TryingDocker) -> None:
    half_done(root, docker)
    docker.sick, docker.broken = {"new gate"}, {"stop engine of new engine"}
    with pytest.raises(AgentError, match="the new gate did not get healthy") as failure:
        converged(root)
    assert failure.value.problem.endswith(
        f"rolling back to {OLD[:12]} failed as well: Docker refuses this; the running gate was not stopped"
    )
    log = root / "run" / "failed" / f"{TRIAL}.log"
    assert failure.value.next_step == f"the log of gate is in {log}; fix the cause, then run `kit apply` again"
    assert not failure.value.details["rolled_back"]


def test_a_running_container_of_another_release_is_not_said_to_stay(root: Path, docker: TryingDocker) -> None:
    half_done(root, docker)
    docker.made["gate"] = container("gate", "gate between", "kit/gate:1b")
    docker.sick = {"new gate"}
    with pytest.raises(AgentError, match="rolled back to release") as failure:
        converged(root)
    assert "stop gate of gate between" in docker.acts
    assert "was not stopped" not in failure.value.problem
