"""`kit run`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import click

from deploy.agent.line import Line
from deploy.chat.choosing import door_to
from deploy.chat.doors import doors
from deploy.cli.terminal.chatting import Chat, converse
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import Target, chat_argument, verb
from deploy.cli.verbs.hosts import host_option, reached
from deploy.decide.desired import load_desired
from deploy.errors import UsageError
from deploy.hosts.parallel import errors_of
from deploy.hosts.secret_values import secret_value
from deploy.hosts.wire.transport import Address, Transport
from deploy.spec.checks.naming import ensure_taken_whole
from deploy.stack import Stack

STDIN = "-"


@verb("run", "run gemma", 'run gemma "Why is the sky blue?"', "run gemma Review this: - kit.yaml < notes.txt")
@click.option(
    "--engine", metavar="E", help="Ask this engine, not the gateway; also with models that kit.yaml does not have."
)
@click.option("--system", metavar="TEXT", help="System text before the conversation.")
@host_option
@chat_argument
def command(output: Output, target: Target, engine: str | None, system: str | None) -> None:
    """Chat with a model in the terminal.

    Without PROMPT it begins a conversation: /bye or Ctrl-D ends it, /clear forgets it, Ctrl-C stops an answer, and
    a second Ctrl-C ends it. Piped input is the prompt; beside a PROMPT, `-` stands for it. A last word that ends in
    .yaml is the path of kit.yaml. Asks the gateway if there is one, with its key (that needs root). With --host it
    asks only services of that host.
    """
    if not target.names:
        raise UsageError("the name of a model is missing", f"the models: {Line('models')}")
    model, *words = target.names
    prompt, desired = _prompt(words), load_desired(target.spec)
    if prompt is None and output.as_json:
        raise UsageError("a conversation is no JSON document", "write a PROMPT")
    hosts = reached(desired.ways)
    known = tuple(door for door in doors(desired.spec, desired.parts) if door.host in hosts)
    rooted = [host for host, transport in hosts.items() if transport.is_root]
    door = door_to(model, known, engine, rooted)
    if not door.is_gateway:
        ensure_taken_whole(door.name_of(model), desired.spec, door.name)
    if engine is None and not door.is_gateway and any(model in front.models for front in known if front.is_gateway):
        output.note(f"asking {door.name} itself: the gateway's key is for root alone")
    transport = hosts[door.host]
    with errors_of(door.host):
        key = secret_value(Stack(desired.spec.stack), transport, door.key) if door.key else None
    chat = Chat(output, door, model, key, desired.spec.ca, partial(_forwarded, door.host, transport), system)
    if prompt is None:
        converse(chat)
    else:
        chat.answer_once(prompt)


@contextmanager
def _forwarded(host: str, transport: Transport, address: Address) -> Iterator[Address]:
    """Forward an address of a host; a failure to do so names the host."""
    with ExitStack() as forwarded:
        with errors_of(host):
            there = forwarded.enter_context(transport.forward(address))
        yield there


def _prompt(words: list[str]) -> str | None:
    """Return the typed prompt with the piped input in its place; None for a conversation."""
    if not words:
        return None if sys.stdin.isatty() else sys.stdin.read()
    if STDIN in words:
        place = words.index(STDIN)
        words = [" ".join(words[:place]), sys.stdin.read(), " ".join(words[place + 1 :])]
        return "\n\n".join(word for word in words if word)
    return " ".join(words)
