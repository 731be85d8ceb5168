"""Two hosts of one kit.yaml: an Ollama on this machine, and another one behind a gateway on a box."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.contract.envelope import Held, HoldRequest
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.decide.desired import Desired, Share, load_desired, lock_path
from deploy.errors import UnreachableError
from deploy.hosts.reach import THIS_MACHINE, Hosts
from deploy.hosts.wire.transport import OnLine, Opened
from deploy.lock.text import write_lock
from deploy.spec.checks import crosschecks
from deploy.spec.checks.placing import fronts_reach_their_engines
from deploy.spec.loading.loader import load_spec
from tests.golden.hosts import settled
from tests.locks import lock_of
from tests.unit.refusing import Refusing

HERE, BOX = "here", "box"
APPLIES = ("secrets", "models", "place", "converge", "sync", "room", "collect", "accept", "settle")
"""Verbs of an apply that answer no more than that they changed something."""
SPEC = """\
kit: 1
stack: home
hosts:
  here: {}
  box: {address: 192.168.1.20, user: admin}
engines:
  - {name: main, kind: ollama, host: HOST}
  - {name: far, kind: ollama, port: 11435, host: box}
models:
  - {name: poet, engine: main, from: "llama3.2:3b"}
  - {name: coder, engine: far, from: "llama3.2:3b"}
gateway: {kind: litellm, host: box}
webui: null
"""


def _answers(name: str, share: Share) -> dict[str, Any]:
    """Return what a host answers to each verb."""
    return {
        "probe": settled(share),
        "applied": {
            "stacks": ["home"],
            "release": share.bundle.release,
            "deployment": None,
            "places": [],
        },
        "engine": {"models": [], "changed": True, "name": "old", "digest": "0" * 64},
        "secret": {"value": f"key of {name}"},
        "lend": {"values": {}},
        "backups": {"repository": f"/srv/kit-backups/{name}", "snapshots": []},
        "remains": {
            "made": True,
            "root": True,
            "folders": [f"/srv/{name}"],
            "docker": True,
            "backups": "",
            "models": {},
        },
        "down": {"changed": True},
        "destroy": {"changed": True, "shared": [], "packages": []},
        "clean": {
            "changed": True,
            "images": [f"kit/{name}"],
            "removed": [],
            "freed_bytes": 0,
            "packages": [],
            "stacks": [],
        },
        "image": {"changed": False, "images": []},
        "layers": {"chains": [f"sha256:layer-of-{name}"]},
        "take_image": {"changed": True, "image": {}, "received": 3 << 20},
        "rendered": {"files": {}},
        "roll_back": {"changed": True, "words": "rolled back to release 0123, which runs now"},
        **{verb: {"changed": True} for verb in APPLIES},
    }


class Box(Refusing):
    """A host that was applied and is as it should be."""

    def __init__(self, name: str, desired: Desired) -> None:
        self.share = desired.on(name)
        self.services = [service.name for service in self.share.deployment.services]
        self.asked: list[str] = []
        self.is_rooted = True
        self.received: list[bytes] = []
        self.built: list[list[str]] = []
        """Kinds of the images of each request to make some."""
        self.is_asleep = False
        self.answers = _answers(name, self.share)

    @property
    def agent_path(self) -> str:
        if self.is_asleep:
            raise UnreachableError("box does not answer on port 22", "switch box on")
        return "/opt/kit/agent/0.pyz"

    @property
    def is_root(self) -> bool:
        return self.is_rooted

    def ahead(self, verb: Verb[Request, Answer]) -> AbstractContextManager[None]:
        self.asked.append(f"{verb} ahead")
        return nullcontext()

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self.asked.append(verb)
        if verb in ("start", "stop", "restart"):
            return cast("Answer", {"changed": True, "services": request["services"]})
        if verb == "image":
            self.built.append([image["kind"] for image in request["images"]])
        answer = self.answers[verb]
        if isinstance(answer, Exception):
            raise answer
        return cast("Answer", answer)

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        if verb == "take_image":
            with opened(request["tag"], 0) as pieces:
                self.received.append(b"".join(pieces))
        return self.call(verb, request)

    @contextmanager
    def receive(self, verb: Verb[Request, Iterator[bytes]], request: Request) -> Iterator[Iterator[bytes]]:
        self.asked.append(verb)
        yield iter([request["tag"].partition(":")[0].encode(), b" without ", *map(str.encode, request["has"])])

    @contextmanager
    def hold(self, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
        self.asked.append("hold")
        on_line({"step": "work", "state": "done", "text": ""})
        yield {"held": True, "run": request["run"]}

    def lines(self, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
        self.asked.append(verb)
        prefixed = request["prefixed"]
        yield from (f"{name}-1  | hello\n".encode() if prefixed else b"hello\n" for name in request["services"])


def on_two_hosts(folder: Path, monkeypatch: pytest.MonkeyPatch, main: str = HERE) -> Mapping[str, Box]:
    """Write the kit.yaml, place its parts on two hosts, the engine `main` on one of them, and let those be reached."""

    # A real kit.yaml has its engines on the gateway's host; two hosts that differ are worth more here.
    checks = tuple(check for check in crosschecks.CHECKS if check is not fronts_reach_their_engines)
    monkeypatch.setattr(crosschecks, "CHECKS", checks)
    spec = folder / "kit.yaml"
    spec.write_text(SPEC.replace("HOST", main))
    write_lock(lock_of(load_spec(spec)), lock_path(spec))
    desired = load_desired(spec)
    boxes = {host: Box(host, desired) for host in (HERE, BOX)}

    def reach(ways: Iterable[str] = THIS_MACHINE) -> Hosts:
        return Hosts({host: boxes[host] for host in ways})

    monkeypatch.setattr("deploy.cli.verbs.hosts.reach", reach)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.chdir(folder)
    return boxes
