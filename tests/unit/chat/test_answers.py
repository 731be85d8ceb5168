from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest

from deploy.chat.answers import answer
from deploy.chat.doors import Door
from deploy.errors import KitError, UsageError
from deploy.protocols.answer import Ended, Piece
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.chat.playing import door, lines_of, playing

HI = [{"role": "user", "content": "Hi"}]


def said(where: Door, model: str = "full:1") -> tuple[str, Ended]:
    *pieces, end = answer(where, model, HI, "the-key", None, nullcontext)
    assert isinstance(end, Ended)
    return "".join(piece.text for piece in pieces if isinstance(piece, Piece)), end


def failure(where: Door, model: str = "full:1") -> KitError:
    with pytest.raises(KitError) as caught:
        list(answer(where, model, HI, None, None, nullcontext))
    return caught.value


def test_a_recorded_answer_of_an_engine_is_read_with_its_own_counts() -> None:
    with scripted(playing(*lines_of("chat"))) as server:
        text, end = said(door(server.url))
    assert text == ", I'm a beginner"
    assert end == Ended(6, 0.118097, "length")


def test_a_recorded_stream_of_events_is_read_with_its_usage() -> None:
    with scripted(playing(*lines_of("openai chat streamed"))) as server:
        text, end = said(door(server.url, "openai"))
    assert text == " there,\n\n"
    assert end == Ended(3, None, "length")


@pytest.mark.parametrize(("protocol", "path"), [("ollama", "/api/chat"), ("openai", "/v1/chat/completions")])
def test_what_is_asked_goes_out_with_the_key_and_the_name_that_the_engine_knows(protocol: str, path: str) -> None:
    bodies: list[dict[str, object]] = []

    def play(asked: Asked) -> None:
        bodies.append(json.loads(asked.body()))
        asked.answer(500, b"{}")

    with scripted(play) as server:
        known = replace(door(server.url, protocol), upstream=(("fast", "qwen-7b"),))
        with pytest.raises(KitError):
            list(answer(known, "fast", HI, "the-key", None, nullcontext))
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.headers["authorization"]) == ("POST", path, "Bearer the-key")
    assert (bodies[0]["model"], bodies[0]["messages"], bodies[0]["stream"]) == ("qwen-7b", HI, True)


def test_the_figures_of_llama_cpp_are_its_own() -> None:
    chunk = {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}
    last = {"choices": [], "timings": {"predicted_n": 8, "predicted_ms": 400.0}}
    lines = [f"data: {json.dumps(one)}\n\n".encode() for one in (chunk, last)]
    with scripted(playing(*lines, b"data: [DONE]\n\n")) as server:
        assert said(door(server.url, "openai")) == ("a", Ended(8, 0.4, "stop"))


@pytest.mark.parametrize(
    ("protocol", "line"),
    [
        ("ollama", b'{"message":{"content":"a","thinking":"hm"},"done":true}\n'),
        ("openai", b'data: {"choices":[{"delta":{"content":"a","reasoning_content":"hm"}}]}\n\ndata: [DONE]\n\n'),
    ],
)
def test_what_a_model_only_thinks_is_told_apart(protocol: str, line: bytes) -> None:
    with scripted(playing(line)) as server:
        thought, text, _ = answer(door(server.url, protocol), "m", HI, None, None, nullcontext)
    assert (thought, text) == (Piece("hm", is_thought=True), Piece("a"))


@pytest.mark.parametrize(
    ("protocol", "line"),
    [
        ("ollama", b'{"error":"llama runner process has terminated"}\n'),
        ("openai", b'data: {"error":{"message":"llama runner process has terminated"}}\n\n'),
        ("openai", b'{"error":{"message":"llama runner process has terminated"}}\n'),
    ],
)
def test_an_error_within_an_answer_that_began_well_is_seen(protocol: str, line: bytes) -> None:
    with scripted(playing(line)) as server:
        wrong = failure(door(server.url, protocol))
    assert wrong.problem == "mac answered 200: llama runner process has terminated"


@pytest.mark.parametrize("protocol", ["ollama", "openai"])
def test_an_answer_that_ends_too_early_is_no_answer(protocol: str) -> None:
    line = b'{"message":{"content":"a"}}\n' if protocol == "ollama" else b'data: {"choices":[]}\n\n'
    with scripted(playing(line)) as server:
        assert "ended early" in failure(door(server.url, protocol)).problem
    with scripted(playing(line, ended=False)) as server:
        assert "ended early" in failure(door(server.url, protocol)).problem


def test_what_is_no_answer_at_all_is_shown() -> None:
    with scripted(playing(b"<html>\n")) as server:
        assert failure(door(server.url)).problem == "mac sent an invalid answer: b'<html>\\n'"


def test_nobody_there_is_told_with_the_next_step() -> None:
    with scripted(playing()) as server:
        url = server.url
    wrong = failure(door(url))
    assert wrong.problem == f"mac does not answer: {url} refuses the connection"
    assert wrong.next_step == f"check the engine at {url}"
    managed = Door("main", "here", "ollama", url, (), None)
    assert failure(managed).next_step == "`kit status` shows what runs, `kit logs main` the reason if it does not"


@pytest.mark.parametrize(("status", "step"), [(401, "check its key"), (503, "wait until it is less busy")])
def test_a_refusal_says_what_to_do(status: int, step: str) -> None:
    with scripted(lambda asked: asked.answer(status, b'{"error":"no"}')) as server:
        wrong = failure(door(server.url))
    assert wrong.problem == f"mac answered {status}: no"
    assert wrong.next_step.startswith(step)


@pytest.mark.parametrize("protocol", ["ollama", "openai"])
def test_a_model_that_an_engine_lacks_is_guessed_from_those_that_it_has(protocol: str) -> None:
    def play(asked: Asked) -> None:
        if asked.method == "GET":
            asked.tell({"models": [{"name": "gemma:1b"}], "data": [{"id": "gemma:1b"}]})
        else:
            asked.answer(404, b'{"error":"model not found"}')

    with scripted(play) as server:
        wrong = failure(door(server.url, protocol), "gemma:1d")
        declared = failure(door(server.url, protocol, "gemma:1d"), "gemma:1d")
    assert isinstance(wrong, UsageError)
    assert wrong.problem == "mac has no model 'gemma:1d' (did you mean gemma:1b?)"
    assert wrong.next_step == "there are: gemma:1b"
    assert declared.problem == "mac has no model 'gemma:1d', or not all of it"
    assert declared.next_step.startswith("`kit models` shows its fault, and `kit apply` repairs it")


@pytest.mark.parametrize(
    ("is_managed", "anew"), [(True, "`kit restart mac`"), (False, "restart the engine at http://")]
)
def test_a_model_whose_file_the_engine_did_not_find_once_is_told_with_what_makes_it_look_again(
    is_managed: bool, anew: str
) -> None:
    with scripted(lambda asked: asked.answer(400, b'{"error":"\\"m\\" does not support chat"}')) as server:
        wrong = failure(replace(door(server.url), is_managed=is_managed))
    assert wrong.problem == 'mac answered 400: "m" does not support chat'
    assert wrong.next_step.startswith("`kit models` shows its fault, and `kit apply` repairs it")
    assert anew in wrong.next_step
