"""The real agent, on a host without the control node's files: their bytes reach it over its connection alone."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.verbs import MODELS, SYNC
from deploy.errors import KitError
from deploy.hosts.local import LocalTransport
from tests.doubles.ollama.server import Handler, Server
from tests.unit.agent.engines.asking import GGUF, asking, blob, from_blob
from tests.unit.agent.engines.conftest import serving
from tests.unit.sending import opener

SHA256 = hashlib.sha256(GGUF).hexdigest()
NAME = "own.gguf"
MIB = 1 << 20


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "engine", Handler) as server:
        yield server


@pytest.fixture
def transport(tmp_path: Path) -> LocalTransport:
    return LocalTransport(str(tmp_path / "agent"), sys.executable)


def made_of(*names: str) -> list[Any]:
    return [from_blob(name, blob(GGUF, {"file": {"name": NAME}})) for name in names]


def placed(folder: Path, size: int, sha256: str) -> Any:
    model = {"name": "tiny", "path": str(folder / "models" / "m.gguf"), "uid": os.getuid(), "gid": os.getgid()}
    model |= {"sha256": sha256, "size": size, "source": {"file": {"name": NAME}}}
    return {
        "root": str(folder / "root"),
        "run": "run-1",
        "cache": str(folder / "cache"),
        "models": [model],
    }


@pytest.fixture(autouse=True)
def _held(transport: LocalTransport, tmp_path: Path) -> Iterator[None]:
    # A verb that changes something is refused to whoever does not hold the host.
    request: Any = {"stack": "home", "root": str(tmp_path / "root"), "run": "run-1", "command": "kit apply"}
    with transport.hold(request, lambda _: None):
        yield


def test_an_engine_gets_a_file_that_lies_on_no_disk_of_its_host(
    tmp_path: Path, double: Server, transport: LocalTransport
) -> None:
    request = asking(tmp_path / "root", double.url, made_of("one", "two"))
    assert str(tmp_path) not in json.dumps(request["engines"][0]["models"])
    asked: list[str] = []

    def opened(sha256: str, start: int) -> Any:
        asked.append(sha256)
        return opener({SHA256: GGUF})(sha256, start)

    assert transport.send(SYNC, request, opened)["created"] == ["main/one", "main/two"]
    # The second model's file is there by then, and nothing is asked for once all models are equal.
    assert asked == [SHA256]
    assert transport.send(SYNC, request, opened)["changed"] is False
    assert asked == [SHA256]
    assert [path for path in tmp_path.rglob("*.gguf") if path.is_file()] == []


def test_a_stream_that_breaks_off_makes_no_model(tmp_path: Path, double: Server, transport: LocalTransport) -> None:
    request = asking(tmp_path / "root", double.url, made_of("one"))
    with pytest.raises(KitError, match=rf"model one: {NAME} ended 10 bytes before its end"):
        transport.send(SYNC, request, opener({SHA256: GGUF[:-10]}))
    assert transport.send(SYNC, request, opener({SHA256: GGUF}))["created"] == ["main/one"]


def test_a_large_file_takes_no_more_memory_than_a_piece_of_it(tmp_path: Path, transport: LocalTransport) -> None:
    size = 64 * MIB
    digest = hashlib.sha256()
    for _ in range(64):
        digest.update(bytes(MIB))

    def endless(_sha256: str, _start: int) -> Any:
        # A large file that is made while it is read.
        return nullcontext(bytes(MIB) for _ in count())

    tracemalloc.start()
    answer = transport.send(MODELS, placed(tmp_path, size, digest.hexdigest()), endless)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer["changed"] is True
    assert (tmp_path / "models" / "m.gguf").stat().st_size == size
    assert peak < 8 * MIB


def test_a_cut_file_goes_on_where_it_stopped(tmp_path: Path, transport: LocalTransport) -> None:
    asked: list[int] = []

    def opened(sha256: str, start: int) -> Any:
        asked.append(start)
        return opener({SHA256: GGUF if asked[1:] else GGUF[:-10]})(sha256, start)

    request = placed(tmp_path, len(GGUF), SHA256)
    with pytest.raises(KitError, match="ended 10 bytes before its end"):
        transport.send(MODELS, request, opened)
    assert transport.send(MODELS, request, opened)["changed"] is True
    assert asked == [0, len(GGUF) - 10]
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "models").iterdir()] == [("m.gguf", GGUF)]
