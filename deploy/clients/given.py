"""Input of the lines: the two kinds of API that clients use, each with its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote

from deploy.chat.doors import Door
from deploy.protocols.doors.programs import TITLE

KEY_VARIABLE = "OPENAI_API_KEY"
NO_KEY = "none"
"""Key for a client that insists on one, if the API asks for none."""


@dataclass(frozen=True)
class Api:
    """An API endpoint in the form that one kind of client needs."""

    door: Door
    url: str
    models: tuple[str, ...]
    """Names for chat requests, the example's first."""
    names: tuple[str, ...]
    """The same models by their names in kit.yaml."""
    secret: str | None
    """Name of the key's secret; None if the API asks for no key."""
    value: str | None
    """Value of the key; None unless the user wants it shown."""

    @property
    def model(self) -> str:
        """Return the model of the example."""
        return self.models[0]


@dataclass(frozen=True)
class Given:
    """A deployment as clients see it."""

    openai: Api | None
    native: Api | None
    """Endpoint in the engine's own protocol, which needs no gateway."""
    why_no_openai: str
    why_no_native: str
    command: str
    """Program that prints these lines, as it can be typed from anywhere."""
    spec: str
    """Path of kit.yaml, valid in every folder."""
    has_gateway: bool
    guarded: tuple[Api, ...]
    """Engines' own APIs as other machines reach them, with a key."""
    sudo: str
    """Prefix of a command that only root may run."""

    def key_command(self, secret: str) -> str:
        """Return the command line that prints a key."""
        return f"{self.sudo}{self.command} secret show {secret} {quote(self.spec)}"


def given(
    doors: tuple[Door, ...],
    command: str,
    spec: str,
    sudo: str,
    value_of: Callable[[Door], str] | None,
) -> Given:
    """Return the chosen APIs: the gateway before the engines; a missing one has a reason."""
    speaking = [door for door in doors if door.models and not door.is_guard]
    openai = next((door for door in speaking if door.protocol == "openai"), None)
    native = [door for door in speaking if door.protocol != "openai"]
    free = next((door for door in native if door.key is None), None)
    chosen = openai or next(iter(native), None)
    return Given(
        openai=_api(chosen, chosen.url if openai else f"{chosen.url}/v1", value_of) if chosen else None,
        native=_api(free, free.url, value_of) if free else None,
        why_no_openai="" if chosen else "kit.yaml has no models",
        why_no_native="" if free else _why_no_native(native),
        command=command,
        spec=spec,
        has_gateway=any(door.is_gateway for door in doors),
        guarded=tuple(_api(door, door.url, value_of) for door in doors if door.models and door.is_guard),
        sudo=sudo,
    )


def _why_no_native(native: list[Door]) -> str:
    if native:
        return f"{native[0].name} asks for a key, which this client cannot send"
    return f"no engine of this kit.yaml with models speaks {TITLE}'s protocol"


def _api(door: Door, url: str, value_of: Callable[[Door], str] | None) -> Api:
    chatting = [model for model in door.models if model not in door.embeddings]
    names = tuple(dict.fromkeys([*chatting, *door.models]))
    models = tuple(dict.fromkeys(map(door.name_of, names)))
    value = value_of(door) if value_of is not None and door.key is not None else None
    return Api(door, url, models, names, door.key.name if door.key else None, value)
