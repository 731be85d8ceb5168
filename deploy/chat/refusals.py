"""Refusals of a gateway about the engines behind it, in plain words, with the next step.

A refusal whose cause its room does not know is shown as it is.
"""

from __future__ import annotations

import re

from deploy.agent.line import Line
from deploy.chat.doors import Door
from deploy.chat.wire import RefusedError, shortened
from deploy.components.room import Cause
from deploy.errors import KitError
from deploy.words import host_words

LINE = 160
UNABLE = re.compile(r"does not support (chat|generate)\b")


def is_unable(said: str) -> bool:
    """Return True if an engine says that a model cannot answer: it makes embeddings, or its file is missing."""
    return UNABLE.search(said) is not None


def looked_after(door: Door, model: str) -> str:
    """Return the next step if an engine does not find a model, or a part of it."""
    if not door.is_gateway:
        anew = f"`{Line('restart', door.name)}`" if door.is_managed else f"restart the engine at {door.url}"
    else:
        managed = [name for name in dict(door.behind).get(model, ()) if name in door.managed]
        anew = " or ".join(f"`{Line('restart', name)}`" for name in managed) or "restart that engine"
    mend = f"`{Line('models')}` shows its fault, and `{Line('apply')}` repairs it"
    return f"{mend}; if it shows none and the model can chat, {anew}: an engine remembers a failed load"


def of_gateway(door: Door, model: str, refusal: RefusedError) -> KitError:
    """Return the error of a gateway whose engines gave no answer."""
    said, who = refusal.said, _engines(door, model)
    told = f" ({door.name} said: {_line(said)})" if said else ""
    if is_unable(said):
        return KitError(f"{who} cannot answer with {door.name_of(model)!r}{told}", looked_after(door, model))
    cause = door.cause_of(refusal.status, said) if door.cause_of else None
    if cause is None:
        return refusal
    problem, step = _explained(cause, door, model, who)
    return KitError(f"{problem}{told}", step)


def _explained(cause: Cause, door: Door, model: str, who: str) -> tuple[str, str]:
    """Return the problem and the next step."""
    match cause:
        case "own key":
            return (
                f"{door.name} rejects this stack's key",
                f"`{Line('apply')}` restarts it with the key on {host_words(door.host)}",
            )
        case "engine's key":
            step = (
                "of an engine in kit.yaml look at its `key:`; "
                f"an engine of the kit's own gets its key from `{Line('apply')}`"
            )
            return f"{who} rejects the key that {door.name} sends", step
        case "model unknown":
            return (
                f"{door.name} does not know the model {model!r} yet",
                f"`{Line('apply')}` creates the models of kit.yaml",
            )
        case "model absent":
            return f"{who} has no model {door.name_of(model)!r}, or not all of it", looked_after(door, model)
        case "late":
            step = (
                "ask for less, or write a longer `request_timeout` at the gateway or `timeout` at its route in kit.yaml"
            )
            return f"{who} gave no answer in the time that {door.name} waits", step
        case "away":
            return f"{who} does not answer", _where_to_look(door, model)


def _engines(door: Door, model: str) -> str:
    names = dict(door.behind).get(model, ())
    return f"{' or '.join(names)}, which serves {model} behind {door.name}," if names else f"what {door.name} asks"


def _where_to_look(door: Door, model: str) -> str:
    names = dict(door.behind).get(model, ())
    logs = ", ".join(f"`{Line('logs', name)}`" for name in names if name in door.managed)
    outside = " and ".join(name for name in names if name not in door.managed)
    steps = [f"`{Line('status')}` shows what runs, {logs} the reason if it does not" if logs else ""]
    steps.append(f"check that {outside} runs and is reachable from {host_words(door.host)}" if outside else "")
    return "; ".join(step for step in steps if step) or f"`{Line('status')}` shows what runs"


def _line(said: str) -> str:
    """Return the first line of an error; the rest is the gateway's own trace."""
    return shortened(said.strip().split("\n", 1)[0].strip(), LINE)
