"""`kit init` for several machines of a local network."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.cli.terminal.output import Output
from deploy.spec.loading.loader import load_spec
from tests.unit.cli.conftest import Kit

THREE = ("front", "big", "small")
TYPED = ("--address", "front=bob@10.0.0.1", "--address", "big=box.lan", "--address", "small=10.0.0.3")
COPIES = [("--lan",), ("--from", "lan")]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def answer(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]) -> list[str]:
    """Let a person at a terminal answer; return the machines that they are asked for, once they were."""
    asked: list[str] = []

    def said(_: Output, question: str) -> str:
        asked.append(question.split()[1])
        return answers.get(asked[-1], "")

    monkeypatch.setattr(Output, "can_ask", property(lambda _: True))
    monkeypatch.setattr(Output, "asked", said)
    return asked


def places() -> list[tuple[str | None, str | None]]:
    return [(host.user, host.address) for host in load_spec(Path("home/kit.yaml")).hosts.values()]


def test_a_copied_local_network_names_the_lines_with_examples(kit: Kit) -> None:
    shown = kit("init", "--from", "lan", "home")
    lines = Path("home/kit.yaml").read_text().splitlines()
    told = shown.out.splitlines()
    edits = told[told.index("write your own:") + 1 : told.index("next:")]
    named = {edit.split(": ")[1]: lines[int(edit.split(":")[1]) - 1] for edit in edits}
    assert {what.split()[-1] for what in named} == {*THREE, "model"}
    assert all("address: 192.168.1." in named[f"address and user of {host}"] for host in THREE)
    assert "0" * 64 in named["file and sha256 of a model"]
    assert told[-2:] == ["  kit check home/kit.yaml", "  kit apply home/kit.yaml"]
    assert "write your own" not in kit("init", "--from", "quickstart", "alone").out


@pytest.mark.parametrize("words", COPIES)
def test_a_local_network_is_written_with_the_addresses_that_a_person_types(
    words: tuple[str, ...], kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, {"front": "bob@10.0.0.1", "big": "box.lan", "small": ""})
    shown = kit("init", *words, "home")
    assert (shown.code, "address and user" in shown.out, "file and sha256 of a model" in shown.out) == (0, False, True)
    assert asked == [*THREE]
    assert places() == [("bob", "10.0.0.1"), (None, "box.lan"), ("admin", "192.168.1.30")]
    assert {path.name for path in Path("home").iterdir()} == {"kit.yaml", "kit.schema.json", "README.md"}


@pytest.mark.parametrize("words", COPIES)
def test_addresses_of_the_command_line_need_no_terminal(words: tuple[str, ...], kit: Kit) -> None:
    shown = kit("init", *words, *TYPED, "home")
    assert (shown.code, "address and user" in shown.out) == (0, False), shown.err
    assert places() == [("bob", "10.0.0.1"), (None, "box.lan"), (None, "10.0.0.3")]


def test_a_terminal_is_asked_only_for_the_machines_that_were_not_typed(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, {"small": "10.0.0.3"})
    assert kit("init", "--lan", *TYPED[:4], "home").code == 0
    assert asked == ["small"]
    assert places() == [("bob", "10.0.0.1"), (None, "box.lan"), (None, "10.0.0.3")]


def test_a_copy_names_the_machines_whose_address_nobody_gave(kit: Kit) -> None:
    told = kit("init", "--from", "lan", *TYPED[:4], "home").out
    assert [host for host in THREE if f"address and user of {host}" in told] == ["small"]


def test_an_impossible_address_of_a_local_network_is_told_and_nothing_is_written(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, {"big": "a\\b"})
    refused = kit("init", "--lan", "home")
    assert (refused.code, Path("home").exists()) == (2, False)
    assert "hosts.big.address: 'a\\\\b' is not an address" in refused.err


def test_without_a_terminal_the_line_with_every_missing_address_is_told(kit: Kit) -> None:
    silent = kit("init", "--lan", "--address", "big=10.0.0.2", "home")
    assert (silent.code, Path("home").exists()) == (2, False)
    assert "the addresses of front, small are missing, and there is no terminal" in silent.err
    step = "kit init --lan --address front=admin@192.168.1.10 --address big=10.0.0.2 --address small=admin@192.168.1.30"
    assert f"type, with your own addresses: {step}" in silent.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--lan", "--address", "bgi=10.0.0.2"), "the deployment has no machine 'bgi' (did you mean big?)"),
        (("--lan", "--address", "10.0.0.2"), "--address '10.0.0.2' is no NAME=[USER@]ADDRESS"),
        (("--lan", "--address", "big="), "--address 'big=' is no NAME=[USER@]ADDRESS"),
        (("--lan", "--address", ""), "--address: the value is empty"),
        (("--lan", "--address", "big=a", "--address", "big=b"), "--address big is given twice"),
        (("--address", "big=10.0.0.2"), "--address belongs to a shipped deployment with machines"),
        (("--from", "quickstart", "--address", "big=10.0.0.2"), "leave --address out"),
        (("--lan", "--model", "m"), "--lan asks for all that it needs"),
        (("--lan", "--from", "quickstart"), "--lan asks for all that it needs"),
    ],
)
def test_words_that_do_not_fit_are_told_and_nothing_is_written(words: tuple[str, ...], told: str, kit: Kit) -> None:
    refused = kit("init", *words, "home")
    assert (refused.code, Path("home").exists()) == (2, False)
    assert told in refused.err
