"""Images are assembled from Debian's mirror and the package index: equal from nothing, and no trace of a stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uv
import yaml

from deploy.agent.inputs.sources import host_mirror
from tests.e2e.closed import closed
from tests.e2e.proxies import forward_proxy, tls_proxy
from tests.tree import REPOSITORY
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
Document = dict[str, Any]
DEBIAN = ["ca-certificates", "libstdc++6", "python3"]
# What asks for numpy's libstdc++, and little besides.
FEW = ("click", "idna", "numpy")
LIGHT_BYTES = 2**19
HOST_PYTHON = "/usr/bin/python3"
MIRROR = "debian.test"
PROXY_PORT = 3128
PUBLIC_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def docker(*words: str, check: bool = True) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=check).stdout.strip()


class Builder:
    """A host's folders, empty at first, and its agent."""

    def __init__(self, folder: Path, python: str, closed: tuple[str, ...] = (), **places: Any) -> None:
        self.folder = folder
        self.closed = closed
        self.places = {"mirrors": {"debian": None, "pypi": None}, "proxy": None, "ca": None} | places
        self.python = python
        self.cache = folder / "cache"
        folder.mkdir(exist_ok=True)
        self.base: Document = {"format": 1, "stack": "t-images", "root": str(folder / "root"), "run": uuid.uuid4().hex}

    def request(self, images: list[Document], **more: Any) -> Document:
        mine = {"cache": str(self.cache), "images": images, "force": False, "uv": uv.find_uv_bin()}
        return {**self.base, **mine, **self.places, **more}

    @contextmanager
    def held(self) -> Iterator[None]:
        with self._started("hold", subprocess.PIPE) as hold:
            assert hold.stdin is not None
            assert hold.stdout is not None
            hold.stdin.write(json.dumps(self.base) + "\n")
            hold.stdin.flush()
            assert json.loads(hold.stdout.readline())["held"] is True
            try:
                yield
            finally:
                hold.stdin.close()
                hold.wait(PATIENCE_SECONDS)

    @contextmanager
    def building(self, request: Document) -> Iterator[subprocess.Popen[str]]:
        asked = self.folder / "request.json"
        asked.write_text(json.dumps(request))
        with self.held(), asked.open() as stdin, self._started("image", stdin) as agent:
            yield agent

    def build(self, images: list[Document], **more: Any) -> Document:
        with self.building(self.request(images, **more)) as agent:
            answer: Document = json.loads(agent.communicate(timeout=900)[0])
        assert agent.returncode == 0, answer
        return answer

    def journal(self) -> str:
        path = self.folder / "root" / "run" / "journal.jsonl"
        return path.read_text() if path.exists() else ""

    def _started(self, verb: str, stdin: Any) -> subprocess.Popen[str]:
        argv = [*(self.closed if verb == "image" else ()), self.python, "-m", "deploy.agent", verb]
        return subprocess.Popen(argv, cwd=REPOSITORY, stdin=stdin, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def images() -> Iterator[list[Document]]:
    """Two images on one root filesystem, of wheels that the quickstart's lock names: all the light ones, and a few."""
    lock = yaml.safe_load((REPOSITORY / "inventories" / "quickstart" / "kit.lock").read_text())
    every: list[Document] = lock["images"]["litellm"]["wheels"]
    light = [wheel for wheel in every if wheel["size"] < LIGHT_BYTES]
    few = [wheel for wheel in every if wheel["name"] in FEW]
    # Of nobody else's runs on this machine.
    asked = [image_of(kind, uuid.uuid4().hex * 2, some) for kind, some in (("t_light", light), ("t_few", few))]
    yield asked
    for image in asked:
        docker("rmi", "-f", image["tag"], check=False)


def image_of(kind: str, digest: str, wheels: list[Document]) -> Document:
    return {
        "kind": kind,
        "tag": f"kit-test/{kind}:{digest}",
        "digest": digest,
        "suite": "bookworm",
        "debian": DEBIAN,
        "python": "3.11",
        "wheels": wheels,
        "bytecode": ["click"],
        "entrypoint": [],
        "environment": {"PATH": "/opt/venv/bin:/usr/bin:/bin"},
        "workdir": "/",
        "labels": {},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_two_builds_from_nothing_give_the_same_images_the_second_in_a_closed_network(
    folder: Path, images: list[Document]
) -> None:
    first = built(Builder(folder / "one", sys.executable), images)
    assert_usable(images)
    docker("rmi", "-f", *[image["tag"] for image in images])

    with closed_network(folder) as (builder, hosts):
        second = built(builder, images)

    assert first == second
    # Debian's packages, and the package index; of Debian only the mirror that was named.
    assert MIRROR in hosts
    assert len(hosts) > 1
    assert urlsplit(host_mirror("debian")).hostname not in hosts


def built(builder: Builder, images: list[Document]) -> list[str]:
    """Build from nothing and return the ids."""
    answer = builder.build(images)
    assert answer["changed"] is True
    assert_left_alone(builder, images)
    assert_records_versions(builder, answer)
    return [image["id"] for image in answer["images"]]


@contextmanager
def closed_network(folder: Path) -> Iterator[tuple[Builder, set[str]]]:
    """A host that reaches a proxy alone, and through it a Debian mirror that an authority of its own vouches for."""
    socket, bundle = folder / "proxy.sock", folder / "authorities.pem"
    with tls_proxy(MIRROR, host_mirror("debian"), folder, under_own_name=True) as port:
        public = Path(ssl.get_default_verify_paths().cafile or PUBLIC_AUTHORITIES)
        bundle.write_bytes(public.read_bytes() + (folder / "certificate.pem").read_bytes())
        with forward_proxy(socket, {MIRROR: port}) as hosts:
            mirrors = {"debian": f"https://{MIRROR}/debian", "pypi": None}
            places = {"mirrors": mirrors, "proxy": f"http://127.0.0.1:{PROXY_PORT}", "ca": str(bundle)}
            yield Builder(folder / "two", HOST_PYTHON, closed(socket, PROXY_PORT), **places), hosts


def assert_left_alone(builder: Builder, images: list[Document]) -> None:
    """An image that is there under its recipe is not made again."""
    again = builder.build(images)
    assert again["changed"] is False
    assert [image["built"] for image in again["images"]] == [False, False]
    assert [path.name for path in builder.cache.glob("work")] == []


def assert_records_versions(builder: Builder, answer: Document) -> None:
    """The versions that Debian had are kept where status reads them."""
    for image in answer["images"]:
        record = builder.folder / "root" / "run" / "images" / f"{image['tag'].split(':')[1]}.json"
        assert json.loads(record.read_text())["debian_versions"]["python3"].startswith("3.11")


def assert_usable(images: list[Document]) -> None:
    """They share their root filesystem, and run as anybody with nothing writable."""
    layers = [json.loads(docker("image", "inspect", image["tag"]))[0] for image in images]
    assert layers[0]["RootFS"]["Layers"][0] == layers[1]["RootFS"]["Layers"][0]
    assert [layer["Config"]["Labels"]["kit.recipe"] for layer in layers] == [image["digest"] for image in images]
    closed = ("--rm", "--read-only", "--user", "12345:12345", "--cap-drop", "ALL", "--network", "none")
    code = "import numpy, sys; print(sys.prefix, numpy.ones(3).sum())"
    assert docker("run", *closed, images[1]["tag"], "python3", "-c", code) == "/opt/venv 3.0"
    code = "import click, idna, pathlib; print([pathlib.Path(one.__cached__).exists() for one in (click, idna)])"
    assert docker("run", *closed, images[1]["tag"], "python3", "-c", code) == "[True, False]"


def test_a_build_that_is_stopped_leaves_no_program_and_nothing_half_written(
    folder: Path, images: list[Document]
) -> None:
    builder = Builder(folder, HOST_PYTHON)
    with builder.building(builder.request(images[1:])) as agent:
        wait_until(lambda: "extracting" in builder.journal(), "wheels are extracted", saw=builder.journal)
        agent.send_signal(signal.SIGTERM)
        answer = json.loads(agent.communicate(timeout=PATIENCE_SECONDS)[0])
    assert agent.returncode == 128 + signal.SIGTERM
    assert answer["error"]["problem"] == "interrupted"
    assert programs_in(folder) == []
    assert not (builder.cache / "work").exists()
    keys = [json.loads(path.read_text()) for path in (builder.cache / "keys").iterdir()]
    named = {f"{key['diff_id'].split(':')[1]}.tar" for key in keys}
    assert {path.name for path in (builder.cache / "layers").iterdir()} == named
    assert docker("image", "ls", "-q", images[1]["tag"]) == ""


def test_no_room_is_told_in_gib_before_anything_is_fetched(folder: Path, images: list[Document]) -> None:
    huge = [{**wheel, "size": 2**50} for wheel in images[1]["wheels"]]
    builder = Builder(folder, HOST_PYTHON)
    with builder.building(builder.request([{**images[1], "wheels": huge}])) as agent:
        answer = json.loads(agent.communicate(timeout=PATIENCE_SECONDS)[0])
    assert agent.returncode == 1
    assert "image builds" in answer["error"]["problem"]
    assert answer["error"]["problem"].endswith(" GiB free")
    assert list((builder.cache / "layers").iterdir()) == []
    assert "start" not in builder.journal()


def programs_in(folder: Path) -> list[str]:
    """Programs that still run with this folder in their words."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words and int(process.name) != os.getpid():
            found.append(words)
    return found
