"""An apply that is cut off, wherever that happens, is made good by the next one."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from tempfile import gettempdir

import pytest

from deploy.agent.holder import current_holder, is_locked
from tests.e2e.place import Document
from tests.e2e.processes import children, kill
from tests.e2e.stack import LIMIT_SECONDS, Seen, Stack
from tests.waiting import wait_until

pytestmark = pytest.mark.e2e

APPLY = ("apply", "--yes", "--json")


def test_ctrl_c_ends_with_130_and_leaves_no_half_written_file(stack: Stack) -> None:
    with another_context(stack, 2048) as wanted, stack.running(*APPLY) as process:
        wait_for(stack, process, the_release_is_placed, wanted)
        os.killpg(process.pid, signal.SIGINT)
        stack.ended(process, *APPLY, code=130)

    assert half_written(stack) == []
    assert current_holder(stack.root) is None
    stack.apply()


def test_killed_at_any_moment_the_next_apply_converges_and_a_second_one_is_told_who_holds(stack: Stack) -> None:
    before = stack.containers()
    moments = (the_host_is_held, the_release_is_placed, the_container_is_replaced, the_checks_have_begun)
    for number, moment in enumerate(moments):
        with another_context(stack, 1536 + 1024 * number) as wanted, stack.running(*APPLY) as process:
            wait_for(stack, process, moment, wanted)
            kill(process.pid, with_all=number % 2 == 1)
        wait_until(
            lambda: not stack.is_busy, "what was left of the run has ended", LIMIT_SECONDS, saw=lambda: stack.busy
        )

    with stack.running(*APPLY) as process:
        wait_for(stack, process, the_host_is_held)
        refusal = stack.apply(code=4).document["error"]
        stack.ended(process, *APPLY)

    assert f"{process.pid}" in refusal["problem"]
    assert "kit apply" in refusal["problem"]
    assert half_written(stack) == []
    # Other stacks' runs make such folders too, and lock them a moment later.
    wait_until(lambda: left_behind(stack) == [], "nothing is left behind", saw=lambda: left_behind(stack))
    assert stack.is_settled
    assert stack.kit("status", "--json", "--check").here["verified"]
    assert as_wanted(stack.containers()) == as_wanted(before)


@dataclass(frozen=True)
class State:
    """The release before a run, and the one that it shall place."""

    main: Seen | None
    wanted: Path


Moment = Callable[[Stack, int, State], bool]


def the_host_is_held(stack: Stack, _process: int, _before: State) -> bool:
    """The host is held."""
    return current_holder(stack.root) is not None


def the_release_is_placed(stack: Stack, process: int, before: State) -> bool:
    """The new release lies there."""
    return the_host_is_held(stack, process, before) and before.wanted.exists()


def the_container_is_replaced(stack: Stack, _process: int, before: State) -> bool:
    """The container is another one."""
    main = stack.containers().get("main")
    return main is not None and (before.main is None or main.id != before.main.id)


def the_checks_have_begun(_stack: Stack, process: int, _before: State) -> bool:
    """The checks have begun."""
    return any("pytest" in line for line in children(process).values())


def wait_for(stack: Stack, process: Popen[str], moment: Moment, wanted: str = "") -> None:
    """Wait for a moment of a run that goes on."""
    before = State(stack.containers().get("main"), stack.root / "releases" / wanted / "manifest.json")

    def there() -> bool:
        assert process.poll() is None, f"it ended before {moment.__name__}\n{stack.ended(process, *APPLY)}"
        return moment(stack, process.pid, before)

    wait_until(there, moment.__name__, LIMIT_SECONDS, saw=lambda: (stack.busy, stack.containers()))


@contextmanager
def another_context(stack: Stack, tokens: int) -> Iterator[str]:
    """Let there be something to do; tell the release that shall come of it."""

    def change(spec: Document) -> None:
        spec["engines"][0]["context_length"] = tokens

    with stack.place.changed(change):
        yield stack.kit("plan", "--json").here["release"]


def half_written(stack: Stack) -> list[str]:
    """Return files that a release names and that are not what it says."""
    wrong = []
    for manifest in (stack.root / "releases").glob("[0-9a-f]*/manifest.json"):
        for file in json.loads(manifest.read_text())["files"]:
            path = (stack.root if file["path"].startswith("files/") else manifest.parent) / file["path"]
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != file["sha256"]:
                wrong.append(str(path))
    return wrong


def left_behind(stack: Stack) -> list[str]:
    """Return what killed runs began and nobody ends: files beside their place, folders of a run."""
    folders = [*Path("/dev/shm").glob("kit-playbook-*"), *Path(gettempdir()).glob("kit-checks-*")]
    return [str(path) for path in (*stack.root.rglob(".*.new"), *folders) if not is_locked(path)]


def as_wanted(containers: dict[str, Seen]) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Return what counts of containers that may have been made anew."""
    return {name: (one.image, one.health, one.ports) for name, one in containers.items()}
