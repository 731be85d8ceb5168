"""Programs' own variables in kit.yaml are answered with the key to write or the reason, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.components import ROOMS
from deploy.errors import SpecError
from deploy.fields.variables import Variables
from deploy.reading.wording import all_models
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec

WEBUI = "webui: {{kind: open_webui, {}: x}}\n"
GATEWAY = "gateway: {{kind: litellm, {}: x}}\n"
ENGINE = "engines: [{{name: main, kind: ollama, {}: x}}]\n"
LLAMA = "engines: [{{name: main, kind: llama_cpp, threads: 1, {}: x}}]\n"
OUTSIDE = "engines: [{{name: mac, kind: external, api: openai, url: 'http://mac.lan:1', {}: x}}]\n"
TOP = "{}: x\n"


def told(folder: Path, text: str) -> list[str]:
    path = folder / "kit.yaml"
    path.write_text(f"kit: 1\nstack: home\n{text}backup: null\n")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    return [f"{problem.path}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("place", "name", "words"),
    [
        (OUTSIDE, "api_key", "is called `key` here"),
        (OUTSIDE, "OPENAI_API_KEY", "is called `key` here"),
        (OUTSIDE, "api_base", "is called `url` here"),
        (OUTSIDE, "base_url", "is called `url` here"),
        (OUTSIDE, "OLLAMA_HOST", "is called `url` here"),
        (OUTSIDE, "OLLAMA_BASE_URL", "is called `url` here"),
        (OUTSIDE, "publish", "is published where it runs"),
        (OUTSIDE, "port", "stands in `url`"),
        (OUTSIDE, "timeout", "`request_timeout`"),
        (WEBUI, "WEBUI_URL", "is called `url` here"),
        (WEBUI, "webui_url", "is called `url` here"),
        (WEBUI, "WEBUI_AUTH", "is always on"),
        (WEBUI, "ENABLE_WEB_SEARCH", "Admin Panel, Settings, Web Search"),
        (WEBUI, "TAVILY_API_KEY", "Admin Panel, Settings, Web Search"),
        (WEBUI, "OLLAMA_BASE_URL", "the kit connects the page with the models of this file"),
        (WEBUI, "DATABASE_URL", "another database is not supported"),
        (WEBUI, "PGVECTOR_DB_URL", "another database is not supported"),
        (WEBUI, "OAUTH_CLIENT_ID", "other ways to sign in are not supported"),
        (WEBUI, "USER_PERMISSIONS_CHAT_DELETE", "is a setting of the page; set it there"),
        (WEBUI, "WEBUI_SECRET_KEY", "the kit makes one"),
        (WEBUI, "context_length", "belongs to an engine that the kit runs, as `context_length`, or to a model"),
        (TOP, "num_ctx", "belongs to an engine that the kit runs, as `context_length`, or to a model"),
        (WEBUI, "volumes", "`bridge` at `webui`"),
        (WEBUI, "image", "which image runs follows from `version`"),
        (GATEWAY, "IMAGE", "which image runs follows from `version`"),
        (WEBUI, "build", "`images: {source: ...}`"),
        (WEBUI, "HOST", "is written as `port` and `publish`"),
        (WEBUI, "USE_CUDA_DOCKER", "is for whoever builds the page's image"),
        (WEBUI, "USE_OLLAMA_DOCKER", "is for whoever builds the page's image"),
        (WEBUI, "EXTERNAL_WEB_SEARCH_URL", "Admin Panel, Settings, Web Search"),
        (WEBUI, "EXTERNAL_DOCUMENT_LOADER_URL", "is a setting of the page; set it there"),
        (WEBUI, "EXTERNAL_PWA_MANIFEST_URL", "has no key"),
        (WEBUI, "MICROSOFT_WEB_IQ_API_KEY", "Admin Panel, Settings, Web Search"),
        (WEBUI, "MICROSOFT_REDIRECT_URI", "other ways to sign in are not supported"),
        # Of several words, and like a key of the kit's: the variable is meant.
        (WEBUI, "OAUTH_TIMEOUT", "other ways to sign in are not supported"),
        (WEBUI, "QDRANT_TIMEOUT", "another database is not supported"),
        (WEBUI, "HEALTH_TIMEOUT", "unknown key (did you mean health_timeout?)"),
        (TOP, "EXTERNAL_WEB_LOADER_URL", "is Open WebUI's, at `webui`"),
        (GATEWAY, "master_key", "is called `key` here"),
        (GATEWAY, "LITELLM_MASTER_KEY", "is called `key` here"),
        (GATEWAY, "model_group_alias", "is called `aliases` here"),
        (GATEWAY, "fallbacks", "`routes: [{model: NAME, fallbacks: [OTHER]}]`"),
        (GATEWAY, "DATABASE_URL", "needs a database, and the gateway has none"),
        (GATEWAY, "success_callback", "would send people's questions to another place"),
        (GATEWAY, "ANTHROPIC_API_KEY", "a vendor's API is an engine"),
        (GATEWAY, "OLLAMA_API_BASE", "one that runs elsewhere with its `api`, its `url` and its `key`"),
        (GATEWAY, "model_list", "the kit writes LiteLLM's file"),
        (ENGINE, "OLLAMA_NUM_THREAD", "write `num_thread` there"),
        (ENGINE, "OLLAMA_KEEP_ALIVE", "is called `keep_alive` here"),
        (ENGINE, "OLLAMA_NO_SUCH_THING", "Ollama does not know it"),
        (ENGINE, "OMP_NUM_THREADS", "belongs to a model, as `num_thread`"),
        (ENGINE, "NVIDIA_VISIBLE_DEVICES", "is for NVIDIA's cards"),
        (ENGINE, "WEBUI_URL", "is Open WebUI's: write `url` at `webui`"),
        (ENGINE, "HF_TOKEN", "no container fetches models from there"),
        (LLAMA, "LLAMA_ARG_CTX_SIZE", "is called `context_length` here"),
        (LLAMA, "LLAMA_ARG_HF_REPO", "the model stands under `models`"),
        (LLAMA, "LLAMA_ARG_FLASH_ATTN", "the kit decides llama-server's other arguments"),
        (GATEWAY, "OPENAI_API_KEY", "a vendor's API is an engine of its own"),
        (WEBUI, "OPENAI_API_KEY", "the kit connects the page with the models of this file"),
        (GATEWAY, "password", "is written as `key`"),
        (GATEWAY, "tls", "put a proxy in front"),
        (WEBUI, "enabled", "`gateway: null`"),
        (ENGINE, "temperature", "unknown key, which belongs to `models`; known here"),
        (WEBUI, "models_dir", "unknown key, which belongs to `engines`; known here"),
        (TOP, "port", "unknown key, which belongs to `hosts` or `engines` or `gateway` or `webui`; known here"),
        # Words of engines outside belong to no other place.
        (GATEWAY, "PORT", "unknown key (did you mean port?)"),
        (WEBUI, "PORT", "unknown key (did you mean port?)"),
        (ENGINE, "PORT", "unknown key (did you mean port?)"),
        (WEBUI, "PUBLISH", "unknown key (did you mean publish?)"),
        (TOP, "BASE_URL", "unknown key; known here"),
        (WEBUI, "OPEN_WEBUI_PORT", "is called `port` here"),
        (TOP, "WEBUI_AUTH", "is Open WebUI's, at `webui`; is always on"),
        (TOP, "OLLAMA_KEEP_ALIVE", "is Ollama's: write `keep_alive` at an engine of `kind: ollama`"),
        (TOP, "master_key", "is LiteLLM's: write `key` at `gateway`"),
        (TOP, "HTTPS_PROXY", "is written as `proxy` at the top of this file"),
        (TOP, "PIP_INDEX_URL", "is written as `mirrors: {pypi: ...}`"),
        (TOP, "services", "`engines`, `gateway` and `webui`"),
    ],
)
def test_a_variable_is_answered_where_it_stands(tmp_path: Path, place: str, name: str, words: str) -> None:
    found = [line for line in told(tmp_path, place.format(name)) if name in line.partition(": ")[0]]
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize("key", ["environment", "env", "env_vars", "environment_variables"])
def test_each_of_an_environment_is_answered_in_its_place_and_no_value_is_told(tmp_path: Path, key: str) -> None:
    mapping = f"webui: {{kind: open_webui, {key}: {{WEBUI_URL: sk-secret, TZ: sk-secret, NO_SUCH: sk-secret}}}}\n"
    found = told(tmp_path, mapping)
    assert [line.partition(": ")[0] for line in found] == [
        f"webui.{key}.{name}" for name in ("WEBUI_URL", "TZ", "NO_SUCH")
    ]
    assert "is called `url` here" in found[0]
    listed = f'webui: {{kind: open_webui, {key}: ["WEBUI_URL=sk-secret", "TZ=sk-secret"]}}\n'
    again = told(tmp_path, listed)
    assert [line.partition(": ")[0] for line in again] == [f"webui.{key}[0]", f"webui.{key}[1]"]
    assert "WEBUI_URL: is called `url` here" in again[0]
    assert "sk-secret" not in "".join([*found, *again])


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ("[{{{name}: sk-secret}}]", ["[0]"]),
        ("[{{name: {name}, value: sk-secret}}]", ["[0]"]),
        ("[{{key: {name}, value: sk-secret}}]", ["[0]"]),
        ("[[{name}, sk-secret]]", ["[0]"]),
        ("['A=b', 'export {name}=sk-secret']", ["[0]", "[1]"]),
        ("{name}=sk-secret", [""]),
        ('"A=b\\n{name}=sk-secret"', ["", ""]),
    ],
)
def test_every_way_to_write_variables_together_is_read(tmp_path: Path, value: str, places: list[str]) -> None:
    for place, text in (("webui", "webui: {{kind: open_webui, environment: {}}}\n"), ("", "environment: {}\n")):
        found = told(tmp_path, text.format(value.format(name="WEBUI_URL")))
        above = f"{place}." if place else ""
        assert [line.partition(": ")[0] for line in found] == [f"{above}environment{one}" for one in places]
        assert "WEBUI_URL: is " in found[-1]
        assert "`url`" in found[-1]
        assert "sk-secret" not in "".join(found)


@pytest.mark.parametrize("value", ["{}", "[]", "null", '""', "true", "7", "[{}]", "[[]]", "[null]"])
def test_an_environment_without_a_variable_is_told_what_it_is(tmp_path: Path, value: str) -> None:
    (found,) = told(tmp_path, f"webui: {{kind: open_webui, environment: {value}}}\n")
    assert found.startswith("webui.environment: is left out: a program's variable is a key of this file")
    assert "known here: admin, bridge" in found


def test_settings_of_the_gateways_file_are_answered_one_by_one(tmp_path: Path) -> None:
    text = "gateway: {general_settings: {master_key: sk-1, database_url: x}, litellm_settings: {drop_params: true}}\n"
    found = told(tmp_path, text)
    assert [line.partition(": ")[0] for line in found] == [
        "gateway.general_settings.master_key",
        "gateway.general_settings.database_url",
        "gateway.litellm_settings.drop_params",
    ]
    assert "sk-1" not in "".join(found)


@pytest.mark.parametrize("value", ["x", "[a, b]", "sk-secret", "simple_shuffle", "7"])
def test_settings_that_are_a_word_are_told_what_they_are(tmp_path: Path, value: str) -> None:
    (found,) = told(tmp_path, f"gateway: {{router_settings: {value}}}\n")
    assert found.startswith("gateway.router_settings: the kit writes LiteLLM's file from `engines` and `models`")


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("webui: {emebdding: x}\n", "embedding"),
        ("gateway: {request_timout: 5m}\n", "request_timeout"),
        ("engines: [{name: main, kind: ollama, keep_alife: 5m}]\n", "keep_alive"),
    ],
)
def test_a_slip_of_the_pen_is_still_told_as_one(tmp_path: Path, text: str, near: str) -> None:
    assert [line for line in told(tmp_path, text) if line.endswith(f"unknown key (did you mean {near}?)")]


def test_every_room_has_a_table_and_its_fields_exist() -> None:
    tables = {model: model.variables() for model in all_models(Spec) if hasattr(model, "variables")}
    assert {model.model_fields["kind"].annotation.__args__[0] for model in tables} == set(ROOMS)  # type: ignore[union-attr]
    for model, table in tables.items():
        assert isinstance(table, Variables)
        keys = {info.alias or name for name, info in model.model_fields.items()}
        assert {field.partition(":")[0] for field in table.fields.values()} <= keys
