"""A shipped deployment of several hosts, with a person's own addresses in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from deploy.errors import SpecError, UsageError
from deploy.reading.tree import parse_document
from deploy.spec.loading.loader import read_spec
from deploy.spec.told.first import quoted

NO_SHA256 = "0" * 64
_HOST = r"(?m)^  {name}: \{{.*\}}$"


def places_in(text: str) -> dict[str, str]:
    """Return the hosts of a kit.yaml, each as USER@ADDRESS."""
    hosts = read_spec(parse_document(text, "kit.yaml", "")).hosts
    return {name: f"{host.user}@{host.address}" if host.user else host.address or name for name, host in hosts.items()}


def examples_in(text: str, unplaced: Iterable[str]) -> dict[int, str]:
    """Return the examples that a person has to replace, by their line.

    Args:
        text: A shipped kit.yaml, or a copy of it.
        unplaced: The hosts whose address nobody gave.
    """
    lines = text.splitlines()
    examples = {at: "file and sha256 of a model" for at, line in enumerate(lines, 1) if NO_SHA256 in line}
    for name in unplaced:
        hosts = re.finditer(_HOST.format(name=name), text)
        examples |= {text.count("\n", 0, match.start()) + 1: f"address and user of {name}" for match in hosts}
    return dict(sorted(examples.items()))


def with_places(text: str, places: Mapping[str, str]) -> str:
    """Return a kit.yaml with other places of its hosts, each as [USER@]ADDRESS; UsageError for an impossible one."""
    for name, place in places.items():
        user, _, address = place.rpartition("@")
        written = {"address": address, **({"user": user} if user else {})}
        fields = ", ".join(f"{key}: {quoted(value)}" for key, value in written.items())
        text = re.sub(_HOST.format(name=name), f"  {name}: {{{fields}}}".replace("\\", r"\\"), text, count=1)
    try:
        read_spec(parse_document(text, "kit.yaml", ""))
    except SpecError as error:
        told = dict.fromkeys(f"{problem.path}: {problem.message}" for problem in error.problems)
        raise UsageError("\n".join(told), "nothing was written") from None
    return text
