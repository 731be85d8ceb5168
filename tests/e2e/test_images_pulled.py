"""Images that a registry has: locked by what their name means today, pulled by digest, collected when unneeded."""

from __future__ import annotations

import json
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.hosts.wire.transport import AgentFailedError
from deploy.reference import pull_name
from deploy.registries.registry import PulledImage, resolve_image
from tests.e2e.addresses import bridge_address
from tests.e2e.agent_stack import AgentStack, Document, docker, import_image
from tests.e2e.image_registry import ImageRegistry, running_registry
from tests.little_registry import LittleRegistry
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
HASHED = "$2y$05$abcdefghijklmnopqrstuu3Jd./u/rH1RxB6auX5v7gLP6uWhKCgG"
"""`let-me-in`, as the registry keeps it."""
HEALTHY = "/bin/busybox touch /ok; while :; do /bin/busybox sleep 1; done"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[ImageRegistry]:
    with running_registry(tmp_path) as running:
        yield running


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[AgentStack]:
    made = AgentStack(tmp_path)
    yield made
    made.remove()
    for name in names_of(made.name):
        docker("rmi", "-f", name, check=False)


@pytest.fixture
def pushed(registry: ImageRegistry, stack: AgentStack) -> PulledImage:
    """An image that the registry has for two platforms, and Docker not any more."""
    registry.push(f"some/{stack.name}", ("arm64", "amd64"))
    assert names_of(stack.name) == []
    return resolve_image(f"{registry.host}/some/{stack.name}:1", Fetch())


def names_of(part: str) -> list[str]:
    """Every name under which Docker knows an image, by a part of it."""
    listed = docker(
        "image", "ls", "--all", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}"
    ).splitlines()
    found = [line.split() for line in listed if part in line]
    return sorted(f"{name}:{tag}" if tag != "<none>" else f"{name}@{digest}" for name, tag, digest in found)


def entry(stack: AgentStack, image: PulledImage) -> Document:
    reference = f"kit/{stack.name}:{image.digest.removeprefix('sha256:')}"
    pull = {"from": pull_name(image.repository, image.digest, {}), "size": image.size_bytes}
    return {"kind": stack.name, "reference": reference, "pull": pull}


def bring(stack: AgentStack, image: PulledImage) -> Document:
    with stack.held():
        return stack.call("image", **asked(stack, image))


def asked(stack: AgentStack, image: PulledImage) -> dict[str, Any]:
    return {"images": [entry(stack, image)], "cache": str(stack.root / "cache"), "uv": "", "force": False}


def test_a_list_of_platforms_is_locked_pulled_and_named_by_the_one_digest(
    stack: AgentStack, pushed: PulledImage, registry: ImageRegistry
) -> None:
    tag = entry(stack, pushed)["reference"]
    answer = bring(stack, pushed)
    (brought,) = answer["images"]
    assert (answer["changed"], brought["tag"], brought["built"]) == (True, tag, True)
    seen = json.loads(docker("image", "inspect", tag))[0]
    assert seen["Id"] == brought["id"]
    assert f"{pushed.repository}@{pushed.digest}" in seen["RepoDigests"]
    assert any(line["text"].startswith("pulling") for line in stack.lines)

    registry.stop()
    assert not bring(stack, pushed)["changed"]
    docker("rmi", tag)
    assert bring(stack, pushed)["changed"]
    assert names_of(stack.name) == sorted([tag, f"{pushed.repository}@{pushed.digest}"])


def test_a_container_runs_on_a_pulled_image_and_the_last_release_that_needs_it_takes_it_along(
    stack: AgentStack, pushed: PulledImage
) -> None:
    bring(stack, pushed)
    tag = entry(stack, pushed)["reference"]
    with_it = stack.bundle({"one": stack.block("one", HEALTHY, tag)})
    stack.apply(with_it)
    collect(stack, with_it.release)
    assert tag in names_of(stack.name)

    without = stack.bundle({})
    stack.apply(without)
    assert collect(stack, without.release)["images"] != []
    assert names_of(stack.name) == []


def test_a_persons_own_name_for_a_pulled_image_stays(stack: AgentStack, pushed: PulledImage) -> None:
    bring(stack, pushed)
    own = f"{stack.name}-mine:1"
    docker("tag", entry(stack, pushed)["reference"], own)
    collect(stack)
    assert [name for name in names_of(stack.name) if "@" not in name] == [own]


def test_an_image_that_another_stack_has_brought_and_not_placed_yet_stays(
    stack: AgentStack, pushed: PulledImage, tmp_path: Path
) -> None:
    beside = AgentStack(tmp_path)
    for one in (stack, beside):
        with one.held():
            one.call("image", **asked(stack, pushed))

    assert collect(beside)["images"] == []
    assert entry(stack, pushed)["reference"] in names_of(stack.name)
    assert collect(stack)["images"] != []
    assert names_of(stack.name) == []
    beside.remove()


