"""The stack answers: through every hop, with a key alone, and from a document with its citation."""

from __future__ import annotations

import json

import pytest

from tests.e2e.stack import Stack
from tests.e2e.webui import Person, status_of

pytestmark = pytest.mark.e2e

SENTENCE = "The harbour master of Quillhaven keeps eleven blue lanterns in the old granary."
OTHER = "Bread rises faster in a warm kitchen, and slower beside an open window."
QUESTION = {"model": "gemma", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}


def test_the_page_offers_exactly_the_models_of_the_spec(stack: Stack) -> None:
    assert Person(stack).models() == [model["name"] for model in stack.place.spec["models"]]


def test_a_person_gets_an_answer_from_the_model(stack: Stack) -> None:
    answer = Person(stack).answer("The capital of France is")

    assert answer["choices"][0]["message"]["content"]


@pytest.mark.parametrize(("service", "secret"), [("main", "main_api_key"), ("litellm", "litellm_master_key")])
def test_programs_get_an_answer_with_the_key_alone(stack: Stack, service: str, secret: str) -> None:
    address = f"{stack.service(service).address}/v1/chat/completions"

    assert status_of(address, {"Authorization": f"Bearer {stack.secret(secret)}"}, QUESTION) == 200
    assert status_of(address, None, QUESTION) == 401
    assert status_of(address, {"Authorization": "Bearer sk-wrong"}, QUESTION) == 401


def test_nobody_comes_in_without_a_password(stack: Stack) -> None:
    page = stack.service("open_webui").address
    newcomer = {"name": "x", "email": "x@localhost", "password": "x-y-z-1-2-3"}

    assert status_of(f"{page}/api/models") in (401, 403)
    assert status_of(f"{page}/api/v1/auths/signup", None, newcomer) == 403


def test_a_document_is_found_and_the_citation_holds_the_sentence(stack: Stack) -> None:
    person = Person(stack)
    document = person.upload("harbour.txt", f"{OTHER}\n\n{SENTENCE}\n")

    answer = person.answer("Who keeps blue lanterns in Quillhaven?", document)

    assert SENTENCE in json.dumps(answer["sources"])


def test_one_verify_after_another_leaves_the_data_as_it_is(stack: Stack) -> None:
    stack.kit("verify", "open_webui", "--json")

    def it_stays() -> bool:
        before = sizes(stack)
        stack.kit("verify", "open_webui", "--json")
        return sizes(stack) == before

    # A database takes over what its log holds when it likes; what a verify left behind would show each time.
    assert any(it_stays() for _ in range(3))


def sizes(stack: Stack) -> dict[str, int]:
    """Return the size of every file of the web UI's data but the database's own log, which is written over again."""
    files = (path for path in (stack.data / "open_webui").rglob("*") if path.is_file())
    return {str(path): path.stat().st_size for path in files if not path.name.endswith(("-wal", "-shm"))}
