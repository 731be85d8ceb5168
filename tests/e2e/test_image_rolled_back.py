"""A new image that does not work is rolled back together with the data that it damaged."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml

from tests.e2e.place import Document
from tests.e2e.stack import Stack, docker_client
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e

NEVER_RUN = ["true"]
SPOILING = b"#!/bin/sh\necho spoiled > /data/webui.db\necho 'the new release does not start' >&2\nexit 1\n"


def test_an_image_that_spoils_the_chats_is_rolled_back_with_them(stack: Stack) -> None:
    person = Person(stack)
    chat = person.write_chat("Lanterns", "There are eleven of them.")
    before, release = stack.containers(), stack.release

    with broken_image_in_the_lock(stack):
        problem = stack.apply(code=1).document["error"]["problem"]

    after = stack.containers()
    assert after["open_webui"].image == before["open_webui"].image
    assert after["open_webui"].health == "healthy"
    assert {name for name in after if after[name] == before[name]} == {"main", "litellm"}
    assert stack.release == release
    assert "eleven" in Person(stack).chat_text(chat)
    assert "the new release does not start" in problem
    assert "since the update" in problem, "what is lost is said"
    assert any(path.read_bytes() == b"spoiled\n" for path in stack.data.rglob("webui.db")) or "spoiled" in problem
    assert stack.is_settled


@contextmanager
def broken_image_in_the_lock(stack: Stack) -> Iterator[None]:
    """Lock another set of wheels, and put the image of that recipe there before kit assembles it: one that spoils."""
    right = stack.service("open_webui").image
    with stack.place.changed_lock(forget_a_wheel), docker_client() as client:
        wanted = wanted_image(stack)
        assert wanted != right
        base = client.containers.create(right, NEVER_RUN)
        try:
            base.put_archive("/usr/bin", archive("python3", SPOILING))
            name, _, recipe = wanted.partition(":")
            base.commit(name, recipe, conf={"Labels": {"kit.recipe": recipe}})
        finally:
            base.remove()
        try:
            yield
        finally:
            client.images.remove(wanted, force=True)


def wanted_image(stack: Stack) -> str:
    """Return the web UI's image as the compose file would name it."""
    rendered = stack.place.folder / "rendered"
    stack.kit("render", "--out", str(rendered), "--json")
    compose = yaml.safe_load(next(rendered.rglob("compose.yaml")).read_text())
    image: str = compose["services"]["open_webui"]["image"]
    return image


def forget_a_wheel(lock: Document) -> None:
    """Lock one wheel less."""
    del lock["images"]["open_webui"]["wheels"][-1]


def archive(name: str, content: bytes) -> bytes:
    """Return a tar with one program in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o755
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
