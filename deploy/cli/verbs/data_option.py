"""The option --data: choices for user data whose place changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from deploy.deployment.data_choices import CHOICES, EVERY, Choice, Choices

if TYPE_CHECKING:
    from deploy.decide.desired import Desired

WORDS = (
    "For user data whose folder changed or is gone: move copies it to the new folder, fresh begins empty, found uses "
    "the data in the new folder; SERVICE=CHOICE for one service of several."
)


def data_option(function: Callable[..., object]) -> Callable[..., object]:
    """Let the verb take --data CHOICE and --data SERVICE=CHOICE."""
    metavar = f"[SERVICE=]{'|'.join(CHOICES)}"
    return click.option("--data", multiple=True, metavar=metavar, callback=_read, help=WORDS)(function)


def choices_of(desired: Desired, host: str, choices: Choices) -> Choices:
    """Return the choices for one host: those for all data, for its own services, and for names that no host has."""
    elsewhere = {service.name for service in desired.services} - {
        service.name for service in desired.deployments[host].services
    }
    return {name: choice for name, choice in choices.items() if name not in elsewhere}


def _read(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Choice]:
    choices: dict[str, Choice] = {}
    for word in words:
        service, _, name = word.rpartition("=")
        choice = next((known for known in CHOICES if known == name), None)
        if choice is None or ("=" in word and not service):
            raise click.BadParameter(f"{word!r} is none of {', '.join(CHOICES)}, nor SERVICE= and one of them")
        if choices.get(service or EVERY, choice) != choice:
            raise click.BadParameter(f"{choices[service or EVERY]} and {choice} for the same data")
        choices[service or EVERY] = choice
    return choices
