from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from deploy.chat.doors import doors
from deploy.components.room import Resolved
from deploy.decide.render import render
from deploy.decide.resolve import resolve, resolved_parts
from deploy.deployment.offers import ChatApi, Embeddings, Outside
from deploy.deployment.secrets import Secret
from deploy.reading.document import path_text
from deploy.spec.checks.crosschecks import findings
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of

OLLAMA = {"name": "mac", "kind": "external", "api": "ollama", "url": "http://mac.lan:11434/"}
STUDIO = {"name": "studio", "kind": "external", "api": "openai", "url": "http://mac.lan:1234/v1"}


def spec_of(engine: dict[str, Any], *models: dict[str, Any], embedding: str | None = None) -> Spec:
    data = {
        "kit": 1,
        "stack": "home",
        "backup": None,
        "engines": [engine],
        "models": [{"engine": engine["name"], **model} for model in models],
        "webui": {"kind": "open_webui", "embedding": embedding},
    }
    return Spec.model_validate_json(json.dumps(data))


def parts(engine: dict[str, Any], *models: dict[str, Any], embedding: str | None = None) -> Resolved:
    spec = spec_of(engine, *models, embedding=embedding)
    return resolved_parts(spec, lock_of(spec)).engines[0].resolved


def test_nothing_of_it_runs_here_and_models_are_made_on_it_from_here() -> None:
    found = parts({**OLLAMA, "prune": True}, {"name": "tech", "from": "llama3:8b", "system": "Be brief."})
    assert found.own_service is None
    assert found.engine is not None
    assert (found.engine.address, found.engine.models_dir, found.engine.prune) == ("http://mac.lan:11434", None, True)
    assert [model.name for model in found.engine.models] == ["tech"]
    assert found.offers == (ChatApi("ollama", Outside("http://mac.lan:11434"), ("tech",), None, engine="mac"),)


def test_one_that_has_its_models_is_asked_for_them_by_the_names_that_it_knows() -> None:
    found = parts(STUDIO, {"name": "qwen", "from": "qwen2.5-7b-instruct"}, {"name": "phi"}, embedding="phi")
    assert found.engine is None
    assert found.named_engine is not None
    assert found.named_engine.models == (("qwen", "qwen2.5-7b-instruct"), ("phi", "phi"))
    chat, vectors = found.offers
    assert isinstance(chat, ChatApi)
    assert isinstance(vectors, Embeddings)
    assert (chat.protocol, chat.url, chat.is_outside) == ("openai", "http://mac.lan:1234/v1", True)
    assert (chat.models, chat.name_of("qwen"), chat.name_of("phi")) == (("qwen", "phi"), "qwen2.5-7b-instruct", "phi")
    assert vectors.models == ("phi",)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://mac.lan:1234", "http://mac.lan:1234/v1"),
        ("http://mac.lan:1234/", "http://mac.lan:1234/v1"),
        ("http://mac.lan:1234/v1", "http://mac.lan:1234/v1"),
        ("http://mac.lan:1234/v1/", "http://mac.lan:1234/v1"),
        ("https://box.lan/lm", "https://box.lan/lm/v1"),
        ("https://api.somewhere.example/v1beta/openai", "https://api.somewhere.example/v1beta/openai"),
        ("https://api.somewhere.example/api/v3", "https://api.somewhere.example/api/v3"),
    ],
)
def test_an_address_with_and_without_its_version_is_the_same_to_all_who_call(written: str, meant: str) -> None:
    spec = spec_of({**STUDIO, "url": written}, {"name": "phi"}, embedding="phi")
    (studio,) = resolve(spec, lock_of(spec))[HERE].named_engines
    assert studio.address == meant
    assert {offer.url for offer in resolved_parts(spec, lock_of(spec)).engines[0].resolved.offers} == {meant}
    files = {file.path.split("/")[-1]: file.content for file in render(resolve(spec, lock_of(spec))[HERE]).files}
    assert f"api_base: {meant}\n" in files["litellm.yaml"].replace('"', "")


