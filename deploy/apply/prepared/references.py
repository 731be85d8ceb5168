"""Secrets that a person keeps elsewhere, or that other hosts own: read for an apply, and kept nowhere here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from deploy.agent.line import Line
from deploy.decide.desired import Desired, Share
from deploy.deployment.secrets import Secret
from deploy.errors import KitError, Problem, SpecError
from deploy.hosts.observation.observe import Observation
from deploy.hosts.parallel import in_parallel
from deploy.hosts.secret_values import lent_by
from deploy.hosts.wire.transport import Transport
from deploy.stack import Stack

LARGEST = 64 * 1024
SHORTEST = 8
"""Minimum length of a secret: shorter ones are guessable and match ordinary text."""


NOT_MADE = ""
"""Value of a secret that its owner has not made yet: every copy differs from it."""


class Given(dict[str, str]):
    """Values by the names of their secrets; prints as nothing."""

    def __repr__(self) -> str:
        return "[redacted]"


def lent_values(desired: Desired, hosts: Mapping[str, Transport]) -> dict[str, Given]:
    """Return, by host, the values of secrets that other hosts own, as far as they can be asked now.

    Each owner is asked once for all readers: with the probe, an apply without work asks a host twice at most.
    """
    borrowing = [share for share in desired.shares if share.borrowed and share.host in hosts]
    lent: dict[str, dict[str, Secret]] = {}
    for share in borrowing:
        for secret in share.deployment.secrets:
            if (lender := share.borrowed.get(secret.name)) in hosts:
                lent.setdefault(str(lender), {})[secret.name] = secret
    stack = Stack(desired.stack)
    asked = {lender: partial(_lent, stack, hosts[lender], secrets) for lender, secrets in lent.items()}
    values = in_parallel(asked)
    return {share.host: Given() for share in desired.shares} | {
        share.host: Given(
            {
                name: values[lender][name]
                for name, lender in share.borrowed.items()
                if lender in values and name in values[lender]
            }
        )
        for share in borrowing
    }


def _lent(stack: Stack, lender: Transport, secrets: Mapping[str, Secret]) -> dict[str, str]:
    try:
        known = lent_by(stack, lender, secrets.values())
    except KitError:
        # A host that does not answer, or that lets only root read them, says nothing about its readers' copies.
        return {}
    # Its owner makes a missing one, so every copy is out of date.
    return dict.fromkeys(secrets, NOT_MADE) | known


class _NotGivenError(Exception):
    """A value cannot be read; the message says what a person does about it."""


class _NoKeyError(_NotGivenError):
    """A value cannot be a key, whatever the host has already."""


def given_values(desired: Share) -> Given:
    """Read what can be read; what cannot is missed only where the host lacks it."""
    given = Given()
    for secret in _referred(desired):
        try:
            given[secret.name] = _read(secret, desired.path.parent)
        except _NotGivenError:
            continue
    return given


def ensure_given(desired: Share, observation: Observation) -> None:
    """Raise SpecError with every secret that cannot be read here and that the host lacks, or that is no key."""
    problems = []
    for secret in _referred(desired):
        try:
            _read(secret, desired.path.parent)
        except _NotGivenError as problem:
            if isinstance(problem, _NoKeyError) or (secret.owner, secret.name) not in observation.secrets:
                problems += [_problem(desired.path, secret, str(problem))]
    if problems:
        raise SpecError(problems, "nothing was changed; mend this, then run the same command again")


def _referred(desired: Share) -> Iterator[Secret]:
    return (secret for secret in desired.deployment.secrets if secret.reference)


def key_in(path: Path) -> str:
    """Return the key that a file holds; raise KitError if it cannot be read."""
    try:
        return _file(path)
    except _NotGivenError as problem:
        raise KitError(f"--key: {problem}", "nothing was changed") from None


def _read(secret: Secret, folder: Path) -> str:
    reference = secret.reference
    kind, _, place = reference.partition(":")
    value = _variable(place) if kind == "env" else _file(folder / place)
    if not value.isascii() or not value.isprintable() or " " in value:
        raise _NoKeyError(f"{reference} holds what is no key: it must be one line of letters, digits and signs")
    if len(value) < SHORTEST:
        raise _NoKeyError(
            f"{reference} holds {len(value)} characters, and a key has {SHORTEST} or more; "
            f"{'choose' if secret.prefix else 'give the engine'} a longer one, and write that there"
        )
    return value


def _variable(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise _NotGivenError(
            f"the variable {name} is not set here; type `export {name}=...`, and with sudo "
            f"`{Line('apply').as_root(f'--preserve-env={name}')}`"
        )
    return value


def _file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            value = stream.read(LARGEST).decode().strip()
    except (OSError, UnicodeDecodeError) as problem:
        words = problem.strerror if isinstance(problem, OSError) else "it is not text"
        raise _NotGivenError(f"{path} cannot be read: {words}; write the key into it") from None
    if not value:
        raise _NotGivenError(f"{path} is empty; write the key into it")
    return value


def _problem(path: Path, secret: Secret, words: str) -> Problem:
    """Return the problem at the place in kit.yaml where the reference is written."""
    from deploy.reading.document import path_text
    from deploy.reading.tree import read_document
    from deploy.spec.loading.loader import LARGEST as LARGEST_SPEC

    document = read_document(path, LARGEST_SPEC, "")
    matches = [place for place in document.values if _value(document.data, place) == secret.reference]
    # Several secrets may have the same reference: the place of this secret comes first.
    own = [place for place in matches if _value(document.data, (*place[:-1], "name")) == secret.owner]
    fronts = [place for place in matches if path_text(place).startswith("gateway")]
    return document.problem(next(iter((*own, *fronts, *matches)), ("engines",)), words)


def _value(data: Any, place: tuple[str | int, ...]) -> Any:
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
