"""The gateway, the page and the command line reach exactly the models of the spec, over one engine or the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.e2e.chromium import browser_that_reaches
from tests.e2e.evidence import Ran
from tests.e2e.gateway_api import asked
from tests.e2e.page import models_offered, sign_in
from tests.e2e.webui import Person
from tests.e2e.workstation import CAPITALS, SPARE, Workstation
from tests.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.docker]


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

    wait_until(both_answered, "both engines have answered", saw=lambda: seen)
    # Its own engine comes before its fallback as long as it answers.
    assert asked(workstation, key, CAPITALS).served_by.partition(" at ")[0] == CAPITALS
    first = workstation.service("main").container
    first.stop(timeout=5)
    try:
        shared, alone = (asked(workstation, key, model) for model in ("assistant", CAPITALS))
    finally:
        first.start()
        wait_until(
            lambda: workstation.service("main").health == "healthy",
            "it is back",
            saw=lambda: workstation.service("main"),
        )

    assert {name.partition(" at ")[0] for name in seen} == {"assistant"}
    assert shared.text
    assert SPARE in shared.served_by
    # The model that only the first engine has is answered for by its fallback.
    assert alone.text
    assert alone.served_by == shared.served_by


def test_a_page_that_asks_the_engines_themselves_offers_the_same_models_and_leaves_the_gateway_alone(
    workstation: Workstation,
) -> None:
    containers, digests = workstation.containers(), workstation.engine.digests()
    models = {model["name"] for model in workstation.place.spec["models"]}
    with workstation.place.changed(lambda spec: spec["webui"].update(through="engines")):
        changes = touched(workstation.apply())
        begun = time.time()
        person = Person(workstation)
        offered = person.models()
        answer = person.answer("Once upon a time")
        asked_of_the_gateway = questions(workstation, begun)
    back = touched(workstation.apply())

    assert changes == back == {"release", "setting"}
    assert workstation.containers() == containers
    # An engine names the tag that stands for none; a tag that a model was made from is not offered.
    assert sorted(name.removesuffix(":latest") for name in offered) == sorted(models)
    assert answer["choices"][0]["message"]["content"]
    assert asked_of_the_gateway == []
    assert set(Person(workstation).models()) == models
    assert workstation.engine.digests() == digests
    assert workstation.is_settled


def touched(ran: Ran) -> set[str]:
    """Return of what kind the things are that an apply has changed."""
    return {one["resource"].split()[0] for one in ran.here["plan"]["operations"]}


def questions(workstation: Workstation, since: float) -> list[str]:
    """Return what the gateway was asked since, but for how it is."""
    log = workstation.service("litellm").container.logs(since=since).decode(errors="replace")
    return [line for line in log.splitlines() if "HTTP/1" in line and "/health/" not in line]
