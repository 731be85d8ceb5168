from __future__ import annotations

from typing import Any

import yaml

from deploy.deployment import Deployment
from deploy.offers import ChatApi, Embeddings
from deploy.render import render
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
        },
        {
            "model_name": "talker:8b",
            "litellm_params": {
                "model": "openai/talker:8b",
                "api_base": "http://zebra:8080/v1",
                "api_key": "os.environ/KIT_ZEBRA_API_KEY",
            },
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


def test_no_key_stands_in_its_environment() -> None:
    assert not [name for name, _ in gateway(engine()).service.environment if "KEY" in name]
