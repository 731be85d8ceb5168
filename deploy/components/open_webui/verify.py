"""Checks of the web UI: closed to strangers, and a real chat and a found document for the kit's own account."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.agent.line import Line
from deploy.components.open_webui.agent.sign_ins import LIMIT, SIGN_IN, TOO_MANY, patiently
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError, ensure, ensure_equal, ensure_refused
from deploy.verify.engines import Engines
from deploy.verify.questions import ensure_answered, short_question
from deploy.verify.web import Answer, Web

SOCKET = "/ws/socket.io/?EIO=4&transport=websocket"
UPGRADED, FOREIGN = 101, "https://stranger.invalid"
CLOSED = (
    "/api/models",
    "/api/v1/chats/",
    "/api/v1/files/",
    "/api/v1/users/",
    "/openai/config",
    "/api/v1/configs/export",
)
DOCUMENT = "kit-verify"
SENTENCE = "The harbour master of Lindesund is called Astrid Vellamo."
QUESTION = "Who is the harbour master of Lindesund?"


@pytest.fixture(scope="session")
def tokens() -> dict[str, str]:
    """Return the sign-in tokens by service: only a few sign-ins are allowed within three minutes."""
    return {}


@pytest.fixture
def account(service: Service, web: Web, tokens: dict[str, str], waiting: Callable[[str], None]) -> Web:
    """Return the web UI, signed in as the kit's own account."""
    if service.name not in tokens:
        answer = sign_in(service, web, waiting)
        if answer.status == TOO_MANY:
            pytest.skip(f"not asked: {LIMIT}; run the same command again later")
        ensure_equal(answer.status, 200, f"status of the sign-in of {service.facts['account']}")
        tokens[service.name] = answer.json["token"]
    web.bearer = tokens[service.name]
    return web


def sign_in(service: Service, web: Web, waiting: Callable[[str], None]) -> Answer:
    """Sign in as the kit's own account; a limit of sign-ins is waited for, and said."""
    account = {"email": service.facts["account"], "password": web.secrets.value(service.facts["password"])}
    return patiently(lambda: web.post(SIGN_IN, account), lambda answer: answer.status, waiting)


def test_refuses_who_is_not_signed_in(web: Web) -> None:
    for path in CLOSED:
        ensure_refused(web.get(path).status, path)
    ensure_refused(web.post("/api/chat/completions", short_question("any")).status, "/api/chat/completions")


def test_lets_nobody_sign_up(web: Web) -> None:
    ensure(not web.get("/api/config").json["features"]["enable_signup"], "strangers may sign up")
    stranger = {"name": "stranger", "email": "stranger@localhost", "password": "not-a-person"}
    ensure_refused(web.post("/api/v1/auths/signup", stranger).status, "sign-up")


def test_people_can_sign_in(service: Service, web: Web, account: Web) -> None:
    person = service.room["person"]
    email, password = person["email"], web.secrets.value(person["password"]["secret"])
    if Web(service, web.secrets).post(SIGN_IN, {"email": email, "password": password}).status == 200:
        return
    # Its password is the person's to change, and so is its name where somebody else administers.
    answer = account.get("/api/v1/users/all")
    ensure_equal(answer.status, 200, "status of the list of accounts")
    others = [user for user in answer.json["users"] if user["email"] != service.facts["account"]]
    is_there = any(user["email"] == email or user["role"] == "admin" for user in others)
    kit = f"{service.facts['account']} (`{Line('secret', 'show', service.facts['password'])}`)"
    ensure(is_there, f"there is no account {email}, and no administrator but the kit's own; add one as {kit}")


def test_opens_under_each_of_its_addresses(service: Service, web: Web) -> None:
    # The page streams its answers over a websocket, which takes none but these.
    for origin in dict(service.environment)["CORS_ALLOW_ORIGIN"].split(";"):
        ensure_equal(web.get_under(origin, "/").status, 200, f"status of the page under {origin}")
        ensure_equal(web.upgrade_under(origin, SOCKET), UPGRADED, f"status of the websocket under {origin}")
    ensure(web.upgrade_under(FOREIGN, SOCKET) != UPGRADED, f"the websocket opens under {FOREIGN} as well")