def test_a_name_that_was_given_to_another_image_is_set_right(
    stack: AgentStack, pushed: PulledImage, registry: ImageRegistry
) -> None:
    registry.push(f"other/{stack.name}")
    other = f"{registry.host}/other/{stack.name}:1"
    docker("pull", "-q", other)
    docker("tag", other, entry(stack, pushed)["reference"])
    answer = bring(stack, pushed)
    assert answer["changed"]
    inspected = json.loads(docker("image", "inspect", entry(stack, pushed)["reference"]))[0]
    assert f"{pushed.repository}@{pushed.digest}" in inspected["RepoDigests"]


def test_an_interrupted_pull_is_pulled_again_and_what_it_left_is_collected(
    stack: AgentStack, pushed: PulledImage, registry: ImageRegistry
) -> None:
    with stack.held():
        with registry.silent():
            agent = stack.start_agent("image", {**stack.base(), **asked(stack, pushed)})
            wait_until(lambda: is_pulling(stack), "the pull has begun", saw=lambda: stack.lines[-5:])
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
        assert names_of(stack.name) == []
        assert stack.call("image", **asked(stack, pushed))["changed"]
    docker("rmi", entry(stack, pushed)["reference"])
    collect(stack)
    assert names_of(stack.name) == []


def is_pulling(stack: AgentStack) -> bool:
    return any(line["step"] == f"image {stack.name}" for line in stack.lines)


def test_an_error_in_the_middle_of_a_pull_is_told_although_docker_began_with_200(
    stack: AgentStack, pushed: PulledImage, registry: ImageRegistry
) -> None:
    registry.lose_layers()
    with pytest.raises(AgentFailedError) as failure:
        bring(stack, pushed)
    assert f"{pushed.repository}@{pushed.digest} could not be pulled" in failure.value.problem
    assert "not found" in failure.value.problem or "unknown" in failure.value.problem
    assert names_of(stack.name) == []


def test_a_registry_that_is_gone_is_named_with_what_to_look_at(
    stack: AgentStack, pushed: PulledImage, registry: ImageRegistry
) -> None:
    registry.stop()
    with pytest.raises(AgentFailedError) as failure:
        bring(stack, pushed)
    assert "connection refused" in failure.value.problem
    assert f"Docker reaches {registry.host}" in failure.value.next_step
    with pytest.raises(KitError, match=f"{registry.host} does not answer"):
        resolve_image(f"{registry.host}/some/{stack.name}:1", Fetch())


@pytest.mark.parametrize(
    ("status", "code", "next_step"),
    [
        (401, "UNAUTHORIZED", "as root: docker login 127.0.0.1:"),
        (403, "DENIED", "as root: docker login 127.0.0.1:"),
        (404, "MANIFEST_UNKNOWN", "kit lock"),
        (429, "TOOMANYREQUESTS", "try again later"),
        (500, "UNKNOWN", "reaches 127.0.0.1:"),
    ],
)
def test_what_a_registry_refuses_docker_is_told_with_what_to_do(
    status: int, code: str, next_step: str, stack: AgentStack
) -> None:
    words = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()
    with LittleRegistry().served() as registry:
        registry.has["/v2/"] = b"{}"
        registry.instead["/v2/some/"] = (status, {"Content-Type": "application/json"}, words)
        with pytest.raises(AgentFailedError) as failure:
            bring(stack, PulledImage(f"{registry.host}/some/image", f"sha256:{'404' * 21}4", 1))
    assert next_step in failure.value.next_step, failure.value.problem


def test_a_private_image_is_locked_and_pulled_with_dockers_own_login(
    stack: AgentStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    with running_registry(tmp_path, password=HASHED) as private:
        docker("login", "-u", "ada", "-p", "let-me-in", private.host)
        reference = f"{private.host}/some/{stack.name}:1"
        import_image(reference, uuid.uuid4().hex)
        docker("push", reference)
        docker("rmi", reference)
        image = resolve_image(reference, Fetch())
        assert bring(stack, image)["changed"]
        for name in names_of(stack.name):
            docker("rmi", "-f", name)

        docker("logout", private.host)
        with pytest.raises(KitError, match="refuses"):
            resolve_image(reference, Fetch())
        with pytest.raises(AgentFailedError) as failure:
            bring(stack, image)
        assert f"as root: docker login {private.host}" in failure.value.next_step


def test_compose_pulls_nothing_by_itself(stack: AgentStack, pushed: PulledImage) -> None:
    with pytest.raises(AgentFailedError, match="docker compose failed"):
        stack.apply(stack.bundle({"one": stack.block("one", HEALTHY, f"{pushed.repository}:1")}))
    assert names_of(f"some/{stack.name}") == []


def test_plain_http_beyond_this_machine_is_refused_with_the_line_that_allows_it(
    stack: AgentStack, tmp_path: Path
) -> None:
    with running_registry(tmp_path, bridge_address()) as beyond, pytest.raises(AgentFailedError) as failure:
        bring(stack, PulledImage(f"{beyond.host}/some/{uuid.uuid4().hex}", f"sha256:{'1' * 64}", 1))
    assert f'"insecure-registries": ["{beyond.host}"]' in failure.value.next_step


def collect(stack: AgentStack, *keep: str) -> Document:
    with stack.held():
        return stack.call("collect", keep=list(keep))
