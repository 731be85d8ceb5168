from __future__ import annotations

import asyncio
import json
from types import ModuleType
from typing import Any

import pytest
import yaml

from deploy.decide.render import render
from deploy.deployment.host import Deployment
from deploy.deployment.offers import ChatApi, Embeddings
from tests.unit.rooms.places import TALKER, engine, gateway


def config_of(*services: Any) -> dict[str, Any]:
    bundle = render(Deployment("home", tuple(one.service for one in services), ()))
    (file,) = (file for file in bundle.files if file.path.endswith("/litellm.yaml"))
    config: dict[str, Any] = yaml.safe_load(file.content)
    return config


def test_every_model_of_every_engine_has_its_own_name_and_its_engines_key() -> None:
    one, two = engine(TALKER, name="zebra"), engine(name="main")
    front = gateway(one, two)
    assert config_of(front)["model_list"] == [
        {
            "model_name": "gemma",
            "litellm_params": {
                "model": "openai/gemma",
                "api_base": "http://main:8080/v1",
                "api_key": "os.environ/KIT_MAIN_API_KEY",
            },
            "model_info": {"id": "gemma at http://main:8080/v1"},
        },
        {
            "model_name": "talker:8b",
            "litellm_params": {
                "model": "openai/talker:8b",
                "api_base": "http://zebra:8080/v1",
                "api_key": "os.environ/KIT_ZEBRA_API_KEY",
            },
            "model_info": {"id": "talker:8b at http://zebra:8080/v1"},
        },
    ]
    assert [(use.secret.name, use.variable) for use in front.service.secrets] == [
        ("litellm_master_key", "LITELLM_MASTER_KEY"),
        ("main_api_key", "KIT_MAIN_API_KEY"),
        ("zebra_api_key", "KIT_ZEBRA_API_KEY"),
    ]


def test_the_order_of_the_engines_changes_nothing() -> None:
    one, two = engine(TALKER, name="zebra"), engine(name="main")
    assert gateway(one, two) == gateway(two, one)


def test_it_offers_what_the_engines_offer_under_its_own_key() -> None:
    front = gateway(engine())
    chat, vectors = front.offers
    assert isinstance(chat, ChatApi)
    assert isinstance(vectors, Embeddings)
    assert (chat.url, chat.models) == ("http://litellm:4000/v1", ("gemma",)) == (vectors.url, vectors.models)
    assert chat.key == vectors.key == front.service.secrets[0].secret
    assert chat.key is not None
    assert chat.key.prefix == "sk-"


def test_without_an_engine_its_file_is_still_one_that_loads() -> None:
    assert config_of(gateway())["model_list"] == []


def test_the_time_for_an_answer_is_the_specs() -> None:
    assert config_of(gateway(request_timeout="90s"))["litellm_settings"]["request_timeout"] == 90


def test_an_engine_whose_host_is_off_is_given_up_long_before_an_answer_may_take_too_long() -> None:
    service = gateway(engine(), request_timeout="10m").service
    environment = dict(service.environment)
    idle, probe, count = (int(environment[f"AIOHTTP_TCP_KEEP{name}"]) for name in ("IDLE", "INTVL", "CNT"))
    assert environment["AIOHTTP_SO_KEEPALIVE"] == "True"
    assert idle + probe * count <= 30
    assert int(environment["AIOHTTP_KEEPALIVE_TIMEOUT"]) < idle
    bundle = render(Deployment("home", (service,), ()))
    (compose,) = (file for file in bundle.files if file.path.endswith("compose.yaml"))
    assert yaml.safe_load(compose.content)["services"]["litellm"]["sysctls"] == {
        "net.ipv4.tcp_retries2": 8,
        "net.ipv4.tcp_syn_retries": 1,
    }


def test_no_key_stands_in_its_environment() -> None:
    assert not [name for name, _ in gateway(engine()).service.environment if "KEY" in name]


def test_litellm_runs_the_gate_at_its_start() -> None:
    service = gateway(engine()).service
    environment = dict(service.environment)
    module, function = environment["LITELLM_WORKER_STARTUP_HOOKS"].split(":")
    assert f"{environment['PYTHONPATH']}/{module}.py" in [file.container_path for file in service.artifacts]
    assert callable(getattr(the_gate(), function))


@pytest.mark.parametrize(
    ("path", "headers", "passes"),
    [
        ("/v1/models", {}, False),
        ("/routes", {}, False),
        ("/ui/", {"authorization": "Bearer sk-wrong"}, False),
        ("/v1/models", {"authorization": "Bearer"}, False),
        ("/health/liveliness/../../routes", {}, False),
        ("/health", {}, False),
        ("/health/liveliness", {}, True),
        ("/v1/models", {"authorization": "Bearer sk-right"}, True),
        ("/v1/models", {"authorization": "bearer  sk-right "}, True),
        ("/v1/messages", {"x-api-key": "sk-right"}, True),
    ],
)
def test_only_the_key_and_the_question_of_life_come_through_the_gate(
    path: str, headers: dict[str, str], passes: bool
) -> None:
    told = through_the_gate({"type": "http", "method": "GET", "path": path}, headers)
    assert (told[0]["type"] == "passed") is passes
    if not passes:
        assert (told[0]["status"], json.loads(told[1]["body"])["error"]["code"]) == (401, "401")


def test_a_browser_may_ask_before_it_sends_the_key_and_a_socket_may_not_come_without_it() -> None:
    asks = {"type": "http", "method": "OPTIONS", "path": "/v1/models"}
    before = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
    assert through_the_gate(asks, before) == [{"type": "passed"}]
    assert through_the_gate(asks, {})[0]["status"] == 401
    socket = {"type": "websocket", "path": "/health/liveliness"}
    assert through_the_gate(socket, {}) == [{"type": "websocket.close", "code": 1008}]


def the_gate() -> ModuleType:
    """The module as the gateway's container finds it."""
    bundle = render(Deployment("home", (gateway(engine()).service,), ()))
    (file,) = (file for file in bundle.files if file.path.endswith("/kit_gate.py"))
    module = ModuleType("kit_gate")
    exec(compile(file.content, "kit_gate.py", "exec"), module.__dict__)
    return module


def through_the_gate(scope: dict[str, Any], headers: dict[str, str]) -> list[dict[str, Any]]:
    """Words of the gate to a client; a request may have been passed on."""
    told: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    async def inner(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "passed"})

    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(the_gate().gate(inner, b"sk-right")({**scope, "headers": sent}, None, send))
    return told