@pytest.mark.parametrize("path", ["/v1/models", "/v1/chat/completions"])
def test_what_an_engine_is_asked_for_is_not_its_address(path: str) -> None:
    with pytest.raises(ValueError, match=f"is the path of one request; leave {path.removeprefix('/v1')} out"):
        spec_of({**STUDIO, "url": f"http://mac.lan:1234{path}"})


def test_its_key_is_kept_elsewhere_and_goes_to_who_calls_it() -> None:
    spec = spec_of({**STUDIO, "key": "env:STUDIO_KEY"}, {"name": "phi"})
    deployment = resolve(spec, lock_of(spec))[HERE]
    key = Secret("studio_api_key", "studio", shown_as="key of the engine studio", reference="env:STUDIO_KEY")
    assert key in deployment.secrets
    assert "litellm" in deployment.readers(key)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "http://mac.lan:11434?key=sk-1234"}, "has no query; leave out all from the '\\?' on"),
        ({"url": "http://mac.lan:11434/#models"}, "has no fragment"),
        ({"url": "http://0.0.0.0:11434"}, "means every address"),
        ({"url": "http://0x0:11434"}, "means every address"),
        ({"url": "http://[::]:11434"}, "means every address"),
        ({"url": "http://mac.lan:999999"}, "is not an address"),
        ({"url": "http://mac.lan:65536"}, "'65536' is not a port"),
        ({"url": "http://mac.lan:0"}, "'0' is not a port"),
        ({"url": "http://mac.lan:"}, "'' is not a port"),
        ({"url": "http://mac.lan:/x"}, "'' is not a port"),
        ({"url": "http://mac.lan:011434"}, "'011434' is not a port"),
        ({"url": "http://[fd00::2]:0"}, "'0' is not a port"),
        ({"url": "http://mac.lan:11434/v1/"}, "leave /v1 out"),
        ({"url": "http://mac.lan:11434/api"}, "leave /api out"),
        ({"url": "http://me:secret@mac.lan"}, "holds a user or a password"),
        ({"key": "sk-1234"}, "where the key is kept"),
        ({"key": "env:mac-key"}, "behind `env:` stands a variable's name"),
        ({"key": "env:"}, "behind `env:` stands a variable's name"),
        ({"key": "env:1KEY"}, "behind `env:` stands a variable's name"),
        ({"key": "file:"}, "behind `file:` stands the path"),
        ({"key": "file:~/mac.key"}, "'~' is not expanded"),
    ],
)
def test_what_cannot_be_reached_or_must_not_be_in_git_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        spec_of({**OLLAMA, **change})
    assert "sk-1234" not in str(caught.value).split("input_value")[0]


NAMES = ("localhost", "ollama.localhost", "LOCALHOST")
OLD_FORMS = ("127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0x7F000001")
OURS = (*NAMES, *OLD_FORMS, "127.0.0.1", "127.0.0.53", "[::1]", "[::ffff:127.0.0.1]")
DOCKERS = ("host.docker.internal", "gateway.docker.internal", "docker.for.mac.localhost", "host.containers.internal")
OTHERS = ("host-gateway", "host.lima.internal", "host.rancher-desktop.internal", "HOST.orb.internal")


def told(engine: dict[str, Any], **fronts: Any) -> list[tuple[str, str]]:
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [engine], **fronts}
    spec = Spec.model_validate_json(json.dumps({**data, "models": [{"name": "phi", "engine": engine["name"]}]}))
    return [(path_text(found.path), found.message) for found in findings(spec)]


@pytest.mark.parametrize("host", OURS)
@pytest.mark.parametrize("engine", [OLLAMA, STUDIO])
def test_an_engine_of_this_very_machine_is_asked_where_no_container_has_to(engine: dict[str, Any], host: str) -> None:
    here = {**engine, "url": f"http://{host}:11434"}
    assert told(here, gateway=None, webui=None) == []
    for fronts in ({}, {"gateway": None}, {"webui": None}):
        ((place, message),) = told(here, **fronts)
        assert place == "engines[0].url"
        assert "means the container itself that asks; let the engine listen on an address" in message
        assert ("OLLAMA_HOST" in message) == (engine is OLLAMA)
        assert message.endswith("`gateway: null` and `webui: null`")


