"""An engine on its usual port is recognised by its answer; any other program there is none."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from deploy.agent.protocols.doors import ports
from tests.unit.agent.engines.scripted import Play, scripted


def usual(monkeypatch: pytest.MonkeyPatch, url: str) -> int:
    """Let the server's port be the usual port of an engine."""
    port, ((_, asked),) = urlsplit(url).port or 0, ports.USUAL.values()
    monkeypatch.setattr(ports, "USUAL", {port: ("ollama", asked)})
    return port


def test_an_engine_tells_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(lambda asked: asked.tell({"version": "0.32.15"})) as server:
        engine = ports.engine_at("0.0.0.0", usual(monkeypatch, server.url))
    assert engine == {"protocol": "ollama", "program": "Ollama 0.32.15"}
    assert server.requests == ["GET /api/version"]


@pytest.mark.parametrize(
    "play",
    [
        lambda asked: asked.answer(200, b"<!doctype html>"),
        lambda asked: asked.tell({"name": "another program"}),
        lambda asked: asked.tell(["no object"]),
        lambda asked: asked.reset(),
    ],
    ids=["a page", "another object", "a list", "no answer"],
)
def test_another_program_on_that_port_is_no_engine(monkeypatch: pytest.MonkeyPatch, play: Play) -> None:
    with scripted(play) as server:
        assert ports.engine_at("127.0.0.1", usual(monkeypatch, server.url)) is None
    assert server.requests == ["GET /api/version"]


def test_any_other_port_is_not_asked() -> None:
    with scripted(lambda asked: asked.tell({"version": "0.32.15"})) as server:
        assert ports.engine_at("127.0.0.1", urlsplit(server.url).port or 0) is None
    assert server.requests == []
