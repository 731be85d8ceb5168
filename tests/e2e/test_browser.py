"""A person opens the page, signs in, picks the model, and sees an answer arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.e2e.chromium import browser_that_reaches
from tests.e2e.page import answer_lengths, choose, element, models_offered, send, sign_in
from tests.e2e.place import PUBLIC_URL
from tests.e2e.proxies import tls_proxy
from tests.e2e.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


def test_a_person_signs_in_picks_the_model_and_sees_the_answer_grow(
    stack: Stack, browser: Chrome, pictures: Path
) -> None:
    model = stack.place.spec["models"][0]["name"]
    try:
        sign_in(browser, stack)
        choose(browser, model)
        send(browser, "Once upon a time")
        lengths = answer_lengths(browser)
        element(browser, ".copy-response-button")
    finally:
        browser.save_screenshot(str(pictures / "browser.png"))

    assert len(lengths) >= 2, "the answer came in one piece"


def test_the_list_shows_exactly_the_models_of_the_spec(stack: Stack, browser: Chrome) -> None:
    sign_in(browser, stack)

    assert models_offered(browser) == [model["name"] for model in stack.place.spec["models"]]


def test_a_person_who_comes_through_a_tls_proxy_sees_the_answer_grow(
    stack: Stack, browser_outside: Chrome, pictures: Path
) -> None:
    model = stack.place.spec["models"][0]["name"]
    try:
        sign_in(browser_outside, stack, PUBLIC_URL)
        choose(browser_outside, model)
        send(browser_outside, "Once upon a time")
        lengths = answer_lengths(browser_outside)
    finally:
        browser_outside.save_screenshot(str(pictures / "browser-outside.png"))

    assert len(lengths) >= 2, "the answer came in one piece"


@pytest.fixture
def browser_outside(stack: Stack, tmp_path: Path) -> Iterator[Chrome]:
    """A browser for which the page's name leads to a TLS proxy in front of it."""
    name = PUBLIC_URL.partition("://")[2]
    with tls_proxy(name, stack.service("open_webui").address, tmp_path) as port:
        leading = f"--host-resolver-rules=MAP {name}:443 127.0.0.1:{port}"
        with browser_that_reaches(port, tmp_path, leading, "--ignore-certificate-errors") as browser:
            yield browser


@pytest.fixture(scope="module")
def browser(stack_up: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser_that_reaches(stack_up.place.spec["webui"]["port"], tmp_path_factory.mktemp("chromium")) as browser:
        yield browser
