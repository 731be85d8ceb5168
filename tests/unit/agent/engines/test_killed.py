from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.contract.engines import SyncRequest
from deploy.agent.engines import sync
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama.engine import Engine
from tests.doubles.ollama.server import Server
from tests.gguf import PLAIN, gguf
from tests.tree import REPOSITORY
from tests.unit.agent.engines.asking import asking, blob, from_blob, from_file, model
from tests.unit.agent.engines.process import Process
from tests.unit.agent.engines.registry import registry
from tests.unit.agent.engines.scripted import Asked, described, scripted
from tests.waiting import PATIENCE_SECONDS, wait_until

# More than the kernel keeps for a connection: the engine has part of it when it stops coming.
BIG = gguf(PLAIN, weights=bytes(24 << 20))
HALF = len(BIG) // 2
SYNC = "import json, sys; from deploy.agent.engines import sync; from deploy.agent.journal import Journal; "
SYNC += "request = json.load(sys.stdin); sync.run(request, Journal(request['root'], 'run-1'))"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    one = Process(tmp_path)
    one.start()
    yield one
    one.kill()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own.gguf"
    path.write_bytes(BIG)
    return path


class Valve:
    """Holds the second half of a file back until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def play(self, asked: Asked) -> None:
        asked.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BIG)}\r\n\r\n".encode())
        asked.send(BIG[:HALF])
        self.opened.wait(PATIENCE_SECONDS)
        asked.send(BIG[HALF:])


def partly_there(models: Path) -> bool:
    return any(path.stat().st_size > HALF // 2 for path in (models / "blobs").glob("sha256-*"))


def kept(models: Path) -> dict[str, int]:
    """Return the sizes of what a double keeps, by name."""
    return {path.name: path.stat().st_size for path in (models / "blobs").iterdir()}


def failing(request: SyncRequest, journal: Journal) -> tuple[threading.Thread, list[AgentError]]:
    errors: list[AgentError] = []

    def work() -> None:
        try:
            sync.run(request, journal)
        except AgentError as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, errors


def test_an_engine_killed_in_the_middle_of_an_upload_is_told_and_the_next_run_finishes(
    process: Process, tmp_path: Path, journal: Journal
) -> None:
    valve = Valve()
    with scripted(valve.play) as source:
        one = from_blob("tech", blob(BIG, {"url": {"url": f"{source.url}/m.gguf"}}))
        request = asking(tmp_path / "root", process.url, [one])
        thread, errors = failing(request, journal)
        wait_until(
            lambda: partly_there(process.models), "a part of the file has arrived", saw=lambda: kept(process.models)
        )
        process.kill()
        valve.opened.set()
        thread.join(PATIENCE_SECONDS)
        assert "engine main: uploading sha256:" in errors[0].problem
        assert "`kit logs main`" in errors[0].next_step
        with pytest.raises(AgentError, match="refuses the connection"):
            sync.run(request, journal)
        process.start()
        assert sync.run(request, journal)["created"] == ["main/tech"]
        assert sync.run(request, journal)["changed"] is False


def test_an_engine_killed_in_the_middle_of_a_pull_is_told_and_the_next_run_finishes(
    process: Process, another_double: Server, tmp_path: Path, file: Path, journal: Journal
) -> None:
    (tmp_path / "publisher").mkdir()
    published = Journal(str(tmp_path / "publisher"), "run-1")
    sync.run(asking(tmp_path / "publisher", another_double.url, [from_file("llama3:8b", file)]), published)
    live = Engine(described(another_double.url), tmp_path).models()["llama3:8b"]
    base = {"name": "llama3:8b", "digest": live.digest, "size": live.size}
    with registry(another_double.store.root) as served:
        # An import keeps no more of this file than its header.
        served.most, served.pause = live.size // 2, threading.Event()
        request = asking(tmp_path / "root", process.url, [model({"model": "child", "from": "llama3:8b"}, base=base)])
        request |= {"mirrors": {"models": served.url}}
        thread, errors = failing(request, journal)
        wait_until(lambda: served.ranges, "a part of the file is asked for")
        process.kill()
        served.most = None
        served.pause.set()
        thread.join(PATIENCE_SECONDS)
        assert "engine main: pulling " in errors[0].problem
        process.start()
        done = sync.run(request, journal)
    assert (done["pulled"], done["created"]) == (["main/llama3:8b"], ["main/child"])
    assert set(Engine(described(process.url), tmp_path).models()) == {"llama3:8b", "child"}


def test_an_agent_killed_in_the_middle_of_an_upload_leaves_nothing_half_and_the_next_run_finishes(
    process: Process, tmp_path: Path, journal: Journal
) -> None:
    valve = Valve()
    with scripted(valve.play) as source:
        one = from_blob("tech", blob(BIG, {"url": {"url": f"{source.url}/m.gguf"}}))
        request = asking(tmp_path / "root", process.url, [one])
        agent = subprocess.Popen([sys.executable, "-c", SYNC], cwd=REPOSITORY, stdin=subprocess.PIPE)
        assert agent.stdin is not None
        agent.stdin.write(json.dumps(request).encode())
        agent.stdin.close()
        wait_until(
            lambda: partly_there(process.models), "a part of the file has arrived", saw=lambda: kept(process.models)
        )
        agent.send_signal(signal.SIGKILL)
        agent.wait()
        wait_until(lambda: not kept(process.models), "what broke off is cleared away", saw=lambda: kept(process.models))
        valve.opened.set()
        assert sync.run(request, journal)["created"] == ["main/tech"]
