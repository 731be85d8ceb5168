"""The comparison: each key equals the release's value or a default of Docker's; every other value is a difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.verify.docker.defaults import DEFAULTS, FACTS
from deploy.verify.docker.flat import flat, is_blank, stripped
from deploy.verify.docker.wanted import Made, wanted_configuration

LONGEST_VALUE = 60
TELLING = ("HostConfig.", "Mounts.", "Networks.", "Ports", "Name", "AppArmorProfile")
"""Keys whose values are shown. A command, a variable or a label may hold what nobody should read here."""


def differences(made: Made, container: dict[str, object]) -> tuple[str, ...]:
    """Return in words each key of an inspected container that is not as the release or Docker's defaults have it."""
    return tuple(_differences(made, container))


def _differences(made: Made, container: dict[str, Any]) -> Iterator[str]:
    actual, wanted = flat(container), wanted_configuration(made, container["Id"])
    for key in sorted(actual.keys() | wanted.keys()):
        value = actual.get(key)
        if key in wanted:
            if not any(_equal(value, right) for right in wanted[key]):
                yield _words(key, value, wanted[key][0])
        elif not is_blank(value) and value not in map(stripped, DEFAULTS.get(key, ())) and not is_fact(key):
            yield _words(key, value, None)


def _equal(actual: object, wanted: object) -> bool:
    return bool(actual == wanted) or (is_blank(actual) and is_blank(wanted))


def is_fact(key: str) -> bool:
    """Return True if Docker or Compose fills a key by itself."""
    return any(pattern.fullmatch(key) for pattern in FACTS)


def _words(key: str, actual: object, wanted: object) -> str:
    if is_blank(actual):
        return f"{key} is missing" if isinstance(wanted, (str, list, dict)) else f"{key} is {actual}, not {wanted}"
    shown = f" is {_shown(actual)}" if key.startswith(TELLING) else " is another one"
    if is_blank(wanted):
        return f"{key}{shown if key.startswith(TELLING) else ' is there'}, which the release does not say"
    return f"{key}{shown}, not {_shown(wanted)}" if key.startswith(TELLING) else f"{key}{shown} than the release's"


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
