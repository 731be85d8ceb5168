"""The option --data: what becomes of user data whose place changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from deploy.deployment.data_choices import CHOICES, EVERY, Choice

WORDS = (
    "For user data whose place changed or is gone: move takes it along, fresh begins empty, found goes on with what "
    "lies there now; SERVICE=CHOICE for one service of several."
)


def data_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let the verb take --data CHOICE and --data SERVICE=CHOICE."""
    metavar = f"[SERVICE=]{'|'.join(CHOICES)}"
    return click.option("--data", multiple=True, metavar=metavar, callback=_read, help=WORDS)(function)


def _read(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Choice]:
    found: dict[str, Choice] = {}
    for word in words:
        service, _, name = word.rpartition("=")
        choice = next((one for one in CHOICES if one == name), None)
        if choice is None or ("=" in word and not service):
            raise click.BadParameter(f"{word!r} is none of {', '.join(CHOICES)}, nor SERVICE= and one of them")
        if found.get(service or EVERY, choice) != choice:
            raise click.BadParameter(f"{found[service or EVERY]} and {choice} for the same data")
        found[service or EVERY] = choice
    return found
