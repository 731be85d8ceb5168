"""Checks of an Ollama: it answers, chats and embeds on its card, and its settings are as planned.

That it has its models as they were created is a check of every engine alike.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.agent.protocols.doors.names import same
from deploy.components.ollama.cards import cards_found, next_step, troubles_of
from deploy.components.ollama.memory import PROCESS_ON_CARD
from deploy.deployment.service import Service
from deploy.fit.share import Share
from deploy.verify.checks import NotAsPlannedError, ensure, ensure_equal
from deploy.verify.containers import Containers
from deploy.verify.questions import FEW_TOKENS, ensure_vectors, short_question
from deploy.verify.shares import Shares, ensure_as_predicted, ensure_no_room
from deploy.verify.web import Web

LIBRARIES: dict[str, tuple[str, ...]] = {"amd": ("rocm",), "nvidia": ("cuda", "vulkan"), "intel": ("vulkan",)}
"""Beginnings of the names of back ends for a vendor's cards."""
GIB = 2**30
OK = 200
VENDORS_CLOUD = "OLLAMA_NO_CLOUD"


def test_says_its_version(web: Web) -> None:
    answer = web.get("/api/version")
    ensure_equal(answer.status, 200, "status")
    ensure(answer.json.get("version"), "its version is empty")


def test_runs_with_the_planned_settings(service: Service, containers: Containers) -> None:
    variables = dict(word.partition("=")[::2] for word in containers.of(service)["Config"]["Env"])
    for name, value in service.environment:
        ensure_equal(variables.get(name, "not set"), value, name)


def test_keeps_away_from_its_vendors_cloud(service: Service, containers: Containers) -> None:
    if service.facts["cloud"]:
        pytest.skip("the spec lets it talk with its vendor's cloud")
    ensure(f"{VENDORS_CLOUD}=1" in containers.of(service)["Config"]["Env"], f"{VENDORS_CLOUD} is not set")


def test_answers_a_chat_message(service: Service, web: Web) -> None:
    if not service.facts["talkers"]:
        pytest.skip("the spec gives it no model to talk with")
    talker = next((name for name in service.facts["talkers"] if _can_chat(web, name)), None)
    if talker is None:
        pytest.skip("its models make vectors, and none of them chats")
    question = short_question(talker)
    asked = {name: question[name] for name in ("model", "messages", "stream")}
    answer = web.post("/api/chat", {**asked, "options": {"num_predict": FEW_TOKENS}})
    ensure_equal(answer.status, 200, f"status of {talker}")
    message = answer.json.get("message") or {}
    # A model that thinks first may spend the few tokens on that.
    ensure(message.get("content") or message.get("thinking"), f"the answer of {talker} holds no words")


def _can_chat(web: Web, model: str) -> bool:
    """Return True if a model can chat, by the engine's own word; without it, by a question to the model."""
    answer = web.post("/api/show", {"model": model})
    able = answer.json.get("capabilities") if answer.status == OK else None
    return not able or "completion" in able


def test_turns_text_into_vectors(service: Service, web: Web) -> None:
    if not service.facts["embedding"]:
        pytest.skip("nobody wants vectors of it")
    ensure_vectors(web.post("/v1/embeddings", {"model": service.facts["embedding"], "input": ["hello", "world"]}), 2)


def test_computes_on_its_card(
    service: Service, containers: Containers, web: Web, shares: Shares, telling: Callable[[str], None]
) -> None:
    if service.facts["gpu"] not in LIBRARIES:
        pytest.skip("the spec gives it no card")
    log = containers.logs(service)
    libraries, wanted = cards_found(log), LIBRARIES[service.facts["gpu"]]
    if libraries and not any(library.lower().startswith(wanted) for library in libraries):
        troubles = troubles_of(log)
        told = "; ".join([f"computes on the CPU: its log says library={', '.join(libraries)}", *troubles])
        raise NotAsPlannedError(f"{told}; {next_step(troubles)}")
    if service.facts["on_gpu"]:
        telling(_ensure_it_lies_there(service.facts["on_gpu"], service, web, shares))
    elif not libraries:
        pytest.skip("its log is too long to say, and the spec gives it no model to try")


def _ensure_it_lies_there(model: str, service: Service, web: Web, shares: Shares) -> str:
    question = {"model": model, "prompt": "The capital of France is", "stream": False}
    # Nobody else's time is touched: it stays as long as the spec says, unless that is no time to look at it.
    stay = {"keep_alive": "30s"} if service.facts["unloads_at_once"] else {}
    answer = web.post("/api/generate", {**question, **stay, "options": {"num_predict": FEW_TOKENS}})
    ensure_equal(answer.status, 200, f"status of {model}")
    loaded = {same(entry["name"]): entry for entry in web.get("/api/ps").json["models"]}
    mine = loaded.pop(same(model), None)
    ensure(mine, f"{model} is not in memory right after its answer")
    whole, there = mine["size"], mine["size_vram"]
    figures = f"{there / GIB:.1f} of {whole / GIB:.1f} GiB ({100 * there // whole} %) of {model} lie on the card"
    held = sum(entry["size_vram"] + PROCESS_ON_CARD for entry in loaded.values() if entry["size_vram"])
    share = shares.of(service, model, held)
    sure = share.sure if isinstance(share, Share) else None
    if not there:
        ensure_no_room(f"nothing of {model} lies on the card", sure)
    return ensure_as_predicted(service, figures, there / whole, share, sure or 0)
