"""Images between two real Dockers of different versions and stores: missing layers only, and usable afterwards."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from deploy.agent.contract.envelope import Request
from deploy.agent.contract.images import GiveRequest, TakeAnswer
from deploy.agent.contract.verbs import GIVE_IMAGE, LAYERS, TAKE_IMAGE
from deploy.agent.inputs.archive import Layer, archive_parts, configuration, stream
from deploy.apply.roles.process import PlaybookResult
from deploy.errors import KitError
from deploy.hosts.wire.talking import Agent, ask, ask_and_send, receive
from tests.e2e.agent_stack import busybox
from tests.roles.lab import AGENT, Lab, held, observed, put

pytestmark = [pytest.mark.docker, pytest.mark.network]
MIB = 2**20
LARGE = 24 * MIB
STACK: Any = {"stack": "lab", "root": "/opt/kit/lab"}
ASKED: Request = {"run": ""}


def layer(folder: Path, files: dict[str, tuple[bytes, int]]) -> Layer:
    """A layer of files with their modes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (content, mode) in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    (folder / digest).write_bytes(content)
    return Layer(f"sha256:{digest}", len(content), folder / digest)


class Host:
    """A host with a Docker of its own, and the agent beside it."""

    def __init__(self, name: str, *python: str) -> None:
        self.name = name
        self._python = python

    def docker(self, *words: str, given: IO[bytes] | None = None) -> str:
        argv = [*self._python[:-1], "docker", *words]
        return subprocess.run(argv, stdin=given, check=True, capture_output=True, text=True).stdout.strip()

    def load(self, archive: Path) -> None:
        with archive.open("rb") as content:
            self.docker("load", given=content)

    def gives(self, tag: str, has: list[str]) -> Any:
        request: GiveRequest = {"stack": "lab", "root": "/opt/kit/lab", "tag": tag, "has": has}
        return receive(self._started(GIVE_IMAGE), GIVE_IMAGE, request)

    def layers(self) -> list[str]:
        return ask(self._started(LAYERS), LAYERS, ASKED)["chains"]

    def takes(self, giver: Host, tag: str, run: str, has: list[str] | None = None) -> TakeAnswer:
        there = self.layers() if has is None else has
        request: Any = {**STACK, "run": run, "kind": "main", "tag": tag}
        return ask_and_send(self._started(TAKE_IMAGE), TAKE_IMAGE, request, lambda *_: giver.gives(tag, there))

    def _started(self, verb: str) -> Agent:
        argv = [*self._python, AGENT, verb]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def hosts(lab: Lab, first: PlaybookResult) -> dict[str, Host]:
    assert first.failures == ()
    for host in lab.values():
        observed(host)
    return {name: Host(name, "docker", "exec", "-i", host.name, "python3") for name, host in lab.items()}


