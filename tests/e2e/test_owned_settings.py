"""The settings that the kit owns in the page follow kit.yaml; everything else that people set there stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack
from tests.e2e.webui import Document, Person

pytestmark = pytest.mark.e2e

BACK_ENDS, DOORS = "/openai/config", "/api/v1/auths/admin/config"
OWN_PASSWORD = "a-password-of-their-own"


def test_what_a_person_changed_in_the_page_is_planned_and_set_back_although_their_password_is_another(
    stack: Stack, person: Person
) -> None:
    back_ends, doors = person.ask(BACK_ENDS), person.ask(DOORS)
    person.ask(f"{BACK_ENDS}/update", {**back_ends, "OPENAI_API_BASE_URLS": ["http://elsewhere.test/v1"]})
    person.ask(DOORS, {**doors, "ENABLE_SIGNUP": True, "DEFAULT_USER_ROLE": another_role(doors)})

    planned = stack.plan()
    applied = stack.apply().here

    assert planned == [("set", "setting openai.api_base_urls"), ("set", "setting ui.enable_signup")]
    assert [(one["action"], one["resource"]) for one in applied["plan"]["operations"]] == planned
    assert person.ask(BACK_ENDS)["OPENAI_API_BASE_URLS"] == back_ends["OPENAI_API_BASE_URLS"]
    assert person.ask(DOORS) == {**doors, "DEFAULT_USER_ROLE": another_role(doors)}


@pytest.fixture
def person(stack: Stack) -> Iterator[Person]:
    """The first administrator, whose password is no longer the one that the kit chose."""
    first = stack.secret("webui_admin_password")
    Person(stack).change_password(first, OWN_PASSWORD)
    # The page forgets who was signed in under the old one.
    person = Person(stack, OWN_PASSWORD)
    doors = person.ask(DOORS)
    yield person
    person.ask(DOORS, {**person.ask(DOORS), "DEFAULT_USER_ROLE": doors["DEFAULT_USER_ROLE"]})
    person.change_password(OWN_PASSWORD, first)


def another_role(doors: Document) -> str:
    """Return a role for new people that is not the one they have now."""
    return "user" if doors["DEFAULT_USER_ROLE"] == "pending" else "pending"
