"""No secret's value is anywhere but in its own file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.evidence import Evidence
from tests.e2e.stack import Stack, docker_client

pytestmark = pytest.mark.e2e


def test_no_secret_is_in_files_containers_logs_or_in_anything_that_was_printed(
    stack: Stack, evidence: Evidence
) -> None:
    names = [one["name"] for one in stack.kit("secret list", "--json").here["secrets"]]
    values = {name: stack.secret(name) for name in names}
    assert len(values) >= 5
    assert all(len(value) >= 32 for value in values.values())

    places = dict(everything(stack, evidence))
    leaks = [(name, place) for place, text in places.items() for name, value in values.items() if value in text]

    assert leaks == []
    assert any(values["litellm_master_key"] in text for _, text in secret_files(stack)), (
        "the search finds what is there"
    )


def test_secrets_and_copies_of_user_data_are_for_root_alone(stack: Stack) -> None:
    for folder in (stack.root / "secrets", stack.root / "copies"):
        open_to_others = [path for path in folder.glob("*/*") if path.stat().st_mode & 0o077]
        assert open_to_others == []


def everything(stack: Stack, evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Return every place where a value could be seen, with its text."""
    # User data may hold a key: Open WebUI keeps that of its engine in its database.
    private = {stack.root / "secrets", stack.root / "copies", stack.root / "backup/copies/data"}
    yield from texts(path for path in stack.root.rglob("*") if not private & set(path.parents))
    yield from texts(stack.place.folder.rglob("*"))
    yield "printed", evidence.text()
    with docker_client() as client:
        for name, one in stack.containers().items():
            yield f"inspect {name}", json.dumps(one.inspect)
            yield f"arguments of {name}", json.dumps(one.container.top())
            yield f"logs of {name}", one.container.logs().decode(errors="replace")
            yield f"image of {name}", json.dumps(client.images.get(one.image).history())


def secret_files(stack: Stack) -> Iterator[tuple[str, str]]:
    """Return the files that do hold secrets."""
    return texts((stack.root / "secrets").rglob("*"))


def texts(paths: Iterator[Path]) -> Iterator[tuple[str, str]]:
    """Return each file's text by its path."""
    return ((str(path), path.read_text(errors="replace")) for path in paths if path.is_file())
