"""The gateway's ways for a question: to which engines, in which of their languages, within which limits."""

from __future__ import annotations

from typing import Any

from deploy.components.litellm.spec import Route
from deploy.deployment.offers import ChatApi
from tests.unit.rooms.places import engine, gateway, outside
from tests.unit.rooms.test_litellm import config_of

LM = {"name": "lm", "api": "openai", "url": "http://10.0.0.8:1234/v1"}


def routes(**fields: Any) -> Any:
    return gateway(outside("big", "small"), routes=(Route(**{"model": "big", **fields}),))


def parameters_of(front: Any, name: str) -> list[dict[str, Any]]:
    return [one["litellm_params"] for one in config_of(front)["model_list"] if one["model_name"] == name]


def test_an_ollama_is_asked_in_its_own_language_and_gets_a_key_only_where_it_has_one() -> None:
    plain = {"model": "ollama_chat/gemma", "api_base": "http://10.0.0.7:11434"}
    assert parameters_of(gateway(outside("gemma")), "gemma") == [plain]
    keyed = gateway(outside("gemma", key="env:MAC_KEY"))
    assert parameters_of(keyed, "gemma") == [{**plain, "api_key": "os.environ/KIT_MAC_API_KEY"}]
    uses = {use.variable: use.secret for use in keyed.service.secrets}
    assert uses["KIT_MAC_API_KEY"].reference == "env:MAC_KEY"


def test_a_model_of_an_ollama_that_makes_vectors_chats_and_makes_them_through_one_entry() -> None:
    front = gateway(outside("gemma", "nomic", embedding="nomic"))
    assert parameters_of(front, "nomic") == [
        {"model": "openai/nomic", "api_base": "http://10.0.0.7:11434/v1", "api_key": "none"}
    ]
    assert parameters_of(front, "gemma")[0]["model"] == "ollama_chat/gemma"
    assert front.service.facts["embeddings"] == ["nomic"]


def test_a_model_is_asked_for_by_the_name_that_its_engine_knows() -> None:
    front = gateway(outside("gemma", known_as="google/gemma-3-4b", **LM))
    assert parameters_of(front, "gemma")[0]["model"] == "openai/google/gemma-3-4b"


def test_two_engines_with_a_model_of_one_name_are_one_group_in_an_order_of_its_own() -> None:
    one, two = engine(name="main"), outside("gemma")
    listed = config_of(gateway(one, two))["model_list"]
    assert [(entry["model_name"], entry["model_info"]["id"]) for entry in listed] == [
        ("gemma", "gemma at http://10.0.0.7:11434"),
        ("gemma", "gemma at http://main:8080/v1"),
    ]
    front = gateway(one, two)
    assert front == gateway(two, one)
    chat = front.offers[0]
    assert isinstance(chat, ChatApi)
    assert chat.models == ("gemma",)
    assert [entry["id"] for entry in front.service.facts["upstreams"]] == [e["model_info"]["id"] for e in listed]


def test_an_engine_that_fails_hands_over_at_once() -> None:
    settings = config_of(gateway(engine()))["router_settings"]
    assert settings["enable_weighted_failover"] is True
    assert settings["disable_cooldowns"] is True
    assert (settings["num_retries"], settings["fallbacks"], settings["optional_pre_call_checks"]) == (0, [], [])


def test_engines_that_make_vectors_are_named_one_by_one_before_the_fallbacks_of_the_spec() -> None:
    lm = outside("gemma", embedding="gemma", **LM)
    front = gateway(engine(), lm, outside("small"), routes=(Route(model="gemma", fallbacks=("small",)),))
    named = ["gemma at http://10.0.0.8:1234/v1", "gemma at http://main:8080/v1"]
    assert config_of(front)["router_settings"]["fallbacks"] == [{"gemma": [*named, "small"]}]
    assert [one["vectors"] for one in front.service.facts["upstreams"]] == [True, True, False]


def test_a_route_becomes_limits_of_each_of_its_engines_and_of_no_other_model() -> None:
    front = routes(timeout="2m", requests_per_minute=60, tokens_per_minute=10_000, parallel=4, retries=1)
    (big,), (small,) = parameters_of(front, "big"), parameters_of(front, "small")
    assert {name: big[name] for name in big.keys() - small.keys()} == {
        "timeout": 120,
        "rpm": 60,
        "tpm": 10_000,
        "max_parallel_requests": 4,
        "num_retries": 1,
    }
    assert config_of(front)["router_settings"]["optional_pre_call_checks"] == ["enforce_model_rate_limits"]
    assert [one["limited"] for one in front.service.facts["upstreams"]] == [True, False]


def test_a_limit_of_tokens_brings_no_hidden_limit_of_requests_at_the_same_time() -> None:
    (big,) = parameters_of(routes(tokens_per_minute=1000), "big")
    assert big["max_parallel_requests"] == 1000


def test_fallbacks_keep_the_order_that_they_are_written_in() -> None:
    front = gateway(outside("a", "b", "c"), routes=(Route(model="b", fallbacks=("c", "a")), Route(model="a")))
    assert config_of(front)["router_settings"]["fallbacks"] == [{"b": ["c", "a"]}]


def test_who_calls_an_engine_outside_gets_a_way_out_and_says_what_for() -> None:
    assert gateway(engine()).service.egress == "none"
    service = gateway(engine(), outside("gemma"), outside("other", **LM)).service
    assert service.egress == "any"
    assert service.egress_cause == "calls lm at http://10.0.0.8:1234/v1 and mac at http://10.0.0.7:11434"
    assert gateway(outside()).service.egress == "none"
    assert gateway(engine(), egress="any").service.egress_cause == "the spec says so"
