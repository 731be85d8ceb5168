"""Computes the plan of a golden case."""

from __future__ import annotations

import functools
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import yaml

from deploy.agent.contract.verbs import PROBE
from deploy.decide.desired import Share, load_desired
from deploy.hosts.observation.observe import read_observation
from deploy.hosts.wire.answers import read_answer
from deploy.plan import make_plan
from deploy.stack import HERE
from tests.golden.hosts import bare, merged, settled

PLANS = Path(__file__).parent / "plans"
LOCK = PLANS / "kit.lock"
COMPOSE = "compose.yaml"
CASES = sorted(path.parent for path in PLANS.glob("*/kit.yaml"))


def plan_of(case: Path, host: str = HERE) -> str:
    """Return the plan's text for a case's kit.yaml on a case's host, which may have another name."""
    wanted = _kept(case / "kit.yaml")
    before = case / "before.yaml"
    observed = case / "observed.yaml"
    change = yaml.safe_load(observed.read_text()) if observed.exists() else {}
    choices = change.pop("data", {})
    base = bare if change.pop("host", "settled") == "bare" else settled
    answer = base(_kept(before) if before.exists() else wanted)
    if before.exists():
        answer["folders"] = {**bare(wanted)["folders"], **answer["folders"]}
    observation = replace(read_observation(read_answer(PROBE, merged(answer, change))), host=host)
    return make_plan(wanted.deployment, wanted.bundle, observation, choices).text()


def desired_of(spec: Path, work: Path) -> Share:
    """Load a case's spec with the lock that all cases share."""
    shutil.copy(spec, work / "kit.yaml")
    shutil.copy(LOCK, work / "kit.lock")
    return load_desired(work / "kit.yaml").on(HERE)


def compose_of(case: Path) -> str:
    """Return the compose file that a case's kit.yaml renders."""
    return next(file.content for file in _kept(case / "kit.yaml").bundle.files if file.path == COMPOSE)


@functools.cache
def _kept(spec: Path) -> Share:
    """Load a case's spec once for all that is asked of it: it takes longer than the plan."""
    with tempfile.TemporaryDirectory() as work:
        return desired_of(spec, Path(work))
