"""Two boxes and a person: an engine behind the edge on one, the gateway on the other."""

from __future__ import annotations

import hashlib
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.components.ollama.spec import VERSION
from deploy.decide.desired import recall_desired
from tests.doubles.registry.images import publish
from tests.e2e.evidence import Evidence
from tests.e2e.image_registry import running_registry
from tests.e2e.lab.host import LabHost, lab_host
from tests.e2e.lab.network import LabNetwork, lab_network
from tests.e2e.lab.person import Person, person_on
from tests.e2e.place import QUICKSTART
from tests.waiting import PATIENCE_SECONDS
from tests.weights import weights

ENGINE, GATEWAY = 11434, 4000
APPLY = ("apply", "--yes", "--json")
Change = Callable[[dict[str, Any]], None]
Operations = dict[str, dict[str, str]]
"""Causes of the planned operations, by host and resource."""
NOTHING: Operations = {"box": {}, "desk": {}}
RELAY = """
import socket, sys, threading
def copy(one, other):
    while piece := one.recv(65536):
        other.sendall(piece)
    other.shutdown(socket.SHUT_WR)
listener = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    near, _ = listener.accept()
    far = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    for pair in ((near, far), (far, near)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""
"""Lets a box reach the registry of this machine where Docker takes plain HTTP: at its own loopback."""


@dataclass(frozen=True)
class Pair:
    """A person with two boxes."""

    person: Person
    network: LabNetwork
    box: LabHost
    desk: LabHost

    def apply(self) -> Operations:
        """Apply, and return the operations."""
        hosts = self.person.kit(*APPLY).document["hosts"]
        return {
            host: {one["resource"]: one["cause"] for one in each["plan"]["operations"]} for host, each in hosts.items()
        }

    @property
    def hosts(self) -> dict[str, LabHost]:
        """The boxes by their names."""
        return {"box": self.box, "desk": self.desk}

    @contextmanager
    def changed(self, change: Change) -> Iterator[None]:
        """Change kit.yaml for the length of the block."""
        before = self.person.spec
        self.person.spec = deepcopy(before)
        try:
            change(self.person.spec)
            self.person.write()
            yield
        finally:
            self.person.spec = before
            self.person.write()

    @contextmanager
    def cut_off(self, host: LabHost) -> Iterator[None]:
        """Take a box off the network for the length of the block, and nothing else from it."""
        subprocess.run(["docker", "network", "disconnect", self.network.name, host.name], check=True)
        try:
            yield
        finally:
            argv = ["docker", "network", "connect", "--ip", host.address, self.network.name, host.name]
            subprocess.run(argv, check=True)
            # This machine may still take the address for one without a host, until its kernel asks for it again.
            host.wait_for_ssh()

    def answer(self, host: LabHost | None = None) -> str:
        """Ask the model through the gateway, as a program on this machine does."""
        status, text = self._asked(host or self.desk)
        assert status == 200, text
        said: str = json.loads(text)["choices"][0]["message"]["content"]
        return said

    def answers(self) -> bool:
        """Return True once the model answers."""
        try:
            return self._asked(self.desk)[0] == 200
        except OSError:
            return False

    def _asked(self, host: LabHost) -> tuple[int, str]:
        key = self.person.secret("litellm_master_key")
        question = {"model": "gemma", "messages": [{"role": "user", "content": "Once upon a time"}], "max_tokens": 4}
        return asked(f"http://{host.address}:{GATEWAY}/v1/chat/completions", key, question)


def asked(url: str, key: str = "", body: object = None) -> tuple[int, str]:
    """Ask a box from this machine, which is neither of the two."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, headers | {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


@contextmanager
def running_pair(folder: Path, evidence: Evidence) -> Iterator[Pair]:
    """Start the boxes, and bring the engines up."""
    places = {name: folder / name for name in ("box", "desk", "person")}
    for place in places.values():
        place.mkdir()
    with (
        running_registry(folder, "0.0.0.0") as registry,
        lab_network() as network,
        lab_host("bookworm", "systemd", places["box"], *network.words(11)) as box,
        lab_host("trixie", "systemd", places["desk"], *network.words(12)) as desk,
    ):
        port = registry.host.rpartition(":")[2]
        publish(f"127.0.0.1:{port}", VERSION)
        mirror = {"mirrors": {"registry": f"http://127.0.0.1:{port}"}}
        for host in (box, desk):
            host.read("sh", "-c", f"setsid python3 -c '{RELAY}' {network.gateway} {port} >/dev/null 2>&1 &")
        person = person_on(
            {"box": box, "desk": desk}, places["person"], evidence, **engines(places["person"]), **mirror
        )
        person.kit("lock")
        person.kit(*APPLY)
        with_fronts(person)
        yield Pair(person, network, box, desk)


def engines(folder: Path) -> dict[str, Any]:
    """Return the parts of kit.yaml: an engine that the other box asks, and one that nobody asks."""
    model = weights(folder)
    with model.open("rb") as stream:
        source = {"file": model.name, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
    return {
        "engines": [
            {"name": "main", "kind": "ollama", "host": "box"},
            {"name": "spare", "kind": "ollama", "host": "desk"},
        ],
        "models": [{"name": "gemma", "engine": "main", "from": source, "num_predict": 16}],
        "gateway": None,
        "webui": None,
    }


def with_fronts(person: Person) -> None:
    """Let the gateway on the desk ask the engine on the box; whatever image this machine has made is made no more."""
    main, desk = person.spec["engines"][0], person.boxes["desk"]
    main["publish"] = person.boxes["box"].address
    person.write()
    person.kit("lock")
    lock_as_here(person, "litellm")
    person.spec["gateway"] = {"kind": "litellm", "host": "desk", "publish": desk.address}
    person.write()
    lend_images(person)


def lock_as_here(person: Person, kind: str) -> None:
    """Let kit.lock have an image as this machine has made it, or will."""
    path = person.folder / "kit.lock"
    written = yaml.safe_load(path.read_text())
    written["images"][kind] = yaml.safe_load((QUICKSTART / "kit.lock").read_text())["images"][kind]
    path.write_text(yaml.safe_dump(written, sort_keys=False))


def lend_images(person: Person) -> None:
    """Give the boxes the images of this machine that kit.yaml and kit.lock ask for."""
    for share in recall_desired(person.folder / "kit.yaml").shares:
        for service in share.deployment.services:
            lend(service.image.reference, person.boxes[share.host])


def lend(image: str, host: LabHost) -> None:
    """Give a box an image of this machine, where it has one that the box lacks."""
    if host.run("docker", "image", "inspect", image).returncode == 0:
        return
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as saved:
        # A machine without the image sends nothing, which Docker refuses.
        subprocess.run(
            ["docker", "exec", "-i", host.name, "docker", "load"], stdin=saved.stdout, capture_output=True, check=False
        )