def test_lists_the_planned_models(service: Service, account: Web, engines: Engines) -> None:
    answer = account.get("/api/models")
    ensure_equal(answer.status, 200, "status")
    listed = {model["id"] for model in answer.json["data"]}
    # People may make models of their own from these.
    missing = sorted(set(service.facts["models"]) - listed)
    ensure(not [model for model in missing if not engines.away.reason(model)], f"missing {', '.join(missing)}")
    _skip_for(missing, engines)


def test_answers_a_chat_message(service: Service, account: Web, engines: Engines) -> None:
    if not service.facts["asked"]:
        pytest.skip("no engine serves a model")
    account.get("/api/models")
    silent = []
    for model in service.facts["asked"]:
        with _excused((model,), engines) as absent:
            answer = account.post("/api/chat/completions", short_question(model))
            ensure_equal(answer.status, 200, f"status of {model}")
            ensure_answered(answer)
        silent += absent
    _skip_for(silent, engines)


@contextmanager
def _excused(models: tuple[str, ...], engines: Engines) -> Iterator[list[str]]:
    """Give the models that did not answer because their host is left out; another one may answer in their place."""
    silent: list[str] = []
    try:
        yield silent
    except NotAsPlannedError:
        silent += [model for model in models if engines.away.reason(model)]
        if not silent:
            raise


def _skip_for(silent: list[str], engines: Engines) -> None:
    if silent:
        pytest.skip("; ".join(engines.away.reason(model) for model in silent))


def test_finds_a_sentence_of_a_document(service: Service, account: Web, engines: Engines) -> None:
    if not (service.facts["asked"] and service.facts["embedding"]):
        pytest.skip("no model turns documents into vectors")
    with _excused((service.facts["asked"][0], service.facts["embedding"]), engines) as silent:
        _ensure_found(service, account)
    _skip_for(silent, engines)


def _ensure_found(service: Service, account: Web) -> None:
    account.get("/api/models")
    made_by = f"{service.image.reference}\n{service.facts['embedding']}"
    name = f"{DOCUMENT}-{hashlib.sha256(made_by.encode()).hexdigest()[:12]}.txt"
    kept = _kept(account, name)
    if kept and _is_cited(service, account, kept):
        return
    if kept:
        # The page has a button that empties the vector store and leaves the document in its list.
        _remove(account, kept)
    ensure(_is_cited(service, account, _uploaded(account, name)), "the answer does not cite the document's sentence")


def _is_cited(service: Service, account: Web, file: str) -> bool:
    asked = short_question(service.facts["asked"][0])
    asked |= {"stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    asked |= {"files": [{"type": "file", "id": file, "name": DOCUMENT}]}
    events = account.events("/api/chat/completions", asked)
    sources: list[Any] = next((event["sources"] for event in events if "sources" in event), [])
    return any(SENTENCE in text for source in sources for text in source["document"])


def _kept(account: Web, name: str) -> str:
    """Return the check's document, indexed by this image with this model, or an empty text.

    Open WebUI's vector store never gives back the disk that a document took, so a new one each time would fill it.
    """
    kept = ""
    for file in _own_documents(account):
        if file["filename"] == name and not kept and _is_complete(account, file["id"]):
            kept = str(file["id"])
        else:
            _remove(account, str(file["id"]))
    return kept


def _own_documents(account: Web) -> list[dict[str, Any]]:
    """Return the kit's own documents; another person's document of such a name is not the kit's."""
    answer = account.get(f"/api/v1/files/search?filename={DOCUMENT}*.txt&content=false&limit=1000")
    if answer.status != 200:
        return []
    own = account.get("/api/v1/auths/").json["id"]
    return [file for file in answer.json if file["user_id"] == own]


def _uploaded(account: Web, name: str) -> str:
    path = "/api/v1/files/?process=true&process_in_background=false"
    answer = account.upload(path, name, SENTENCE)
    ensure_equal(answer.status, 200, "status of the upload")
    file = str(answer.json["id"])
    ensure(_is_complete(account, file), "the document could not be indexed")
    return file


def _is_complete(account: Web, file: str) -> bool:
    return bool(account.get(f"/api/v1/files/{file}/process/status").json.get("status") == "completed")


def _remove(account: Web, file: str) -> None:
    # Deleting a file alone would leave its vectors, and with them its text.
    account.post("/api/v1/retrieval/delete", {"collection_name": f"file-{file}", "file_id": file})
    status = account.delete(f"/api/v1/files/{file}").status
    if status != 200:
        raise NotAsPlannedError(f"the document {DOCUMENT} could not be removed again: status {status}")
