"""The gateway, the page and the command line reach exactly the models of the spec, over one engine or the other."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.e2e.chromium import browser_that_reaches
from tests.e2e.page import models_offered, sign_in
from tests.e2e.waiting import wait_until
from tests.e2e.webui import Person
from tests.e2e.workstation import CAPITALS, SPARE, Workstation

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

LIMIT_SECONDS = 60
SERVED_BY = "x-litellm-model-id"


@pytest.fixture
def browser(workstation: Workstation, tmp_path: Path) -> Iterator[Chrome]:
    with browser_that_reaches(workstation.place.spec["webui"]["port"], tmp_path) as browser:
        yield browser


@pytest.mark.browser
def test_the_page_offers_exactly_the_models_of_the_spec(workstation: Workstation, browser: Chrome) -> None:
    sign_in(browser, workstation)

    assert sorted(models_offered(browser)) == sorted({model["name"] for model in workstation.place.spec["models"]})


def test_a_person_gets_an_answer_on_the_page(workstation: Workstation) -> None:
    assert Person(workstation).answer("Hello")["choices"][0]["message"]["content"]


def test_two_engines_share_the_work_for_a_model_and_one_answers_for_both_when_the_other_is_gone(
    workstation: Workstation,
) -> None:
    key = workstation.secret("litellm_master_key")
    seen: set[str] = set()

    def both_answered() -> bool:
        seen.add(asked(workstation, key, "assistant").served_by)
        return len(seen) == 2

    wait_until(both_answered, "both engines have answered", LIMIT_SECONDS)
    first = workstation.service("main").container
    first.stop(timeout=5)
    try:
        shared, alone = (asked(workstation, key, model) for model in ("assistant", CAPITALS))
    finally:
        first.start()
        wait_until(lambda: workstation.service("main").health == "healthy", "it is back", LIMIT_SECONDS)

    assert {name.partition(" at ")[0] for name in seen} == {"assistant"}
    assert shared.text
    assert SPARE in shared.served_by
    # The model that only the first engine has is answered for by its fallback.
    assert alone.text
    assert alone.served_by == shared.served_by


@dataclass(frozen=True)
class Answer:
    """What a model said through the gateway, and which engine it was."""

    text: str
    served_by: str


def asked(workstation: Workstation, key: str, model: str) -> Answer:
    """Ask a model through the gateway."""
    body = {"model": model, "messages": [{"role": "user", "content": "Once upon a time"}], "max_tokens": 2}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"{workstation.service('litellm').address}/v1/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as answer:
        return Answer(json.load(answer)["choices"][0]["message"]["content"], answer.headers[SERVED_BY])