class Versions:
    """Two versions of an image that differ in a small layer on top."""

    def __init__(self, folder: Path) -> None:
        low = layer(folder, {"bin/busybox": (busybox(), 0o755), "large": (uuid.uuid4().bytes * (LARGE // 16), 0o644)})
        self.tags: list[str] = []
        self.archives: list[Path] = []
        for number in (1, 2):
            recipe = uuid.uuid4().hex
            top = layer(folder, {"version": (f"{recipe}\n".encode(), 0o644)})
            image: Any = {"entrypoint": [], "environment": {}, "labels": {}, "digest": recipe, "workdir": "/"}
            parts = archive_parts(f"kit/main:{recipe}", configuration(image, [low, top]), [low, top])
            archive = folder / f"{number}.tar"
            with archive.open("wb") as output:
                output.writelines(stream(parts, lambda: None))
            self.tags.append(f"kit/main:{recipe}")
            self.archives.append(archive)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


def version_of(host: Host, tag: str) -> str:
    """Content of a file in the image's upper layer, read in a container by a program of its lower one."""
    return host.docker("run", "--rm", "--network=none", tag, "/bin/busybox", "cat", "/version")


WAYS = [
    ("bookworm-systemd", "trixie-systemd"),
    ("trixie-systemd", "bookworm-init"),
    ("bookworm-init", "trixie-systemd"),
]


@pytest.mark.parametrize(("giver", "taker"), WAYS)
def test_a_new_version_sends_its_own_layer_alone(
    lab: Lab, hosts: dict[str, Host], versions: Versions, giver: str, taker: str
) -> None:
    with held(lab[taker], {**STACK, "format": 1, "run": "transfer", "command": "kit apply"}):
        whole, change = brought(hosts[giver], hosts[taker], versions, "transfer")
    print(f"{giver} to {taker}: {whole} bytes, then {change}")
    assert LARGE < whole < LARGE + 4 * MIB
    assert change < 32 * 1024
    for tag in versions.tags:
        ids = {hosts[host].docker("inspect", "--format", "{{.Id}}", tag) for host in (giver, taker)}
        assert len(ids) == 1


@pytest.fixture
def containerd(lab: Lab, hosts: dict[str, Host]) -> Iterator[Host]:
    """A host whose Docker keeps images in the containerd store, for as long as the test runs."""
    host, settings = lab["trixie-systemd"], "/etc/docker/daemon.json"
    before = host.run("cat", settings).stdout
    host.read("systemctl", "stop", "docker.socket", "docker", "containerd")
    # The disk of the lab's own container is an overlay, and no overlay lies on another one.
    host.read("mkdir", "-p", "/var/lib/docker/containerd-store", "/var/lib/containerd")
    host.read("mount", "--bind", "/var/lib/docker/containerd-store", "/var/lib/containerd")
    put(host, settings, json.dumps({"features": {"containerd-snapshotter": True}}))
    host.read("systemctl", "start", "containerd", "docker")
    assert "io.containerd" in host.read("docker", "info", "--format", "{{.DriverStatus}}")
    yield hosts["trixie-systemd"]
    host.read("systemctl", "stop", "docker.socket", "docker", "containerd")
    host.read("umount", "/var/lib/containerd")
    put(host, settings, before) if before else host.read("rm", settings)
    host.read("systemctl", "start", "containerd", "docker")


def test_the_containerd_store_takes_and_gives_missing_layers_alone(
    lab: Lab, hosts: dict[str, Host], containerd: Host, tmp_path: Path
) -> None:
    with held(lab["trixie-systemd"], {**STACK, "format": 1, "run": "transfer", "command": "kit apply"}):
        received = brought(hosts["bookworm-systemd"], containerd, Versions(tmp_path), "transfer")
    assert (received[0] > LARGE, received[1] < 32 * 1024) == (True, True)
    (tmp_path / "back").mkdir()
    with held(lab["bookworm-systemd"], {**STACK, "format": 1, "run": "transfer", "command": "kit apply"}):
        received = brought(containerd, hosts["bookworm-systemd"], Versions(tmp_path / "back"), "transfer")
    assert (received[0] > LARGE, received[1] < 32 * 1024) == (True, True)


def brought(giver: Host, taker: Host, versions: Versions, run: str) -> list[int]:
    """Bring both versions of an image to a host, use each there, and return the bytes that each took."""
    received = []
    for tag, archive in zip(versions.tags, versions.archives, strict=True):
        giver.load(archive)
        answer = taker.takes(giver, tag, run)
        assert answer["image"] is not None
        received.append(answer["received"])
        assert version_of(taker, tag) == tag.partition(":")[2]
    return received


def test_an_image_whose_lower_layer_is_not_there_is_taken_whole_at_the_second_try(
    lab: Lab, hosts: dict[str, Host], versions: Versions
) -> None:
    giver, taker, tag = hosts["bookworm-systemd"], hosts["trixie-systemd"], versions.tags[0]
    giver.load(versions.archives[0])
    wrong = giver.layers()
    with held(lab["trixie-systemd"], {**STACK, "format": 1, "run": "transfer", "command": "kit apply"}):
        assert taker.takes(giver, tag, "transfer", wrong)["image"] is None
        assert taker.takes(giver, tag, "transfer", [])["image"] is not None
    assert version_of(taker, tag) == tag.partition(":")[2]


def test_a_giver_that_lost_the_image_says_so_and_nothing_is_left(lab: Lab, hosts: dict[str, Host]) -> None:
    tag = f"kit/main:{uuid.uuid4().hex}"
    with (
        held(lab["trixie-systemd"], {**STACK, "format": 1, "run": "transfer", "command": "kit apply"}),
        pytest.raises(KitError, match=rf"Docker does not have {tag} any more"),
    ):
        hosts["trixie-systemd"].takes(hosts["bookworm-systemd"], tag, "transfer")
    assert hosts["trixie-systemd"].docker("images", "--quiet", tag) == ""