@pytest.mark.parametrize("fronts", [{}, {"gateway": None}, {"webui": {"through": "engines"}}, {"webui": None}])
@pytest.mark.parametrize("engine", [OLLAMA, STUDIO])
def test_an_engine_without_models_is_asked_by_no_container_and_may_be_of_this_machine(
    engine: dict[str, Any], fronts: dict[str, Any]
) -> None:
    here = {**engine, "name": "here", "url": "http://127.0.0.1:11434"}
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [{**OLLAMA, "name": "other"}, here], **fronts}
    spec = Spec.model_validate_json(json.dumps({**data, "models": [{"name": "phi", "engine": "other"}]}))
    assert [found.message for found in findings(spec)] == []
    services = resolve(spec, lock_of(spec))[HERE].services
    assert services
    assert "127.0.0.1:11434" not in str(services)


@pytest.mark.parametrize("host", [*DOCKERS, *OTHERS])
def test_a_name_that_docker_desktop_gives_is_refused_with_the_address_to_write(host: str) -> None:
    for fronts in ({}, {"gateway": None, "webui": None}):
        ((_, message),) = told({**STUDIO, "url": f"http://{host}:1234"}, **fronts)
        assert message.startswith(f"{host.lower()} is a name of Docker Desktop's")
        assert "172.17.0.1" in message


@pytest.mark.parametrize("host", ["litellm", "open_webui", "inner"])
def test_a_service_of_the_same_file_is_no_engine_outside(host: str) -> None:
    inner = {"name": "inner", "kind": "llama_cpp", "threads": 1}
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [{**STUDIO, "url": f"http://{host}:1234"}, inner]}
    models = [
        {"name": "phi", "engine": STUDIO["name"]},
        {"name": "g", "engine": "inner", "from": {"file": "g.gguf", "sha256": "0" * 64}},
    ]
    spec = Spec.model_validate_json(json.dumps({**data, "models": models}))
    (found,) = [found for found in findings(spec) if found.path == ("engines", 0, "url")]
    assert found.message.startswith(f"{host} is a service of this file, and to its containers no other machine")


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "172.17.0.1", "mylocalhost", "localhost.example.org", "docker.internal.lan"]
)
def test_every_other_host_is_taken(host: str) -> None:
    assert told({**STUDIO, "url": f"http://{host}:1234"}) == []


def test_an_engine_of_this_very_machine_is_a_door_for_people() -> None:
    here = {**OLLAMA, "url": "http://localhost:11434"}
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [here], "gateway": None, "webui": None}
    spec = Spec.model_validate_json(json.dumps({**data, "models": [{"name": "phi", "engine": "mac"}]}))
    (door,) = doors(spec, resolved_parts(spec, lock_of(spec)))
    assert (door.url, door.is_local, door.models) == ("http://localhost:11434", True, ("phi",))
    assert resolve(spec, lock_of(spec))[HERE].engines[0].address == "http://localhost:11434"


def test_a_mirror_and_a_proxy_are_addresses_that_paths_are_added_to() -> None:
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [OLLAMA]}
    for more in ({"mirrors": {"pypi": "https://mirror.lan/simple?token=abc"}}, {"proxy": "http://proxy.lan:3128#x"}):
        with pytest.raises(ValueError, match="leave out all from") as caught:
            Spec.model_validate_json(json.dumps(data | more))
        assert "abc" not in str(caught.value).split("input_value")[0]


def test_a_stack_of_nothing_but_engines_outside_renders_what_compose_takes_for_empty() -> None:
    data = {"kit": 1, "stack": "home", "backup": None, "engines": [OLLAMA], "gateway": None, "webui": None}
    spec = Spec.model_validate_json(json.dumps(data))
    compose = yaml.safe_load(render(resolve(spec, lock_of(spec))[HERE]).files[0].content)
    assert (compose["services"], compose["networks"]) == ({}, {})
