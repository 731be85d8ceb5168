"""A full disk during an engine's import is reported as a full disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.agent.engines import sync
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.protocols.ollama import full
from tests.doubles.ollama.server import Server
from tests.doubles.ollama.settings import Settings
from tests.unit.agent.engines.asking import GGUF, asking, from_file

GIB = 2**30


@contextmanager
def small(models: Path, room: float) -> Iterator[Server]:
    """A double whose blobs have room for so many files."""
    environment = {"OLLAMA_MODELS": str(models), "OLLAMA_HOST": "127.0.0.1:0"}
    with Server(Settings.of({**environment, "DOUBLE_DISK_BYTES": str(int(room * len(GGUF)))})) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def failure(tmp_path: Path, journal: Journal, room: float, *, is_managed: bool) -> AgentError:
    file = tmp_path / "own.gguf"
    file.write_bytes(GGUF)
    with small(tmp_path / "models", room) as double:
        folder = str(double.store.root) if is_managed else None
        request = asking(tmp_path / "root", double.url, [from_file("tech", file)], models_dir=folder)
        with pytest.raises(AgentError) as caught:
            sync.run(request, journal)
    return caught.value


@pytest.mark.parametrize(("room", "said"), [(1.5, "exit status 1"), (2.5, "no space left on device")])
def test_a_full_disk_is_told_with_what_the_import_takes(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch, room: float, said: str
) -> None:
    monkeypatch.setattr(full, "free_bytes", lambda _path: int((room - 1) * len(GGUF)))
    wrong = failure(tmp_path, journal, room, is_managed=True)
    assert f"making tech: the disk of {tmp_path}/models is full: importing its file takes" in wrong.problem
    assert wrong.problem.endswith(f"are free (the engine said: {said})")
    assert wrong.next_step.startswith("free 1 MiB there, then run the same command again")


def test_the_disk_of_an_engine_elsewhere_may_be_full(tmp_path: Path, journal: Journal) -> None:
    wrong = failure(tmp_path, journal, 1.5, is_managed=False)
    assert "the disk of the engine may be full: importing its file takes" in wrong.problem
    wrong = failure(tmp_path, journal, 2.5, is_managed=False)
    assert "the disk of the engine is full" in wrong.problem


def test_a_failure_with_room_enough_keeps_the_engines_words(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full, "free_bytes", lambda _path: GIB)
    wrong = failure(tmp_path, journal, 1.5, is_managed=True)
    assert wrong.problem.endswith("llama-quantize failed: exit status 1")
