from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from deploy.apply.roles.folders import folders_of
from deploy.decide.backups import backup_files
from deploy.deployment.backup import Backup
from deploy.deployment.data import SqliteFile, Tree
from deploy.deployment.folders import Folder, Owner
from deploy.deployment.host import Deployment
from deploy.deployment.service import Mount
from deploy.errors import UsageError
from tests.unit.rooms.places import TALKER, engine, gateway, outside, webui

OFFERS = gateway(engine()).offers
MASTER = {"secret": "litellm_master_key", "owner": "litellm"}


def test_the_kit_owns_its_back_ends_embedding_sign_up_and_address() -> None:
    assert webui(OFFERS, embedding="gemma").service.room["settings"] == {
        "ollama.enable": False,
        "openai.enable": True,
        "openai.api_base_urls": ["http://litellm:4000/v1"],
        "openai.api_keys": [MASTER],
        "rag.bypass_embedding_and_retrieval": False,
        "rag.embedding_engine": "openai",
        "rag.embedding_model": "gemma",
        "rag.openai.api_base_url": "http://litellm:4000/v1",
        "rag.openai.api_key": MASTER,
        "ui.enable_signup": False,
        "webui.url": "http://localhost:3000",
    }


def test_without_a_gateway_every_engine_is_a_back_end_and_the_right_one_makes_vectors() -> None:
    offers = (*engine(TALKER, name="zebra").offers, *engine(name="main").offers)
    settings = webui(offers, embedding="gemma").service.room["settings"]
    assert settings["openai.api_base_urls"] == ["http://zebra:8080/v1", "http://main:8080/v1"]
    assert [key["secret"] for key in settings["openai.api_keys"]] == ["zebra_api_key", "main_api_key"]
    assert settings["rag.openai.api_base_url"] == "http://main:8080/v1"


def test_without_an_embedding_model_documents_go_to_the_model_whole() -> None:
    page = webui(OFFERS).service
    assert page.room["settings"]["rag.bypass_embedding_and_retrieval"] is True
    assert dict(page.environment)["BYPASS_EMBEDDING_AND_RETRIEVAL"] == "true"
    assert page.facts["embedding"] == ""


def test_a_browser_may_come_from_the_published_address_alone() -> None:
    local = dict(webui(OFFERS, port=3100).service.environment)
    assert local["CORS_ALLOW_ORIGIN"] == "http://localhost:3100;http://127.0.0.1:3100"
    lan = dict(webui(OFFERS, publish="192.168.1.20").service.environment)
    assert lan["CORS_ALLOW_ORIGIN"] == lan["WEBUI_URL"] == "http://192.168.1.20:3000"
    six = dict(webui(OFFERS, publish="fd00::20").service.environment)
    assert six["CORS_ALLOW_ORIGIN"] == "http://[fd00::20]:3000"
    both = dict(webui(OFFERS, publish=["local", "192.168.1.20"]).service.environment)
    assert both["CORS_ALLOW_ORIGIN"] == "http://localhost:3000;http://127.0.0.1:3000;http://192.168.1.20:3000"
    assert both["WEBUI_URL"] == "http://192.168.1.20:3000"


def test_people_who_come_through_a_proxy_are_let_in_beside_those_at_the_published_address() -> None:
    page = webui(OFFERS, url="https://chat.example.org").service
    environment = dict(page.environment)
    assert environment["CORS_ALLOW_ORIGIN"] == "http://localhost:3000;http://127.0.0.1:3000;https://chat.example.org"
    assert environment["WEBUI_URL"] == page.room["settings"]["webui.url"] == "https://chat.example.org"
    assert page.room["address"] == "127.0.0.1:3000"
    published = dict(webui(OFFERS, publish="192.168.1.20", url="http://192.168.1.20:3000").service.environment)
    assert published["CORS_ALLOW_ORIGIN"] == "http://192.168.1.20:3000"


@pytest.mark.parametrize(
    "url",
    [
        "https://chat.example.org/",
        "https://chat.example.org/chat",
        "https://Chat.example.org",
        "https://chat.example.org:443",
        "http://box:80",
        "http://box:99999",
        "http://box;http://evil",
        "http://user@box",
        "ws://box",
        "*",
        "box",
        "",
    ],
)
def test_an_address_that_no_browser_would_name_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        webui(OFFERS, url=url)


