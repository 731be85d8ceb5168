"""The same files applied again change nothing, and a forced full run agrees."""

from __future__ import annotations

from subprocess import Popen

import pytest

from tests.e2e.processes import children
from tests.e2e.stack import LIMIT_SECONDS, Stack
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

ODD_SHELL = {
    "ANSIBLE_CHECK_MODE": "1",
    "COMPOSE_FILE": "/nowhere/compose.yaml",
    "COMPOSE_PROJECT_NAME": "another",
    "DOCKER_CONTEXT": "another",
    "LC_ALL": "xx_YY.UTF-8",
    "PYTHONPATH": "/nowhere",
    "XDG_CONFIG_HOME": "/nowhere",
}
"""Variables of a shell that belong to other work."""


def test_a_second_apply_changes_nothing_and_does_not_start_ansible(stack: Stack) -> None:
    before, files = stack.containers(), stack.files()

    with stack.running("apply") as process:
        programs = programs_until_end(process)
        out, _ = process.communicate()

    assert process.returncode == 0
    assert "nothing to change" in out
    assert not any("ansible" in program for program in programs)
    assert stack.containers() == before
    assert stack.files() == files


def test_a_forced_full_run_changes_nothing_whatever_the_shell_is_set_to(stack: Stack) -> None:
    before = stack.containers()

    with stack.running("apply", "--full", "--json", shell=ODD_SHELL) as process:
        programs = programs_until_end(process)
        ran = stack.ended(process, "apply", "--full", "--json")

    assert any("ansible" in program for program in programs)
    assert ran.here["changed_tasks"] == 0
    assert stack.containers() == before
    assert stack.is_settled


def test_a_plan_of_what_stands_is_empty_for_scripts_too(stack: Stack) -> None:
    stack.kit("plan", "--check", code=0)
    stack.kit("status", "--check", code=0)


def programs_until_end(process: Popen[str]) -> set[str]:
    """Watch which programs a process starts until it ends."""
    seen: set[str] = set()

    def look() -> bool:
        seen.update(children(process.pid).values())
        return process.poll() is not None

    wait_until(look, "the run has ended", LIMIT_SECONDS, saw=lambda: seen)
    return seen
