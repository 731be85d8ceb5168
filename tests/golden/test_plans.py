"""A golden case is a folder: kit.yaml, what is different about the host, and the plan that must come out.

`before.yaml` is what was applied to the host earlier; without it the host was applied with kit.yaml itself, and
`host: bare` in observed.yaml makes it a fresh machine; `data:` there is what `--data` says. `compose.yaml`, where it is
there, is what the containers get. `python -m tests.golden.update` writes the plans anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.agent.contract import AS_ROOT
from deploy.decide.desired import load_desired
from deploy.stack import HERE
from tests.golden.plans_of import CASES, COMPOSE, LOCK, compose_of, plan_of


def kept_plan(case: Path) -> str:
    """Return the plan that must come out."""
    return (case / "plan.txt").read_text()


@pytest.mark.parametrize("case", [case.name for case in CASES])
def test_the_plan_of_a_golden_case(case: str) -> None:
    folder = LOCK.parent / case
    assert plan_of(folder) == kept_plan(folder)


@pytest.mark.parametrize("case", [case.name for case in CASES])
def test_a_plan_of_another_host_has_the_same_lines_and_names_that_host(case: str) -> None:
    here, there = kept_plan(LOCK.parent / case), plan_of(LOCK.parent / case, "box")
    assert "this machine" not in there
    assert AS_ROOT not in there
    assert len(there.splitlines()) == len(here.splitlines())
    assert "box" in there or ("this machine" not in here and AS_ROOT not in here)


def test_every_plan_starts_from_a_host_that_differs_or_says_that_nothing_changes() -> None:
    quiet = [case.name for case in CASES if "nothing to change" in kept_plan(case)]
    assert quiet == ["amd_card_not_there", "settled"]


@pytest.mark.parametrize("case", [case.name for case in CASES if (case / COMPOSE).exists()])
def test_the_compose_file_of_a_golden_case(case: str) -> None:
    assert compose_of(LOCK.parent / case) == (LOCK.parent / case / COMPOSE).read_text()


def test_the_quickstart_renders_the_expected_tree(tmp_path: Path) -> None:
    source, expected = LOCK.parent / "fresh_machine", LOCK.parent / "fresh_machine" / "expected"
    shutil.copy(source / "kit.yaml", tmp_path / "kit.yaml")
    shutil.copy(LOCK, tmp_path / "kit.lock")
    rendered = {file.path: file.content for file in load_desired(tmp_path / "kit.yaml").on(HERE).bundle.files}
    kept = {str(path.relative_to(expected)): path.read_text() for path in expected.rglob("*") if path.is_file()}
    assert rendered == kept
