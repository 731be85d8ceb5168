"""`kit init` for several machines of a local network."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.cli.terminal.output import Output
from deploy.spec.loading.loader import load_spec
from tests.unit.cli.conftest import Kit


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_copied_local_network_names_the_lines_with_examples(kit: Kit) -> None:
    shown = kit("init", "--from", "lan", "home")
    lines = Path("home/kit.yaml").read_text().splitlines()
    told = shown.out.splitlines()
    edits = told[told.index("write your own:") + 1 : told.index("next:")]
    named = {edit.split(": ")[1]: lines[int(edit.split(":")[1]) - 1] for edit in edits}
    assert {what.split()[-1] for what in named} == {"front", "big", "small", "model"}
    assert all("address: 192.168.1." in named[f"address and user of {host}"] for host in ("front", "big", "small"))
    assert "0" * 64 in named["file and sha256 of a model"]
    assert told[-2:] == ["  kit check home/kit.yaml", "  kit apply home/kit.yaml"]
    assert "write your own" not in kit("init", "--from", "quickstart", "alone").out


def test_a_local_network_is_written_with_the_addresses_that_a_person_types(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"front": "bob@10.0.0.1", "big": "box.lan", "small": ""}
    monkeypatch.setattr(Output, "can_ask", property(lambda _: True))
    monkeypatch.setattr(Output, "asked", lambda _, question: answers[question.split()[1]])
    shown = kit("init", "--lan", "home")
    assert (shown.code, "address and user" in shown.out, "file and sha256 of a model" in shown.out) == (0, False, True)
    hosts = load_spec(Path("home/kit.yaml")).hosts
    assert [(host.user, host.address) for host in hosts.values()] == [
        ("bob", "10.0.0.1"),
        (None, "box.lan"),
        ("admin", "192.168.1.30"),
    ]
    assert {path.name for path in Path("home").iterdir()} == {"kit.yaml", "kit.schema.json", "README.md"}


def test_an_impossible_address_of_a_local_network_is_told_and_nothing_is_written(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Output, "can_ask", property(lambda _: True))
    monkeypatch.setattr(Output, "asked", lambda _, question: "a\\b" if "big" in question else "")
    refused = kit("init", "--lan", "home")
    assert (refused.code, Path("home").exists()) == (2, False)
    assert "hosts.big.address: 'a\\\\b' is not an address" in refused.err


def test_a_local_network_is_asked_for_on_a_terminal_and_alone(kit: Kit) -> None:
    silent = kit("init", "--lan")
    assert (silent.code, "type: kit init --from lan" in silent.err) == (2, True)
    assert "--lan asks for all that it needs" in kit("init", "--lan", "--model", "m").err
