"""Engines with models of their own: asked over their protocol, with errors that name the expected answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.engines.observe import observe
from deploy.agent.errors import AgentError
from deploy.agent.protocols.openai.named import NamedEngine
from tests.unit.agent.engines.scripted import Asked, Play, scripted

LISTED = {"object": "list", "data": [{"id": "qwen2.5-7b-instruct", "object": "model"}, {"id": "phi-4"}]}


def engine(url: str, **more: Any) -> Any:
    return {"name": "studio", "protocol": "openai", "address": f"{url}/v1", "key": None, **more}


def telling(document: Any) -> Play:
    return lambda asked: asked.tell(document)


@pytest.mark.parametrize("document", [LISTED, LISTED["data"]], ids=["object", "bare list"])
def test_one_request_names_the_models_and_carries_the_key(tmp_path: Path, document: Any) -> None:
    key = {"secret": "studio_api_key", "owner": "studio", "value": "sk-1"}
    with scripted(telling(document)) as server:
        assert NamedEngine(engine(server.url, key=key), tmp_path).models() == ("qwen2.5-7b-instruct", "phi-4")
    assert server.requests == ["GET /v1/models"]
    assert server.asked[0].headers["authorization"] == "Bearer sk-1"


@pytest.mark.parametrize(
    ("play", "said"),
    [
        (lambda asked: asked.answer(404, b"no such page"), "404"),
        (lambda asked: asked.answer(200, b"<!doctype html>\n<html>"), "'<!doctype html> <html>'"),
        (telling({"models": ["phi-4"]}), '\'{"models": ["phi-4"]}\''),
        (telling({"data": ["phi-4"]}), '\'{"data": ["phi-4"]}\''),
    ],
)
def test_what_is_no_list_of_models_is_told_with_what_was_asked_and_expected(
    tmp_path: Path, play: Play, said: str
) -> None:
    with scripted(play) as server, pytest.raises(AgentError) as wrong:
        NamedEngine(engine(server.url), tmp_path).models()
    assert wrong.value.problem == (
        f"engine studio: asking for its models: GET {server.url}/v1/models answered {said}, "
        "where a list of models as JSON was expected"
    )
    assert (
        wrong.value.next_step
        == "let `url` of studio in kit.yaml be where its OpenAI API begins, as http://HOST:PORT/v1"
    )


def test_a_key_that_is_refused_is_not_told_as_a_wrong_address(tmp_path: Path) -> None:
    with scripted(lambda asked: asked.answer(401, b'{"error": "bad key"}')) as server:
        found = observe([engine(server.url)], tmp_path)["studio"]
    assert found["problem"] == "engine studio: asking for its models: it answered 401: bad key"
    assert found["next"].startswith("check the engine's key")


def test_a_probe_says_what_it_has_and_what_the_release_asks_it_for(tmp_path: Path) -> None:
    def of_another(address: str) -> dict[str, Any]:
        return {"name": "studio", "address": address, "models": [["qwen", "qwen2.5-7b-instruct"]]}

    (tmp_path / "current").mkdir()
    with scripted(telling(LISTED)) as server:
        asked = [engine(server.url), {**engine("http://127.0.0.1:1"), "name": "off"}]
        assert observe(asked, tmp_path)["studio"] == {
            "problem": None,
            "next": "",
            "names": ["qwen2.5-7b-instruct", "phi-4"],
            "cloud": [],
            "applied": {},
        }
        for address, applied in ((f"{server.url}/v1", {"qwen": "qwen2.5-7b-instruct"}), ("http://other/v1", {})):
            released = {"format": 1, "named_engines": [of_another(address)]}
            (tmp_path / "current" / "deployment.json").write_text(json.dumps(released))
            found = observe(asked, tmp_path)
            assert found["studio"]["applied"] == applied
    assert found["off"]["problem"].endswith("http://127.0.0.1:1/v1 refuses the connection")
    assert found["off"]["next"] == "check the engine at http://127.0.0.1:1/v1 yourself, then run the same command again"
    assert found["off"]["names"] == []


def test_one_that_drips_its_answer_holds_nobody_up(tmp_path: Path) -> None:
    def drip(asked: Asked) -> None:
        asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(30):
            asked.send(b" ")
            asked.connection.settimeout(0.1)
            try:
                asked.connection.recv(1)
            except TimeoutError:
                continue

    with scripted(drip) as server:
        found = observe([engine(server.url)], tmp_path)["studio"]
    assert found["problem"] == f"engine studio: {server.url}/v1 did not answer within 2 s"


HOST = "https://ollama.com:443"
OLLAMA_NAMES = ("mine:latest", "you/own:q4", "hf.co/org/model:Q4_K_M")
OLLAMA = {
    "/v1/models": {
        "object": "list",
        "data": [
            {"id": name, "object": "model", "created": 1, "owned_by": by}
            for name, by in zip(OLLAMA_NAMES, ("library", "you", "org"), strict=True)
        ],
    },
    "/api/tags": {
        "models": [
            {"name": "mine:latest", "model": "mine:latest", "remote_model": "gpt-oss:120b", "remote_host": HOST},
            *({"name": name, "model": name, "size": 9, "digest": "d"} for name in OLLAMA_NAMES[1:]),
        ]
    },
}
"""Answers of Ollama 0.32.15, shortened, to which a model with a remote host was created as `mine`."""


def test_an_ollama_behind_another_protocol_tells_which_models_its_vendors_cloud_answers(tmp_path: Path) -> None:
    with scripted(lambda asked: asked.tell(OLLAMA[asked.path])) as server:
        found = observe([engine(server.url)], tmp_path)["studio"]
    assert server.requests == ["GET /v1/models", "GET /api/tags"]
    assert (found["names"], found["cloud"]) == ([*OLLAMA_NAMES], ["mine:latest"])


def test_a_program_that_is_no_ollama_gets_one_request(tmp_path: Path) -> None:
    for owned_by in ("organization_owner", "llamacpp", "vllm", ""):
        listed = {"data": [{"id": "mine", "owned_by": owned_by}, {"id": "org/model", "owned_by": "org"}]}
        with scripted(telling(listed)) as server:
            assert observe([engine(server.url)], tmp_path)["studio"]["cloud"] == []
        assert server.requests == ["GET /v1/models"]


def test_an_ollama_whose_own_address_is_closed_still_tells_its_models(tmp_path: Path) -> None:
    def play(asked: Asked) -> None:
        asked.tell(OLLAMA["/v1/models"]) if asked.path == "/v1/models" else asked.answer(403)

    with scripted(play) as server:
        found = observe([engine(server.url)], tmp_path)["studio"]
    assert (found["problem"], found["names"], found["cloud"]) == (None, [*OLLAMA_NAMES], [])
