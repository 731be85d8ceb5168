"""An empty value, such as a shell's unset variable gives, never counts as an option that was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from deploy.cli.main import cli
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import Box, on_two_hosts


def options_with_values(command: click.Command = cli, *words: str) -> Iterator[tuple[str, ...]]:
    """Yield each option of each verb that takes a value, behind the words that lead to it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if child := command.get_command(context, name):
                yield from options_with_values(child, *words, name)
    else:
        for option in command.params:
            if isinstance(option, click.Option) and not option.is_flag:
                yield *words, option.opts[0]


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    return on_two_hosts(tmp_path, monkeypatch)


@pytest.mark.parametrize("words", list(options_with_values()), ids=" ".join)
def test_an_empty_value_is_refused_and_nobody_is_asked(
    words: tuple[str, ...], kit: Kit, boxes: Mapping[str, Box]
) -> None:
    refused = kit(*words, "")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines()[0] == f"error: {words[-1]}: the value is empty"
    assert not any(box.asked for box in boxes.values())


def test_an_unset_variable_restores_no_backup_of_this_host(kit: Kit, boxes: Mapping[str, Box]) -> None:
    refused = kit("backup", "restore", "latest", "--from", "", "--host", "here")
    assert (refused.code, refused.err.splitlines()[0]) == (2, "error: --from: the value is empty")
    assert not any(box.asked for box in boxes.values())
