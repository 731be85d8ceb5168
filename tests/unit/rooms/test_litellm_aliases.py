"""Further names of models: what the gateway, the page, clients and routes make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.chat.doors import doors
from deploy.clients.given import given
from deploy.clients.lines import lines_for
from deploy.components.litellm.spec import Route
from deploy.decide.resolve import resolve, resolved_parts
from deploy.deployment.secrets import Secret
from deploy.fields.aliases import followed
from deploy.reading.document import path_text
from deploy.spec.checks.crosschecks import findings
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.unit.rooms.places import gateway, outside
from tests.unit.rooms.test_litellm import config_of


def spec_of(aliases: dict[str, str], **more: Any) -> Spec:
    names = ("llama3.2:3b", "org/big", "nomic-embed-text:latest")
    models = [{"name": name, "engine": "main"} for name in names]
    routes = more.pop("routes", [])
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [{"name": "main", "kind": "ollama"}]}
    data |= {"models": models, "gateway": {"aliases": aliases, "routes": routes}, **more}
    return Spec.model_validate_json(json.dumps(data))


def told(spec: Spec) -> list[tuple[str, str]]:
    return [(path_text(found.path), found.text()) for found in findings(spec)]


def test_an_alias_is_listed_and_asked_like_a_model_and_moves_with_one_line() -> None:
    front = gateway(outside("small", "big"), aliases={"assistant": "small", "chat": "assistant"})
    assert config_of(front)["router_settings"]["model_group_alias"] == {"assistant": "small", "chat": "small"}
    assert front.service.facts["models"] == ["assistant", "big", "chat", "small"]
    asked = [one["id"] for one in front.service.facts["upstreams"]]
    assert asked[-2:] == ["assistant", "chat"]
    moved = gateway(outside("small", "big"), aliases={"assistant": "big", "chat": "assistant"})
    assert config_of(moved)["router_settings"]["model_group_alias"] == {"assistant": "big", "chat": "big"}
    assert "model_group_alias" not in config_of(gateway(outside("small")))["router_settings"]


def test_an_alias_of_a_model_that_makes_vectors_makes_them_too() -> None:
    front = gateway(outside("gemma", "nomic", embedding="nomic"), aliases={"embed": "nomic", "chat": "gemma"})
    assert front.service.facts["embeddings"] == ["embed", "nomic"]
    vectors = {one["id"]: one["vectors"] for one in front.service.facts["upstreams"]}
    assert (vectors["embed"], vectors["chat"]) == (True, False)


def test_a_route_of_an_alias_is_that_of_its_model_and_fallbacks_hold_for_both() -> None:
    routes = (Route.model_validate_json('{"model": "chat", "fallbacks": ["spare"], "timeout": "2m"}'),)
    front = gateway(outside("small", "big"), aliases={"chat": "small", "spare": "big"}, routes=routes)
    settings = config_of(front)["router_settings"]
    assert settings["fallbacks"] == [{"chat": ["big"]}, {"small": ["big"]}]
    (small,) = (one for one in config_of(front)["model_list"] if one["model_name"] == "small")
    assert small["litellm_params"]["timeout"] == 120


def test_the_page_the_clients_and_the_command_line_know_it() -> None:
    spec = spec_of({"assistant": "llama3.2:3b", "embed": "nomic-embed-text:latest"}, webui={"embedding": "embed"})
    assert told(spec) == []
    deployment = resolve(spec, lock_of(spec))[HERE]
    assert "assistant" in deployment.service("open_webui").facts["models"]
    assert deployment.service("open_webui").facts["embedding"] == "nomic-embed-text:latest"
    front = next(door for door in doors(spec, resolved_parts(spec, lock_of(spec))) if door.is_gateway)
    assert "assistant" in front.models
    assert dict(front.behind)["assistant"] == ("main",)
    (lines,) = (one.text for one in lines_for(given((front,), "kit", "/k", "", None)) if one.client == "aliases")
    assert "alias ask-assistant='kit run assistant /k'" in lines
    assert "alias ask-big='kit run org/big /k'" in lines


@pytest.mark.parametrize(
    ("aliases", "more", "places"),
    [
        (
            {"assistant": "llama3.2:3c"},
            {},
            [("gateway.aliases.assistant", "no model is called llama3.2:3c (did you mean")],
        ),
        (
            {"a": "nomic-embed-text"},
            {},
            [("gateway.aliases.a", "nomic-embed-text is called nomic-embed-text:latest in")],
        ),
        (
            {"a": "org/big", "b": "A:latest"},
            {},
            [("gateway.aliases.b", "A:latest is called a in `gateway.aliases`; write it in the same way")],
        ),
        (
            {"library/llama3.2:3b": "org/big"},
            {},
            [("gateway.aliases", 'write `library/llama3.2:3b: "llama3.2:3b"`, or choose another alias')],
        ),
        (
            {"a": "org/big", "Nomic-Embed-Text": "a"},
            {},
            [("gateway.aliases", "is another spelling of nomic-embed-text:latest, and leads to another model")],
        ),
        (
            {"Chat": "org/big", "chat:latest": "llama3.2:3b"},
            {},
            [("gateway.aliases.'chat:latest'", "another spelling of Chat, and leads to another model; write the same")],
        ),
        ({"a": "a"}, {}, [("gateway.aliases.a", "leads back to itself (a -> a)")]),
        ({"a": "b", "b": "c", "c": "b"}, {}, [("gateway.aliases.b", "leads back to itself (b -> c -> b)")]),
        ({"org/big": "org/big"}, {}, [("gateway.aliases.org/big", "org/big is a model's name; choose another alias")]),
        ({"x:cloud": "org/big"}, {}, [("gateway.aliases", "engines give the tag `cloud` another meaning")]),
        (
            {"a": "org/big"},
            {"routes": [{"model": "org/big", "fallbacks": ["a"]}]},
            [("gateway.routes[0].fallbacks[0]", "a (org/big) would fall back on itself")],
        ),
        (
            {"a": "org/big"},
            {"routes": [{"model": "org/big", "fallbacks": ["llama3.2:3b"]}, {"model": "a"}]},
            [("gateway.routes[1].model", "a (org/big) has a route already")],
        ),
        (
            {"a": "org/big"},
            {"routes": [{"model": "a", "fallbacks": ["llama3.2:3b"]}, {"model": "llama3.2:3b", "fallbacks": ["a"]}]},
            [("gateway.routes[1].fallbacks[0]", "falls back on itself in the end (org/big -> llama3.2:3b -> org/big)")],
        ),
        (
            {"a": "org/big"},
            {"routes": [{"model": "llama3.2:3b", "fallbacks": ["a", "org/big"]}]},
            [("gateway.routes[0].fallbacks[1]", "org/big is written twice")],
        ),
    ],
)
def test_what_leads_nowhere_or_round_is_told_in_its_place(
    aliases: dict[str, str], more: dict[str, Any], places: list[tuple[str, str]]
) -> None:
    found = told(spec_of(aliases, **more))
    assert len(found) == len(places)
    for (place, words), (at, message) in zip(places, found, strict=True):
        assert at.startswith(place)
        assert words in message


@pytest.mark.parametrize(
    "aliases",
    [
        {"nomic-embed-text": "nomic-embed-text:latest"},
        {"NOMIC-embed-text": "nomic-embed-text:latest", "library/nomic-embed-text": "NOMIC-embed-text"},
        {"embed": "nomic-embed-text", "nomic-embed-text": "nomic-embed-text:latest"},
        {"Chat": "org/big", "chat": "org/big", "chat:latest": "Chat"},
        {"hub.example/library/big": "org/big", "org/big:latest": "org/big"},
    ],
)
def test_another_spelling_of_a_name_may_be_an_alias_that_leads_where_the_name_does(aliases: dict[str, str]) -> None:
    spec = spec_of(aliases)
    assert told(spec) == []
    served = next(door for door in doors(spec, resolved_parts(spec, lock_of(spec))) if door.is_gateway).models
    assert set(aliases) < set(served)


def test_a_long_chain_of_aliases_is_followed_once() -> None:
    chain = {f"a{n}": f"a{n + 1}" for n in range(20_000)}
    assert set(followed(chain).values()) == {"a20000"}
    assert followed({"a": "b", "b": "a", "c": "a"})["c"] in ("a", "b")


def test_a_key_that_a_person_has_is_the_gateways() -> None:
    front = gateway(outside("small"), key="file:gateway.key")
    (own,) = (use.secret for use in front.service.secrets if use.variable == "LITELLM_MASTER_KEY")
    assert (own.name, own.owner, own.reference) == ("litellm_master_key", "litellm", "file:gateway.key")
    made = Secret("litellm_master_key", "litellm", "sk-", "key of the gateway, for programs that call it")
    assert made in {use.secret for use in gateway(outside("small")).service.secrets}


def test_a_key_itself_does_not_belong_in_kit_yaml() -> None:
    with pytest.raises(ValueError, match="where the key is kept") as caught:
        gateway(outside("small"), key="sk-of-mine-123456")
    assert "sk-of-mine" not in str(caught.value).split("input_value")[0]
