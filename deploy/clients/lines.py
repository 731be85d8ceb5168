"""Clients with lines, and the reason if a client has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploy.clients.given import Api, Given
from deploy.clients.programs import python
from deploy.clients.shell import QUESTION, aliases, another_machine, curl, env, powershell
from deploy.protocols.doors.programs import PROGRAMS


@dataclass(frozen=True)
class Lines:
    """Lines of a client, or the reason why it is left out."""

    client: str
    title: str
    text: str = ""
    left_out: str = ""


TITLES = {
    "curl": "curl",
    "powershell": "PowerShell",
    "python": "Python, package openai",
    **{client: title for client, (title, _) in PROGRAMS.items()},
    "env": "environment variables",
    "aliases": "shell aliases, for .bashrc or .zshrc",
    "another-machine": "another machine, which asks an engine itself",
}
CLIENTS = tuple(TITLES)


def lines_for(told: Given) -> tuple[Lines, ...]:
    """Return the lines of every client."""
    makers: dict[str, tuple[Api | None, str, Callable[[Api], str]]] = {
        "curl": (told.openai, told.why_no_openai, lambda api: curl(told, api)),
        "powershell": (told.openai, told.why_no_openai, lambda api: powershell(told, api)),
        "python": (told.openai, told.why_no_openai, lambda api: python(told, api)),
        **{client: (told.native, told.why_no_native, _native(make)) for client, (_, make) in PROGRAMS.items()},
        "env": (told.openai, told.why_no_openai, lambda _: env(told)),
        "aliases": (told.openai, told.why_no_openai, lambda _: aliases(told)),
    }
    others = Lines(
        "another-machine",
        TITLES["another-machine"],
        another_machine(told) if told.guarded else "",
        "" if told.guarded else "no engine without a key of its own is published; `publish: lan` at one does that",
    )
    programs = tuple(
        Lines(client, TITLES[client], text=make(api)) if api else Lines(client, TITLES[client], left_out=why)
        for client, (api, why, make) in makers.items()
    )
    return (*programs, others)


def _native(make: Callable[[str, str, str], str]) -> Callable[[Api], str]:
    return lambda api: make(api.url, api.model, QUESTION)
