"""A flat package source of apt: its key, and the packages that it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.registries.asking import Place
from deploy.registries.openpgp import KeyDamagedError, dearmored, fingerprints

LARGEST_KEY = 2**16
LARGEST_LIST = 2**24
OK = 200
MIRROR = "nvidia"


@dataclass(frozen=True)
class Package:
    """A package of a source."""

    name: str
    version: str
    file: str
    sha256: str


def source_key(url: str, wanted: str, fetch: Fetch) -> bytes:
    """Return the key at an address; KitError unless it is the one with the wanted fingerprint, and no other."""
    key = _ask(url, LARGEST_KEY, fetch)
    try:
        key = dearmored(key)
        prints = fingerprints(key)
    except KeyDamagedError as fault:
        raise KitError(f"the key at {url} cannot be read: {fault}", "see what lies there") from None
    if prints != [wanted]:
        raise KitError(
            f"the key at {url} has the fingerprint {', '.join(prints) or 'of no key'}, not {wanted}",
            "if you sign that mirror yourself, write `mirrors: {nvidia_key: FINGERPRINT}` in kit.yaml; else ask who"
            " changed it",
        )
    return key


def packages_at(url: str, fetch: Fetch) -> Iterator[Package]:
    """Yield the packages of a source; its signature is checked where they are installed."""
    text = _ask(f"{url}/Packages", LARGEST_LIST, fetch).decode("utf-8", errors="replace")
    for paragraph in text.split("\n\n"):
        fields = dict(line.partition(":")[::2] for line in paragraph.splitlines() if line[:1].strip())
        told = {key: value.strip() for key, value in fields.items()}
        if {"Package", "Version", "Filename", "SHA256"} <= told.keys():
            file = told["Filename"].rpartition("/")[2]
            yield Package(told["Package"], told["Version"], file, told["SHA256"])


def _ask(url: str, largest: int, fetch: Fetch) -> bytes:
    place = Place(url, MIRROR, fetch)
    answer = place.ask(url, {}, largest)
    if answer.status != OK:
        raise KitError(f"{url} answers with status {answer.status}", place.next_step)
    return answer.body
