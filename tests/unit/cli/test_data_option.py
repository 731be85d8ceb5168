"""Values of --data: a choice for all, or one for a service."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from deploy.cli.verbs.data_option import data_option
from deploy.deployment.data_choices import Choices


def read(*words: str) -> tuple[int, Choices]:
    seen: list[Choices] = []

    @click.command()
    @data_option
    def command(data: Choices) -> None:
        seen.append(data)

    result = CliRunner().invoke(command, [word for one in words for word in ("--data", one)])
    return result.exit_code, seen[0] if seen else {}


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        ((), {}),
        (("move",), {"": "move"}),
        (("fresh", "open_webui=move"), {"": "fresh", "open_webui": "move"}),
        (("main=found", "main=found"), {"main": "found"}),
    ],
)
def test_choices_are_read_by_service(words: tuple[str, ...], choices: Choices) -> None:
    assert read(*words) == (0, choices)


@pytest.mark.parametrize("words", [("keep",), ("=move",), ("main=",), ("move", "fresh"), ("main=move", "main=fresh")])
def test_what_is_no_choice_is_a_fault_of_the_line(words: tuple[str, ...]) -> None:
    assert read(*words)[0] == 2
