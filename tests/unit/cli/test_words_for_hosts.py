"""Messages name the host that they are about: nothing about another host says `this machine`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract import AS_ROOT
from deploy.apply.prepared.members import Members
from deploy.apply.prepared.prepare import Outcome
from deploy.cli.commands import VERBS
from deploy.errors import HeldError, KitError
from deploy.verify.report import Check, Report
from tests.golden.hosts import bare
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, HERE, Box, on_two_hosts

WITHOUT_HOST = {"init", "check", "import", "render", "schema", "version", "completion"}
"""Verbs that ask no host."""
DRIVEN_ELSEWHERE = {"lock", "verify", "bridge"}
"""Verbs that other tests drive: with registries, with a process of checks, and with a web UI."""
LINES = {
    "plan": ("plan",),
    "apply": ("apply", "--yes"),
    "status": ("status",),
    "models": ("models",),
    "clients": ("clients",),
    "run": ("run", "coder", "hello", "--engine", "far"),
    "logs": ("logs",),
    "secret": ("secret", "show", "litellm_master_key"),
    "backup": ("backup", "list"),
    "start": ("start",),
    "stop": ("stop", "far"),
    "restart": ("restart",),
    "rebuild": ("rebuild",),
    "down": ("down",),
    "clean": ("clean",),
    "destroy": ("destroy", "--yes"),
}
WITH_HOST = set(LINES) - {"clients", "run"}


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """A stack whose services are all on the box."""
    monkeypatch.setattr("deploy.apply.run.apply", applied)
    # Nothing listens there.
    monkeypatch.setattr(Box, "forward", lambda *_: nullcontext(("127.0.0.1", 1)))
    return on_two_hosts(tmp_path, monkeypatch, main=BOX)


def applied(members: Members, *_: Any, **__: Any) -> dict[str, Outcome]:
    """Answer as an apply whose checks passed."""
    report = Report((Check("far", "listens", "passed", 0.1),))
    return {host: Outcome(member.prepared.plan, 1, report) for host, member in members.items()}


def line(verb: str) -> tuple[str, ...]:
    """Return the line of a verb that is about the box alone."""
    return (*LINES[verb], "--host", BOX) if verb in WITH_HOST else LINES[verb]


def test_every_verb_that_asks_hosts_is_driven() -> None:
    assert set(LINES) | WITHOUT_HOST | DRIVEN_ELSEWHERE == set(VERBS)


@pytest.mark.parametrize("verb", LINES)
@pytest.mark.parametrize("state", ["settled", "bare", "troubled", "no root", "failing", "held"])
def test_nothing_about_another_host_speaks_of_this_machine(
    verb: str, state: str, kit: Kit, boxes: Mapping[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(boxes[BOX], state, monkeypatch)
    shown = kit(*line(verb))
    told = shown.out + shown.err
    assert "this machine" not in told
    assert AS_ROOT not in told
    assert "sudo kit" not in told
    assert "kit itself failed" not in told


def prepare(box: Box, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring the box into a state."""
    if state == "bare":
        box.answers["probe"] = bare(box.share)
    elif state == "troubled":
        box.answers["probe"] = {**bare(box.share), "root": False, "architecture": "aarch64"}
    elif state == "no root":
        box.is_rooted = False
    elif state in ("failing", "held"):
        kind = KitError if state == "failing" else HeldError

        def refuse(*_: Any, **__: Any) -> Any:
            raise kind("only root may read it", AS_ROOT)

        for method in ("call", "lines", "send", "hold", "forward"):
            monkeypatch.setattr(box, method, refuse)


@pytest.mark.parametrize("verb", sorted(LINES))
def test_a_failure_of_another_hosts_agent_is_told_with_that_host(
    verb: str, kit: Kit, boxes: Mapping[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(boxes[BOX], "failing", monkeypatch)
    words = (*line(verb), "--show-secrets") if verb == "clients" else line(verb)
    assert kit(*words).err.splitlines() == [
        "error: box: only root may read it",
        "let the user that signs in on box run sudo, or sign in as root (`user:` at the host)",
    ]


def test_a_host_that_is_held_keeps_its_exit_code(
    kit: Kit, boxes: Mapping[str, Box], monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(boxes[BOX], "held", monkeypatch)
    assert kit("stop", "--host", BOX).code == 4


def test_this_machine_is_not_named_where_it_is_alone(kit: Kit, boxes: Mapping[str, Box]) -> None:
    boxes[HERE].is_rooted = False
    assert kit("stop", "--host", HERE).err.splitlines() == ["error: stop needs root", "type: sudo kit stop --host here"]


def test_rights_on_the_box_are_no_matter_of_sudo_here(kit: Kit, boxes: Mapping[str, Box]) -> None:
    boxes[BOX].is_rooted = False
    assert kit("stop", "--host", BOX).err.splitlines() == [
        "error: box: stop needs root",
        "let the user that signs in on box run sudo, or sign in as root (`user:` at the host)",
    ]