def test_its_data_is_its_own_folder_or_the_bridges() -> None:
    page = webui(OFFERS).service
    own = Owner(10103, 10103)
    assert page.folders == (
        Folder("/srv/kit/home/open_webui", own, "0700"),
        Folder("/srv/kit/home/open_webui/data", own, "0700"),
    )
    bridged = webui(OFFERS, bridge="/srv/bridge", user="1000:1000").service
    assert bridged.folders == (Folder("/srv/bridge/data", Owner(1000, 1000), "0700"),)
    assert bridged.mounts == (Mount("/srv/bridge/data", "/data", read_only=False),)
    assert bridged.room["database"] == "/srv/bridge/data/webui.db"


def test_a_persons_bridge_is_the_persons_and_the_pages_data_is_readable_for_the_persons_group() -> None:
    page = webui(OFFERS, bridge="/srv/bridge", bridge_user="1000:1001").service
    person = Owner(1000, 1001)
    assert page.folders == (
        Folder("/srv/bridge", person, "0755"),
        Folder("/srv/bridge/data", Owner(10103, 1001), "0750"),
        Folder("/srv/bridge/static", person, "0755"),
        Folder("/srv/bridge/static/uploads", person, "0755"),
        Folder("/srv/bridge/config", person, "0755"),
    )
    assert page.mounts == (
        Mount("/srv/bridge/data", "/data", read_only=False),
        Mount("/srv/bridge/static/uploads", "/static/uploads"),
        Mount("/srv/bridge/config", "/config"),
    )
    # Its own pictures and the person's folder lie in one folder, which each start fills anew.
    assert dict(page.environment)["STATIC_DIR"] == "/static"
    assert "/static" in {tmpfs.container_path for tmpfs in page.tmpfs}
    assert (page.owner, page.data and page.data.owner) == (Owner(10103, 10103), Owner(10103, 10103))


def test_a_persons_own_files_are_a_part_of_the_backup_by_themselves() -> None:
    parts = {}
    for fields in ({}, {"bridge_user": "1000:1001"}):
        page = webui(OFFERS, bridge="/srv/bridge", **fields).service
        decided = Deployment("home", (page,), (), backup=Backup("/mnt/disk2/kit", ()))
        (backup, *_) = [json.loads(file.content) for file in backup_files(decided) if file.path == "backup.json"]
        assert [each["host_path"] for each in backup["data"]] == ["/srv/bridge/data"]
        parts[bool(fields)] = backup.get("shared")
    assert parts[False] is None
    (shared,) = parts[True]
    assert (shared["service"], shared["host_path"]) == ("open_webui_bridge", "/srv/bridge")
    assert shared["items"] == [{"tree": "config"}, {"tree": "static/uploads"}]
    assert (shared["uid"], shared["gid"]) == (1000, 1001)


@pytest.mark.parametrize(
    ("mode", "serves"), [("0755", True), ("2775", True), ("0705", True), ("0700", False), ("0757", False)]
)
def test_a_persons_own_folder_is_checked_for_what_its_people_need(mode: str, *, serves: bool) -> None:
    page = webui(OFFERS, bridge="/srv/bridge", bridge_user="1000:1001").service
    assert [folder.fits(mode, page.owner) for folder in page.folders] == [serves, False, serves, serves, serves]
    # An apply of all folders leaves the group's rights as they are.
    modes = {folder["path"]: folder["mode"] for folder in folders_of(Deployment("home", (page,), ()))}
    assert (modes["/srv/bridge/config"], modes["/srv/bridge/data"]) == ("u=rwx,o=rx", "0750")


def test_a_person_without_a_bridge_or_with_roots_number_is_refused() -> None:
    for fields, words in (
        ({"bridge_user": "1000:1000"}, "names the person of a bridge, and there is none"),
        ({"bridge": "/srv/bridge", "bridge_user": "0:0"}, "root"),
    ):
        with pytest.raises(ValidationError, match=words):
            webui(OFFERS, **fields)


def test_chats_documents_and_vectors_are_its_user_data() -> None:
    data = webui(OFFERS).service.data
    assert data is not None
    assert data.host_path == "/srv/kit/home/open_webui/data"
    assert SqliteFile("webui.db") in data.items
    assert SqliteFile("vector_db/chroma.sqlite3") in data.items
    assert {Tree("uploads"), Tree("vector_db")} <= set(data.items)


