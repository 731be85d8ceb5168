"""Open WebUI's page in the hands of a person: sign in, choose, write, read."""

from __future__ import annotations

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions as seen
from selenium.webdriver.support.ui import WebDriverWait

from tests.e2e.stack import Stack
from tests.e2e.webui import Person
from tests.waiting import PATIENCE_SECONDS, wait_until

TRY_SECONDS = 60
"""So long a person looks at a page before doing it again."""
GREETING = '//button[contains(., "Okay, Let\'s Go!")]'
OFFERED = "button[aria-label^='Select '][aria-label$=' model']"
WATCH_THE_ANSWER = """
window.lengthsSeen = new Set();
new MutationObserver(() => {
  const answer = [...document.querySelectorAll('.chat-assistant')].at(-1);
  if (answer?.innerText.length) window.lengthsSeen.add(answer.innerText.length);
}).observe(document.body, {childList: true, subtree: true, characterData: true});
"""
LABELS_OF = "return [...document.querySelectorAll(arguments[0])].map((one) => one.getAttribute('aria-label'))"
NOT_YET = (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    NoSuchElementException,
    StaleElementReferenceException,
)


def sign_in(browser: Chrome, stack: Stack, address: str = "") -> None:
    """Open the page and sign in as the first administrator, unless that was done before."""
    place = address or stack.service("open_webui").address
    wait_until(lambda: is_open(browser, place), "the page is open", saw=lambda: shown(browser))
    if browser.find_elements(By.ID, "chat-input"):
        return
    password = stack.secret("webui_admin_password")
    wait_until(lambda: is_signed_in(browser, password), "the person is signed in", saw=lambda: shown(browser))


def shown(browser: Chrome) -> tuple[str, str]:
    """Return the address and the words that the browser shows."""
    return browser.current_url, browser.find_element(By.TAG_NAME, "body").text[-1000:]


def is_open(browser: Chrome, address: str) -> bool:
    """Open the page and wait for what a person can write into; one that does not come is opened anew."""
    try:
        browser.get(address)
        element(browser, "input#email, #chat-input", TRY_SECONDS)
    except (*NOT_YET, TimeoutException):
        return False
    return True


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
        WebDriverWait(browser, TRY_SECONDS, ignored_exceptions=NOT_YET).until(
            lambda page: page.find_elements(By.ID, "chat-input")
        )
    except (*NOT_YET, TimeoutException):
        return bool(browser.find_elements(By.ID, "chat-input"))
    return True


def models_offered(browser: Chrome) -> list[str]:
    """Open the list of models and return the names in it."""
    click(browser, "#model-selector-model-button")
    element(browser, OFFERED)
    labels: list[str] = browser.execute_script(LABELS_OF, OFFERED)
    return [label.removeprefix("Select ").removesuffix(" model") for label in labels]


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

    wait_until(is_typed, f"{selector} can be typed into", saw=lambda: shown(browser))


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

    wait_until(is_clicked, f"{selector} can be clicked", saw=lambda: shown(browser))


def send(browser: Chrome, text: str) -> None:
    """Write a message and send it."""
    type_into(browser, "#chat-input", text)
    browser.execute_script(WATCH_THE_ANSWER)
    click(browser, "#send-message-button")


def answer_lengths(browser: Chrome) -> set[int]:
    """Return the lengths of the answer that were seen while it grew."""

    def lengths() -> set[int]:
        # Kept by the page itself, at every change: who looks from outside may come too late on a busy machine.
        return set(browser.execute_script("return [...window.lengthsSeen]"))

    wait_until(lambda: len(lengths()) >= 2, "the answer grows", saw=lambda: (lengths(), shown(browser)))
    return lengths()


def element(browser: Chrome, selector: str, seconds: float = PATIENCE_SECONDS) -> WebElement:
    """Wait for an element that can be used."""
    there = seen.element_to_be_clickable((By.CSS_SELECTOR, selector))
    return WebDriverWait(browser, seconds, ignored_exceptions=NOT_YET).until(there)
