"""Hosts that cannot be used: each failure has a problem and a next step, all hosts are told, and the others go on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from deploy.cli.main import cli
from deploy.deployment.way import Way
from deploy.errors import KitError, UnreachableError
from deploy.hosts.ssh import troubles
from deploy.verify.report import Check, Report
from tests.golden.hosts import merged, settled
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, HERE, Box, on_two_hosts

WAY = Way("ssh", BOX, "192.168.1.20", "admin")
PRINT = "SHA256:vMYoYN6Dhm3BjOa+KGCZm1wU4+LVuHdGDLk/a0uQDUM"
TROUBLES: dict[str, KitError] = {
    "off": troubles.ssh_trouble(WAY, "ssh: connect to host 192.168.1.20 port 22: Connection timed out\n"),
    "no SSH": troubles.ssh_trouble(WAY, "ssh: connect to host 192.168.1.20 port 22: Connection refused\n"),
    "no name": troubles.ssh_trouble(WAY, "ssh: Could not resolve hostname box.lan: Name or service not known\n"),
    "unknown host key": troubles.ssh_trouble(
        WAY, f"debug1: Server host key: ssh-ed25519 {PRINT}\nNo ED25519 host key is known for 192.168.1.20\n"
    ),
    "another host key": troubles.ssh_trouble(
        WAY, f"REMOTE HOST IDENTIFICATION HAS CHANGED!\nsent by the remote host is\n{PRINT}.\n"
    ),
    "wrong key": troubles.ssh_trouble(WAY, "admin@192.168.1.20: Permission denied (publickey).\n"),
    "no sudo": troubles.no_sudo(WAY),
    "no sudoer": troubles.not_a_sudoer(WAY),
    "wrong password": troubles.wrong_password(WAY),
    "no terminal": troubles.no_terminal(WAY),
    "no python3": troubles.no_python(WAY),
    "old python3": troubles.old_python(WAY, "3.7"),
    "another system": troubles.other_system(WAY, "fedora"),
    "clock": troubles.other_time(WAY, -7200),
    "full disk": troubles.unplaced(WAY, "No space left on device"),
}
WITHOUT_HOSTS = {"import", "init", "lock", "schema", "version", "completion", "backup spec"}
"""Verbs that ask no host, or every host by its nature."""


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """Both hosts, each of which misses its engine's container."""

    def checked(*_: object) -> Report:
        return Report((Check("main", "listens", "passed", 0.1),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    boxes = on_two_hosts(tmp_path, monkeypatch)
    for host, engine in ((HERE, "main"), (BOX, "far")):
        boxes[host].answers["probe"] = merged(settled(boxes[host].share), {"services": {engine: None}})
    return boxes


def test_each_trouble_is_told_in_words_of_its_own_and_with_a_next_step() -> None:
    assert len({error.problem for error in TROUBLES.values()}) == len(TROUBLES)
    assert all(error.next_step for error in TROUBLES.values())
    away = {name for name, error in TROUBLES.items() if isinstance(error, UnreachableError)}
    assert away == {"off", "no name"}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_host_in_trouble_stops_an_apply_unless_the_others_keep_going(
    trouble: str, kit: Kit, boxes: Mapping[str, Box]
) -> None:
    error = TROUBLES[trouble]
    boxes[BOX].answers["probe"] = error
    told = f"error: box: {error.problem}\n{error.next_step}\n"
    stopped = kit("apply", "--yes")
    assert (stopped.code, stopped.err.endswith(told), "hold" in boxes[HERE].asked) == (1, True, False)
    finished = kit("apply", "--yes", "--keep-going")
    assert (finished.code, "accept" in boxes[HERE].asked) == (1, True)
    assert finished.err.endswith(f"box: {error.problem}\n  {error.next_step}\n")
    assert "hold" not in boxes[BOX].asked


@pytest.mark.parametrize("trouble", ["off", "wrong key", "no sudo"])
def test_a_host_in_trouble_hides_neither_the_plan_nor_the_state_of_the_others(
    trouble: str, kit: Kit, boxes: Mapping[str, Box]
) -> None:
    error = boxes[BOX].answers["probe"] = TROUBLES[trouble]
    told = {"problem": error.problem, "next": error.next_step}
    words = f"\n{error.problem}\n  {error.next_step}\n"
    for verb in ("plan", "status"):
        shown = kit(verb)
        assert (shown.code, shown.out.endswith(words)) == (1, True)
        assert "service main" in shown.out.partition("\n\nbox")[0]
        assert kit(verb, "--json").document["hosts"][BOX]["error"] == told


def test_a_machine_under_two_addresses_is_refused_with_both_names(kit: Kit, boxes: Mapping[str, Box]) -> None:
    for box in boxes.values():
        box.answers["probe"] = merged(box.answers["probe"], {"identity": "f" * 64})
    problem = "here and box are the same machine"
    for words in (("plan",), ("apply", "--yes"), ("apply", "--yes", "--keep-going")):
        shown = kit(*words)
        assert (shown.code, shown.err.splitlines()[-2]) == (1, f"error: {problem}")
    assert "hold" not in boxes[HERE].asked + boxes[BOX].asked
    for box in boxes.values():
        box.answers["probe"] = merged(box.answers["probe"], {"identity": ""})
    assert kit("plan").code == 0


@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_verb_tells_all_hosts_together(trouble: str, kit: Kit, boxes: Mapping[str, Box]) -> None:
    ours, theirs = KitError("this disk is full", "make room"), TROUBLES[trouble]
    for verb, words in (("probe", ("plan",)), ("probe", ("status",)), ("down", ("down",))):
        boxes[HERE].answers[verb], boxes[BOX].answers[verb] = ours, theirs
        shown = kit(*words)
        assert (shown.code, shown.err) == (
            1,
            f"error: here: {ours.problem}\n  {ours.next_step}\nbox: {theirs.problem}\n  {theirs.next_step}\n",
        )


def test_a_host_of_another_processor_is_refused_with_the_others(kit: Kit, boxes: Mapping[str, Box]) -> None:
    probe = boxes[BOX].answers["probe"]
    boxes[BOX].answers["probe"] = merged(probe, {"architecture": "aarch64"})
    shown = kit("apply", "--yes", "--keep-going")
    assert (shown.code, "accept" in boxes[HERE].asked, "hold" in boxes[BOX].asked) == (1, True, False)
    assert "aarch64" in shown.err


def test_every_verb_that_asks_hosts_takes_one() -> None:
    context = click.Context(cli)

    def takes(command: click.Command) -> bool:
        if isinstance(command, click.Group):
            names = command.list_commands(context)
            return all(takes(command.commands[name]) for name in names if f"{command.name} {name}" not in WITHOUT_HOSTS)
        return any("--host" in parameter.opts for parameter in command.params)

    verbs = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    assert {name for name, command in verbs.items() if command and not takes(command)} == {
        name for name in WITHOUT_HOSTS if " " not in name
    }


MORE_WORDS = {
    "run": ("coder", "hello"),
    "backup show": ("latest",),
    "backup diff": ("latest", "latest"),
    "backup restore": ("latest",),
    "bridge edit-db": ("--with", "true"),
    "bridge add": ("--to", "Manuals", "kit.yaml"),
    "models pull": ("coder",),
    "models remove": ("coder",),
    "render": ("--out", "rendered"),
    "secret show": ("litellm_master_key",),
}
"""Words that a verb needs besides the host."""


def verbs_with_host() -> list[str]:
    """Return every verb that takes --host, with the words that lead to it."""

    def below(command: click.Command, *words: str) -> list[str]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            children = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
            return [verb for name, child in children if child for verb in below(child, *words, name)]
        return [" ".join(words)] if any("--host" in parameter.opts for parameter in command.params) else []

    return below(cli)


@pytest.mark.parametrize("verb", verbs_with_host())
def test_a_wrong_host_is_told_first_with_the_nearest_one_and_nothing_is_done(
    verb: str, kit: Kit, boxes: Mapping[str, Box], tmp_path: Path
) -> None:
    (tmp_path / "kit.lock").unlink()
    there = {*tmp_path.iterdir()}
    refused = kit(*verb.split(), "--host", "bxo", *MORE_WORDS.get(verb, ()))
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"error: there is no host 'bxo' (did you mean {BOX}?)\nthere are: {HERE}, {BOX}\n"
    assert {*tmp_path.iterdir()} - {tmp_path / "cache"} == there - {tmp_path / "cache"}
    assert not any(box.asked for box in boxes.values())


@pytest.mark.parametrize("verb", verbs_with_host())
def test_two_hosts_are_refused_and_neither_is_asked(verb: str, kit: Kit, boxes: Mapping[str, Box]) -> None:
    refused = kit(*verb.split(), "--host", HERE, "--host", BOX, *MORE_WORDS.get(verb, ()))
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == f"error: --host is given twice, and takes one value\nhelp: kit {verb} --help\n"
    assert not any(box.asked for box in boxes.values())


def test_a_wrong_host_of_a_stack_that_only_this_machine_knows_is_told_as_well(
    kit: Kit, boxes: Mapping[str, Box]
) -> None:
    assert "there is no host 'box'" in kit("down", "--stack", "home", "--host", BOX).err
    assert not any(box.asked for box in boxes.values())
