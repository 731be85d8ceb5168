"""The stack and the log of tests of an apply over hosts that are played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.decide.desired import Share
from deploy.deployment.way import Way
from deploy.verify.report import Check, Report
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.apply.hosts import Log


@pytest.fixture
def log() -> Log:
    return []


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Share:
    def checked(*_: object) -> Report:
        return Report((Check("answers", "main", "passed", 0.1),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    wanted = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    return replace(wanted, desired=replace(wanted.desired, ways={"box": Way(), "attic": Way()}))
