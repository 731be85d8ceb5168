"""The gateway and the page show exactly the models of the spec, and they answer."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.e2e.test_browser import LABELS_OF, OFFERED, click, element, sign_in, started
from tests.e2e.webui import Person
from tests.e2e.workstation import CAPITALS, Workstation

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    yield from started(tmp_path_factory.mktemp("chromium"))


@pytest.mark.browser
def test_the_page_offers_exactly_the_models_of_the_spec(workstation: Workstation, browser: Chrome) -> None:
    sign_in(browser, workstation)
    click(browser, "#model-selector-model-button")
    element(browser, OFFERED)
    labels = browser.execute_script(LABELS_OF, OFFERED)

    assert sorted(labels) == sorted(f"Select {model['name']} model" for model in workstation.place.spec["models"])


def test_the_gateway_answers_for_a_model_with_capitals(workstation: Workstation) -> None:
    answer = asked(workstation, CAPITALS)

    assert answer["choices"][0]["message"]["content"]
    assert Person(workstation).answer("Hello")["choices"][0]["message"]["content"]


def asked(workstation: Workstation, model: str) -> dict[str, list[dict[str, dict[str, str]]]]:
    """Ask a model through the gateway."""
    body = {"model": model, "messages": [{"role": "user", "content": "Once upon a time"}], "max_tokens": 4}
    key = workstation.secret("litellm_master_key")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"{workstation.service('litellm').address}/v1/chat/completions"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=60) as answer:
        found: dict[str, list[dict[str, dict[str, str]]]] = json.load(answer)
    return found
