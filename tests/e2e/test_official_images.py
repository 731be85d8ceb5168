"""The quickstart with official images in place of assembled ones: up, verified, rolled back, and assembled again.

The images hold the assembled ones' programs in the official ones' shape, and come from a registry of this machine.
They take minutes to be published, so this stack is one of its own, beside the quickstart's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from deploy.decide.desired import recall_desired
from tests.doubles.registry.official import publish_official
from tests.e2e.agent_stack import docker
from tests.e2e.evidence import Evidence
from tests.e2e.image_registry import ImageRegistry, running_registry
from tests.e2e.place import FOLDER, NAME, Document, Place
from tests.e2e.stack import Stack
from tests.e2e.webui import Person

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
OWN_NAME = NAME.replace("e2e", "pull")
FAILING = b"#!/bin/sh\necho 'the pulled release does not start' >&2\nexit 1\n"
SERVICES = {"main": "llama_cpp", "litellm": "litellm", "open_webui": "open_webui"}


class Pulled(Stack):
    """The quickstart under a name of its own."""

    name = OWN_NAME
    root = Path("/opt/kit") / OWN_NAME
    data = Path("/srv/kit") / OWN_NAME


@pytest.fixture
def stack(evidence: Evidence) -> Iterator[Stack]:
    """The stack, not applied yet."""
    stack = Pulled(Place(FOLDER.with_name("pulled"), OWN_NAME), evidence)
    stack.place.prepare()
    stack.destroy()
    try:
        yield stack
    finally:
        stack.place.mend()
        stack.destroy()


@pytest.fixture
def assembled(stack: Stack) -> dict[str, str]:
    """The assembled images by service; the quickstart's stack has brought them, unless this test runs alone."""
    services = recall_desired(stack.place.spec_path).shares[0].deployment.services
    images = {service.name: service.image.reference for service in services}
    if any(docker("image", "ls", "--quiet", image) == "" for image in images.values()):
        stack.apply()
    return images


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[ImageRegistry]:
    with running_registry(tmp_path) as running:
        yield running
    shutil.rmtree(running.storage)


def pulled_from(registry: ImageRegistry) -> Callable[[Document], None]:
    """Take every image from a registry that stands for the public ones."""
    place = f"http://{registry.host}"
    return lambda spec: spec.update(images={"source": "pull"}, mirrors={"registry": place, "ghcr": place})


def test_official_images_come_up_are_rolled_back_and_make_room_for_assembled_ones(
    stack: Stack, assembled: dict[str, str], registry: ImageRegistry
) -> None:
    bases = {SERVICES[name]: image for name, image in assembled.items()}
    digests = {kind: publish_official(registry.host, kind, bases[kind]) for kind in SERVICES.values()}

    with stack.place.changed(pulled_from(registry)), stack.place.changed_lock(lambda _: None):
        stack.kit("lock")
        assert locked_digests(stack) == set(digests.values())
        stack.apply()
        pulled = stack.containers()
        assert {name: one.image for name, one in pulled.items()} == names_of(digests)
        assert {one.health for one in pulled.values()} == {"healthy"}
        decided = conditions(stack)
        assert stack.is_settled
        assert stack.kit("status", "--json").here["verified"]
        chat = Person(stack).write_chat("Lanterns", "There are eleven of them.")

        failing = publish_official(registry.host, "open_webui", bases["open_webui"], {"usr/bin/python3": FAILING})
        assert not stack.kit("lock", "--json").document["changed"], "a name that moved is not followed"
        assert stack.is_settled
        (change,) = stack.kit("lock", "--upgrade", "open_webui", "--json").document["changes"]
        assert failing.removeprefix("sha256:")[:12] in change
        problem = stack.apply(code=1).document["error"]["problem"]
        assert "the pulled release does not start" in problem
        after = stack.containers()
        assert {name: one.image for name, one in after.items()} == names_of(digests)
        assert {one.health for one in after.values()} == {"healthy"}
        assert "eleven" in Person(stack).chat_text(chat)

    stack.apply()
    assert {name: one.image for name, one in stack.containers().items()} == assembled
    assert conditions(stack) == decided
    assert "eleven" in Person(stack).chat_text(chat)


def locked_digests(stack: Stack) -> set[str]:
    """Return the digests in kit.lock."""
    images = yaml.safe_load(stack.place.lock_path.read_text())["images"].values()
    assert {image["source"] for image in images} == {"pull"}
    return {f"sha256:{image['digest']}" for image in images}


def names_of(digests: dict[str, str]) -> dict[str, str]:
    """Return the kit's names for pulled images, by service."""
    return {name: f"kit/{kind}:{digests[kind].removeprefix('sha256:')}" for name, kind in SERVICES.items()}


def conditions(stack: Stack) -> dict[str, Document]:
    """Return what the kit decides for each container, whatever image it runs."""
    return {name: _condition(one.inspect) for name, one in stack.containers().items()}


def _condition(inspected: Document) -> Document:
    host, config = inspected["HostConfig"], inspected["Config"]
    kept = {key: host[key] for key in ("ReadonlyRootfs", "CapAdd", "CapDrop", "SecurityOpt", "Tmpfs", "PortBindings")}
    mounts = sorted((one["Source"], one["Destination"], one["RW"]) for one in inspected["Mounts"])
    return {**kept, "user": config["User"], "mounts": mounts, "entrypoint": config["Entrypoint"]}
