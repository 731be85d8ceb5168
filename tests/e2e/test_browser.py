"""A person opens the page, signs in, picks the model, and sees an answer arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions as seen
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.place import PUBLIC_URL
from tests.e2e.proxies import tls_proxy
from tests.e2e.stack import Stack
from tests.e2e.waiting import wait_until
from tests.e2e.webui import Person

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

LIMIT_SECONDS = 60
SIGN_IN_SECONDS = 15
GREETING = '//button[contains(., "Okay, Let\'s Go!")]'
OFFERED = "button[aria-label^='Select '][aria-label$=' model']"
LENGTH_OF_THE_LAST_ANSWER = "return [...document.querySelectorAll('.chat-assistant')].at(-1)?.innerText.length ?? 0"
LABELS_OF = "return [...document.querySelectorAll(arguments[0])].map((one) => one.getAttribute('aria-label'))"
WHAT_IS_SEEN = "return document.body?.innerText.trim() ?? ''"
NOT_YET = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)


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
    click(browser, "#model-selector-model-button")
    element(browser, OFFERED)
    labels = browser.execute_script(LABELS_OF, OFFERED)

    assert labels == [f"Select {model['name']} model" for model in stack.place.spec["models"]]


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
        yield from started(tmp_path, leading, "--ignore-certificate-errors")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    yield from started(tmp_path_factory.mktemp("chromium"))


def started(folder: Path, *more: str) -> Iterator[Chrome]:
    """Start a browser that keeps what it writes in a folder of its own."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={folder / 'browser'}", *more):
        options.add_argument(flag)
    driver = Chrome(options, ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


def sign_in(browser: Chrome, stack: Stack, address: str = "") -> None:
    """Open the page and sign in as the first administrator, unless that was done before."""
    browser.get(address or stack.service("open_webui").address)
    wait_until(lambda: is_open(browser), "the page is open", 2 * LIMIT_SECONDS)
    if browser.find_elements(By.ID, "chat-input"):
        return
    password = stack.secret("webui_admin_password")
    wait_until(lambda: is_signed_in(browser, password), "the person is signed in", 2 * LIMIT_SECONDS)


def is_open(browser: Chrome) -> bool:
    """Whether the page is there; one of whose parts did not all arrive is loaded anew, as a person does."""
    try:
        if browser.execute_script(WHAT_IS_SEEN).startswith("500"):
            browser.refresh()
        return bool(browser.find_elements(By.CSS_SELECTOR, "input#email, #chat-input"))
    except NOT_YET:
        return False


def is_signed_in(browser: Chrome, password: str) -> bool:
    """Fill the form and send it; a page that is still waking up may empty its fields meanwhile."""
    wanted = {"email": Person.email, "password": password}
    try:
        fields = {name: browser.find_element(By.ID, name) for name in wanted}
        for name, field in fields.items():
            field.clear()
            field.send_keys(wanted[name])
        if {name: field.get_property("value") for name, field in fields.items()} != wanted:
            return False
        fields["password"].send_keys(Keys.ENTER)
        WebDriverWait(browser, SIGN_IN_SECONDS, ignored_exceptions=NOT_YET).until(
            lambda page: page.find_elements(By.ID, "chat-input")
        )
    except (*NOT_YET, TimeoutException):
        return bool(browser.find_elements(By.ID, "chat-input"))
    return True


def choose(browser: Chrome, model: str) -> None:
    """Choose the model as a person does."""
    click(browser, "#model-selector-model-button")
    click(browser, f"button[aria-label='Select {model} model']")


def type_into(browser: Chrome, selector: str, text: str) -> None:
    """Type into a field, once it is there to stay."""

    def is_typed() -> bool:
        try:
            browser.find_element(By.CSS_SELECTOR, selector).send_keys(text)
        except NOT_YET:
            return False
        return True

    wait_until(is_typed, f"{selector} can be typed into", LIMIT_SECONDS)


def click(browser: Chrome, selector: str) -> None:
    """Click what is there, past the words that greet a person who is new here."""

    def is_clicked() -> bool:
        try:
            for okay in browser.find_elements(By.XPATH, GREETING):
                okay.click()
            browser.find_element(By.CSS_SELECTOR, selector).click()
        except NOT_YET:
            return False
        return True

    wait_until(is_clicked, f"{selector} can be clicked", LIMIT_SECONDS)


def send(browser: Chrome, text: str) -> None:
    """Write a message and send it."""
    type_into(browser, "#chat-input", text)
    click(browser, "#send-message-button")


def answer_lengths(browser: Chrome) -> set[int]:
    """Return the lengths of the answer that were seen while it grew."""
    lengths: set[int] = set()

    def grows() -> bool:
        # Asked and measured inside the page at once: the page puts a new element in an answer's place while it grows.
        lengths.add(browser.execute_script(LENGTH_OF_THE_LAST_ANSWER))
        return len(lengths - {0}) >= 2

    wait_until(grows, "the answer grows", LIMIT_SECONDS)
    return lengths - {0}


def element(browser: Chrome, selector: str) -> WebElement:
    """Wait for an element that can be used."""
    there = seen.element_to_be_clickable((By.CSS_SELECTOR, selector))
    return WebDriverWait(browser, LIMIT_SECONDS, ignored_exceptions=NOT_YET).until(there)
