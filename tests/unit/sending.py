"""A control node that sends its files, for operations of the agent that run in a test's own process."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any

import pytest

from deploy.agent.inputs import sent
from deploy.deployment.host import Deployment
from deploy.hosts.wire.transport import Opened
from deploy.sources.given import path_of


class ControlNode:
    """Stands for an agent's standard input and output; knows its files by their sha256."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.asked: list[str] = []
        self.buffer: IO[bytes] = io.BytesIO()

    @property
    def stdin(self) -> ControlNode:
        """The agent's standard input."""
        return self

    def print(self, line: str, *, flush: bool) -> None:
        """Hear what the agent asks for."""
        assert flush
        wanted = json.loads(line)
        self.asked.append(wanted["wanted"])
        self.buffer = io.BytesIO(self.files[wanted["wanted"]].read_bytes()[wanted["start"] :])

    def takes_part(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Answer the agent's operations until the test ends."""
        monkeypatch.setattr(sent, "sys", self)
        monkeypatch.setattr(sent, "print", self.print, raising=False)


NODE = ControlNode()


def beside(path: Path) -> dict[str, Any]:
    """Return a file's source in a request; the control node sends it from now on."""
    NODE.files[hashlib.sha256(path.read_bytes()).hexdigest()] = path
    return {"file": {"name": path.name}}


def send_from(folder: Path, deployment: Deployment) -> None:
    """Send the files that a kit.yaml in a folder names, those that are there."""
    blobs = (blob for engine in deployment.engines for model in engine.models for blob in model.blobs)
    NODE.files |= {blob.sha256: folder / name for blob in blobs if (name := path_of(blob.source))}


def opener(files: Mapping[str, bytes]) -> Opened:
    """Return what opens streams whose bytes are in memory alone."""
    return lambda sha256, start: nullcontext([files[sha256][start:]])
