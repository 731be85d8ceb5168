"""A gateway's words when an engine behind it fails: recorded answers of LiteLLM 1.106.2, told in our words."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.chat.answers import answer
from deploy.chat.doors import Door
from deploy.components import room_of
from deploy.errors import KitError
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.chat.playing import playing
from tests.unit.clients.deployments import BOTH, doors_of

TAIL = "\n\nLiteLLM: model group 'poet' failed with the error above. No fallback was attempted."
AWAY = (
    "litellm.APIConnectionError: Ollama_chatException - Cannot connect to host main:11434"
    " ssl:<ssl.SSLContext object at 0x7f2c24d683b0> [Name or service not known]"
)
NO_ANSWER = "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error."
ABSENT = 'litellm.NotFoundError: Ollama_chatException - {"error":"model \'nope:1b\' not found"}'
UNABLE = 'litellm.APIConnectionError: Ollama_chatException - {"error":"\\"poet\\" does not support chat"}'
UNKNOWN = "/chat/completions: Invalid model name passed in model=poet. Call `/v1/models` to view available models"
LATE = "litellm.Timeout: APITimeoutError - Request timed out. Error_str: Request timed out."
THEIR_KEY = "litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided"


def gateway(url: str, *engines: str, managed: tuple[str, ...] = ("main",)) -> Door:
    behind = (("poet", engines or ("main",)),)
    asking = Door("gate", "here", "openai", f"{url}/v1", ("poet",), None, is_gateway=True, behind=behind)
    return replace(asking, managed=managed, cause_of=room_of("litellm").cause_of)


def failure(status: int, said: str, *engines: str) -> KitError:
    body = {"error": {"message": said, "type": "x", "param": None, "code": str(status)}}

    def play(asked: Asked) -> None:
        asked.answer(status, json.dumps(body).encode())

    with scripted(play) as server, pytest.raises(KitError) as caught:
        list(answer(gateway(server.url, *engines), "poet", [], "the-key", None, nullcontext))
    return caught.value


@pytest.mark.parametrize(
    ("status", "said", "problem", "step"),
    [
        (500, AWAY + TAIL, "main, which serves poet behind gate, does not answer", "`kit status` shows what runs"),
        (500, NO_ANSWER + TAIL, "main, which serves poet behind gate, does not answer", "`kit status` shows what runs"),
        (404, ABSENT + TAIL, "main, which serves poet behind gate, has no model 'poet'", "`kit models` shows its"),
        (
            500,
            UNABLE + TAIL,
            "main, which serves poet behind gate, cannot answer with 'poet'",
            "`kit models` shows its",
        ),
        (400, UNKNOWN, "gate does not know the model 'poet' yet", "`kit apply` creates the models of kit.yaml"),
        (408, LATE + TAIL, "main, which serves poet behind gate, gave no answer in the time", "ask for less, or write"),
        (401, THEIR_KEY + TAIL, "main, which serves poet behind gate, rejects the key", "of an engine in kit"),
        (401, "no key, or not the one of this gateway", "gate rejects this stack's key", "`kit apply` restarts"),
        (400, "No connected db.", "gate rejects this stack's key", "`kit apply` restarts it"),
    ],
)
def test_what_a_gateway_says_is_told_with_place_problem_and_next_step(
    status: int, said: str, problem: str, step: str
) -> None:
    wrong = failure(status, said)
    assert wrong.problem.startswith(problem)
    assert wrong.next_step.startswith(step)
    raw = wrong.problem.partition(" (gate said: ")[2]
    assert raw.rstrip(".)")[:60] == said[:60].rstrip(".")
    assert len(raw) <= 162
    assert "\n" not in wrong.problem
    assert "No fallback" not in wrong.problem


def test_what_is_long_is_cut_with_a_sign() -> None:
    assert failure(500, f"Cannot connect to host {'x' * 300}").problem.endswith("xxx...)")


def test_engines_of_the_kit_and_others_are_looked_at_where_they_are() -> None:
    wrong = failure(500, AWAY, "main", "mac")
    assert wrong.problem.startswith("main or mac, which serves poet behind gate, does not answer")
    assert wrong.next_step == (
        "`kit status` shows what runs, `kit logs main` the reason if it does not; "
        "check that mac runs and is reachable from this machine"
    )


def test_words_that_nobody_knows_are_shown_as_they_are() -> None:
    wrong = failure(500, "out of cheese")
    assert (wrong.problem, wrong.next_step[:12]) == ("gate answered 500: out of cheese", "`kit status`")


def test_a_failure_within_an_answer_that_began_well_is_told_in_the_same_words() -> None:
    line = f"data: {json.dumps({'error': {'message': ABSENT + TAIL, 'code': '404'}})}\n\n".encode()
    words = "main, which serves poet behind gate, has no model"
    with scripted(playing(line)) as server, pytest.raises(KitError, match=words):
        list(answer(gateway(server.url), "poet", [], "the-key", None, nullcontext))


def test_a_gateway_knows_the_engines_of_each_model(tmp_path: Path) -> None:
    door, _ = doors_of(BOTH, tmp_path)
    assert dict(door.behind)["poet"] == ("main",)
    assert door.managed == ("main",)
