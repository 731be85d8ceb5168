"""One stack for all scenarios: brought up by the first, taken down after the last."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.evidence import Evidence
from tests.e2e.old_rules import remove_old_rules
from tests.e2e.quickstart import prepared_quickstart
from tests.e2e.stack import Stack
from tests.e2e.stories import TOLD
from tests.e2e.workstation import Workstation, prepared_workstation
from tests.tree import REPOSITORY

KEEP = bool(os.environ.get("KIT_KEEP"))
FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the scenarios run in the order of the story, before what else there is."""
    items.sort(key=lambda item: TOLD.index(item.path.stem) if item.path.stem in TOLD else len(TOLD))


@pytest.fixture(scope="session", autouse=True)
def _no_old_rules() -> None:
    remove_old_rules()


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """The folder with what was seen; who runs beside others has one of their own."""
    return Evidence(os.environ.get("PYTEST_XDIST_WORKER", "alone"))


@pytest.fixture(scope="session")
def stack_up(evidence: Evidence) -> Iterator[Stack]:
    """The quickstart's stack, up; KIT_KEEP=1 leaves it for the next run, which then takes it over."""
    with prepared_quickstart(evidence, KEEP) as stack:
        yield stack


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which scenario failed: what it leaves behind is looked at before the next one."""
    report = yield
    item.stash[FAILED] = report.failed or item.stash.get(FAILED, False)
    return report


@pytest.fixture
def stack(stack_up: Stack, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The stack as kit.yaml says, also after a scenario that failed half-way."""
    with stack_up.settled(lambda: request.node.stash.get(FAILED, False)):
        yield stack_up


@pytest.fixture(scope="session")
def workstation_up(evidence: Evidence) -> Iterator[Workstation]:
    """The workstation's stack, not applied yet, with the registries that it is locked and pulled from."""
    with prepared_workstation(evidence, KEEP) as stack:
        yield stack


@pytest.fixture(scope="session")
def workstation_applied(workstation_up: Workstation) -> Workstation:
    """The workstation's stack, locked and applied."""
    if not workstation_up.root.exists():
        with workstation_up.library.open():
            workstation_up.lock()
            workstation_up.apply()
    return workstation_up


@pytest.fixture
def workstation(workstation_applied: Workstation, request: pytest.FixtureRequest) -> Iterator[Workstation]:
    """The workstation as kit.yaml says, also after a scenario that failed half-way."""
    with workstation_applied.settled(lambda: request.node.stash.get(FAILED, False)):
        yield workstation_applied


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Folder of screenshots."""
    folder = REPOSITORY / "evidence"
    folder.mkdir(exist_ok=True)
    return folder
