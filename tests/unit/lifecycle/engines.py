"""A deployment whose engine is the double, and the way to an agent that keeps its memory in a folder of the test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

from deploy.agent.contract.engines import SyncRequest
from deploy.agent.contract.envelope import Held, HoldRequest
from deploy.agent.contract.probe import ProbeRequest
from deploy.agent.contract.verbs import PROBE, SYNC, Answer, Request, Verb
from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import CreatedModel
from deploy.hosts.local import LocalTransport
from deploy.hosts.observation.asked import engine_request
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.wire.transport import OnLine, Opened
from deploy.lifecycle.held import held
from tests.unit.agent.engines.asking import asking, from_file

STACK = "home"


class InFolder(LocalTransport):
    """This machine's agent, with everything below one folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder / "agent"), sys.executable)
        self.root = folder / "root"

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        """Ask about the folder."""
        return super().call(verb, cast("Request", {**request, "root": str(self.root)}))

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        """Send files to the folder."""
        return super().send(verb, cast("Request", {**request, "root": str(self.root)}), opened)

    @contextmanager
    def hold(self, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
        """Hold the folder."""
        with super().hold({**request, "root": str(self.root)}, on_line) as hold:
            yield hold


def model(name: str, file: Path, **fields: Any) -> CreatedModel:
    """A model of kit.yaml that is made from a file."""
    one = from_file(name, file, **fields)
    return CreatedModel(name, one["request"], one["digest"], {}, "")


def deployment(url: str, *models: CreatedModel, prune: bool = False, protocol: str = "ollama") -> Deployment:
    """A stack with one engine of somebody else's."""
    return Deployment(STACK, (), (), (Engine("mac", "external", protocol, url, models, None, None, prune),))


def observed(there: Deployment, transport: InFolder) -> Observation:
    """The engine's part of a probe's answer."""
    request: ProbeRequest = {
        "stack": STACK,
        "root": str(transport.root),
        "ca": None,
        "folders": [],
        "ports": [],
        "model_paths": [],
        "cache": str(transport.root / "cache"),
        "data_roots": [],
        "engines": [engine_request(engine) for engine in there.engines],
        "rooms": {},
    }
    return read_observation(transport.call(PROBE, request))


def synced(there: Deployment, transport: InFolder, file: Path) -> None:
    """Make the models as an apply does."""
    (engine,) = there.engines
    models = [{**from_file(one.name, file), "request": one.request, "digest": one.digest} for one in engine.models]
    request = asking(transport.root, engine.address, models)
    (described,) = request["engines"]
    with held(transport, STACK, "kit apply", lambda _: None) as base:
        asked: SyncRequest = {**request, "engines": [{**described, **engine_request(engine)}], **base}
        transport.send(SYNC, asked, lambda _name, start: nullcontext([file.read_bytes()[start:]]))
