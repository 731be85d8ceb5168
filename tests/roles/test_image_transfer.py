"""Images between two real Dockers of different versions and stores: missing layers only, and usable afterwards."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import uuid
from pathlib import Path
from typing import IO, Any

import pytest

from deploy.agent.contract.envelope import Request
from deploy.agent.contract.images import GiveRequest, TakeAnswer
from deploy.agent.contract.verbs import GIVE_IMAGE, LAYERS, TAKE_IMAGE
from deploy.agent.inputs.archive import Layer, archive_parts, configuration, stream
from deploy.apply.process import PlaybookResult
from deploy.errors import KitError
from deploy.hosts.talking import Agent, ask, ask_and_send, receive
from tests.e2e.agent_stack import busybox
from tests.roles.lab import AGENT, Lab, held, observed

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
    """What a container of the image reads in its upper layer, by a program of its lower one."""
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
    old, new = versions.tags
    for archive in versions.archives:
        hosts[giver].load(archive)
    with held(lab[taker], {**STACK, "format": 1, "run": "transfer", "command": "kit apply"}):
        first = hosts[taker].takes(hosts[giver], old, "transfer")
        second = hosts[taker].takes(hosts[giver], new, "transfer")
    print(f"{giver} to {taker}: {first['received']} bytes, then {second['received']}")
    assert LARGE < first["received"] < LARGE + 4 * MIB
    assert second["received"] < 32 * 1024
    for tag in (old, new):
        assert version_of(hosts[taker], tag) == tag.partition(":")[2]
        ids = {host: hosts[host].docker("inspect", "--format", "{{.Id}}", tag) for host in (giver, taker)}
        assert ids[giver] == ids[taker]
    assert second["image"] is not None
    assert second["image"]["id"] == ids[taker]


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