def test_no_key_of_a_back_end_reaches_its_container_and_the_persons_password_neither() -> None:
    page = webui(OFFERS, admin={"email": "ada@example.org"}).service
    assert [use.variable for use in page.secrets] == ["WEBUI_ADMIN_PASSWORD", "WEBUI_SECRET_KEY"]
    assert [secret.name for secret in page.host_secrets] == ["webui_admin_password"]
    assert dict(page.environment)["ADMIN_EMAIL"] == "ada@example.org"
    assert page.room["person"]["email"] == "ada@example.org"


def test_an_embedding_model_that_nothing_serves_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="embeddings with other") as refused:
        webui(OFFERS, embedding="other")
    assert refused.value.next_step == "name one of gemma"


def test_the_kits_own_account_is_nobodys() -> None:
    with pytest.raises(ValidationError, match="kit@localhost is the kit's own account; choose another address"):
        webui(OFFERS, admin={"email": "kit@localhost"})


def test_an_ollama_is_a_back_end_of_its_own_kind_with_its_key_and_only_the_models_of_the_spec() -> None:
    offers = (*outside("gemma", "tiny:1b", key="env:MAC_KEY").offers, *engine(name="main").offers)
    settings = webui(offers).service.room["settings"]
    assert settings["ollama.enable"] is True
    assert settings["ollama.base_urls"] == ["http://10.0.0.7:11434"]
    key = {"secret": "mac_api_key", "owner": "mac"}
    assert settings["ollama.api_configs"] == {"0": {"key": key, "model_ids": ["gemma:latest", "tiny:1b"]}}
    assert settings["openai.api_base_urls"] == ["http://main:8080/v1"]


def test_a_key_that_is_kept_elsewhere_is_known_to_the_agent_and_to_no_container() -> None:
    page = webui(outside("gemma", key="file:mac.key").offers).service
    assert [secret.name for secret in page.host_secrets] == ["mac_api_key", "webui_admin_password"]
    assert "mac_api_key" not in [use.secret.name for use in page.secrets]


def test_it_goes_through_the_gateway_unless_the_spec_names_the_engines() -> None:
    engines = (*engine(name="main").offers, *outside("gemma").offers)
    offers = (*engines, *gateway(engine(name="main"), outside("gemma")).offers)
    behind = webui(offers).service
    assert behind.room["settings"]["openai.api_base_urls"] == ["http://litellm:4000/v1"]
    assert behind.room["settings"]["ollama.enable"] is False
    assert behind.egress == "none"
    beside = webui(offers, through="engines").service
    assert beside.room["settings"]["openai.api_base_urls"] == ["http://main:8080/v1"]
    assert beside.room["settings"]["ollama.base_urls"] == ["http://10.0.0.7:11434"]
    assert (beside.egress, beside.egress_cause) == ("any", "calls mac at http://10.0.0.7:11434")
    assert webui(offers, through="gateway") == webui(offers)


def test_an_ollama_turns_documents_into_vectors_by_itself() -> None:
    page = webui(outside("gemma", "nomic", embedding="nomic", key="env:MAC_KEY").offers, embedding="nomic").service
    settings = page.room["settings"]
    assert (settings["rag.embedding_engine"], settings["rag.embedding_model"]) == ("ollama", "nomic")
    assert settings["rag.ollama.base_url"] == "http://10.0.0.7:11434"
    assert settings["rag.ollama.api_key"] == {"secret": "mac_api_key", "owner": "mac"}
    assert not [name for name in settings if name.startswith("rag.openai")]
    assert dict(page.environment)["RAG_EMBEDDING_ENGINE"] == "ollama"
    assert page.facts["asked"] == ["gemma:latest"]


def test_the_checks_ask_every_engine_unless_a_gateways_own_checks_do() -> None:
    engines = (*engine(TALKER, name="zebra").offers, *engine(name="main").offers)
    assert webui(engines).service.facts["asked"] == ["gemma", "talker:8b"]
    assert webui(gateway(engine(TALKER, name="zebra"), engine(name="main")).offers).service.facts["asked"] == ["gemma"]
