"""Names of models: host, namespace, model and tag, each with its own letters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.ollama.refusals import Refused

HOST, NAMESPACE, TAG = "registry.ollama.ai", "library", "latest"
ALLOWED = {
    "host": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}"),
    "namespace": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}"),
    "model": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"),
    "tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"),
}


@dataclass(frozen=True)
class Name:
    """A name with nothing left out."""

    host: str
    namespace: str
    model: str
    tag: str
    scheme: str = "https"

    @property
    def valid(self) -> bool:
        """True if every part is spelled with its letters."""
        return all(pattern.fullmatch(getattr(self, part)) for part, pattern in ALLOWED.items())

    @property
    def path(self) -> Path:
        """Path of its manifest, below the manifests."""
        return Path(self.host, self.namespace, self.model, self.tag)

    def __str__(self) -> str:
        """Write the name as lists show it: without what everyone leaves out."""
        if self.host.lower() != HOST:
            return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"
        if self.namespace.lower() != NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"

    @property
    def folded(self) -> tuple[str, ...]:
        """The parts without regard to case."""
        return tuple(part.lower() for part in (self.host, self.namespace, self.model, self.tag))


def parse(text: str) -> Name:
    """Return the name that a text means; it may not be valid."""
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "https", text
    tag = TAG
    if rest.rfind(":") > rest.rfind("/"):
        rest, _, tag = rest.rpartition(":")
    parts = rest.rsplit("/", 2)
    host, namespace, model = [*(HOST, NAMESPACE)[: 3 - len(parts)], *parts]
    return Name(host, namespace, model, tag, scheme)


def of_path(path: Path) -> Name:
    """Return the name of a manifest below the manifests."""
    host, namespace, model, tag = path.parts
    return Name(host, namespace, model, tag)


def source_of(text: str) -> tuple[str, str]:
    """Return a name without the suffix that says where to look, and that place: local, cloud, or nowhere."""
    base, found, last = text.strip().rpartition(":")
    tag = last.strip().lower()
    if not found:
        return text.strip(), ""
    if tag in ("local", "cloud"):
        return _once(base, text), tag
    if "/" not in last and tag.endswith("-cloud"):
        return _once(f"{base}:{last.strip()[: -len('-cloud')]}", text), "cloud"
    return text.strip(), ""


def _once(base: str, text: str) -> str:
    tag = base.rpartition(":")[2].strip().lower()
    if ":" in base and (tag in ("local", "cloud") or ("/" not in tag and tag.endswith("-cloud"))):
        raise Refused(400, f'use either :local or :cloud, not both: "{text.strip()}"')
    return base
