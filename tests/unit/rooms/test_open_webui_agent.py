from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.components.open_webui.agent import apply, observe

KEY = "sk-very-secret-value"


@dataclass(frozen=True)
class Place:
    """A host's folders as the agent finds them, with the application's own tables."""

    root: Path
    database: Path

    def store(self, settings: dict[str, Any], emails: tuple[str, ...] = ("kit@localhost",)) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("pragma journal_mode=wal")
            connection.execute("create table if not exists config (key text primary key, value json)")
            connection.execute('create table if not exists "user" (id text, email text)')
            rows = [(key, json.dumps(value)) for key, value in settings.items()]
            connection.executemany("insert or replace into config values (?, ?)", rows)
            connection.executemany('insert into "user" values (?, ?)', [(one, one) for one in emails])

    def service(self, **settings: Any) -> Any:
        password = {"secret": "webui_admin_password", "owner": "open_webui"}
        room = {
            "address": "127.0.0.1:1",
            "database": str(self.database),
            "settings": settings,
            "account": {"email": "kit@localhost", "password": password},
            "person": {"email": "ada@example.org", "password": password},
        }
        return {"name": "open_webui", "room": room}

    def drift(self, **settings: Any) -> dict[str, str]:
        answer = observe(self.service(**settings), str(self.root))
        return {one["name"]: one["cause"] for one in answer["drift"]}

    def remember(self, *emails: str, database: tuple[str, ...] = ("kit@localhost",)) -> None:
        memory = {"format": 2, "accounts": dict.fromkeys(emails, 0), "database": list(database)}
        self.write_memory(memory)

    def write_memory(self, memory: dict[str, Any]) -> None:
        (self.root / "run").mkdir(exist_ok=True)
        (self.root / "run" / "open_webui.json").write_text(json.dumps(memory))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    folder = tmp_path / "root" / "secrets" / "litellm"
    folder.mkdir(parents=True)
    (folder / "litellm_master_key").write_text(KEY)
    (tmp_path / "data").mkdir()
    return Place(tmp_path / "root", tmp_path / "data" / "webui.db")


def key() -> dict[str, str]:
    return {"secret": "litellm_master_key", "owner": "litellm"}


def test_before_the_first_start_only_the_persons_account_is_to_be_made(place: Place) -> None:
    assert place.drift(**{"ui.enable_signup": False}) == {"account ada@example.org": "not made yet"}
    assert not place.database.exists()


def test_equal_settings_are_no_difference(place: Place) -> None:
    place.store({"openai.api_keys": [KEY], "ui.enable_signup": False, "other": 7}, ("kit@localhost", "ada@example.org"))
    assert place.drift(**{"openai.api_keys": [key()], "ui.enable_signup": False}) == {}


def test_a_key_that_is_no_longer_wanted_is_never_shown(place: Place) -> None:
    place.store({"rag.openai.api_key": KEY, "openai.api_keys": [KEY, "sk-of-a-person"]})
    place.remember("ada@example.org")
    found = place.drift(**{"rag.openai.api_key": "", "openai.api_keys": [""]})
    assert set(found) == {"rag.openai.api_key", "openai.api_keys"}
    assert "sk-" not in str(found)


def test_a_difference_names_both_values(place: Place) -> None:
    place.store({"openai.api_base_urls": ["http://127.0.0.1:1/v1"], "ui.enable_signup": True, "webui.url": ""})
    place.remember("ada@example.org")
    wanted = {"openai.api_base_urls": ["http://litellm:4000/v1"], "ui.enable_signup": False, "webui.url": "http://box"}
    assert place.drift(**wanted) == {
        "openai.api_base_urls": "is http://127.0.0.1:1/v1, not http://litellm:4000/v1",
        "ui.enable_signup": "is true, not false",
        "webui.url": "is empty, not http://box",
    }


def test_another_embedding_model_says_what_it_costs(place: Place) -> None:
    place.store({"rag.embedding_model": "small"})
    place.remember("ada@example.org")
    cause = place.drift(**{"rag.embedding_model": "gemma"})["rag.embedding_model"]
    assert cause == "is small, not gemma; documents must be uploaded again"


@pytest.mark.parametrize("stored", ["sk-another", "", None])
def test_a_key_that_differs_is_named_and_neither_value_is_told(place: Place, stored: str | None) -> None:
    place.store({} if stored is None else {"openai.api_keys": [stored]})
    place.remember("ada@example.org")
    answer = observe(place.service(**{"openai.api_keys": [key()]}), str(place.root))
    assert [one["name"] for one in answer["drift"]] == ["openai.api_keys"]
    assert KEY not in json.dumps(answer)
    assert "sk-another" not in json.dumps(answer)


def test_a_key_that_is_not_on_the_host_yet_is_a_difference(place: Place) -> None:
    place.store({"openai.api_keys": [KEY]})
    (place.root / "secrets" / "litellm" / "litellm_master_key").unlink()
    assert "openai.api_keys" in place.drift(**{"openai.api_keys": [key()]})


def test_an_account_that_was_made_once_and_then_renamed_is_not_made_again(place: Place) -> None:
    place.store({})
    assert "account ada@example.org" in place.drift()
    place.remember("ada@example.org")
    assert place.drift() == {}


def test_another_administrator_says_what_becomes_of_the_first(place: Place) -> None:
    place.store({}, ("kit@localhost", "grace@example.org"))
    place.remember("grace@example.org")
    assert place.drift() == {
        "account ada@example.org": "not made yet; grace@example.org stays an administrator with its password, "
        "until somebody removes that account in the page"
    }


def test_an_account_of_another_database_is_made_in_this_one(place: Place) -> None:
    place.store({})
    place.remember("ada@example.org", database=("the kit's account of before",))
    assert place.drift() == {"account ada@example.org": "not in this database"}


def test_a_copy_of_the_database_has_the_accounts_that_were_made_in_it(place: Place) -> None:
    place.store({}, ("kit@localhost", "grace@example.org"))
    place.remember("ada@example.org", database=("the first one", "grace@example.org"))
    assert place.drift() == {}


def test_a_database_from_before_the_account_was_made_gets_it_again(place: Place) -> None:
    place.store({})
    with closing(sqlite3.connect(place.database)) as connection, connection:
        connection.execute('alter table "user" add column created_at integer')
        connection.execute('alter table "user" add column last_active_at integer')
        connection.execute('update "user" set created_at = 100, last_active_at = 200')
    place.write_memory({"format": 2, "accounts": {"ada@example.org": 300}, "database": ["kit@localhost"]})
    assert place.drift() == {"account ada@example.org": "not in this database"}
    place.write_memory({"format": 2, "accounts": {"ada@example.org": 150}, "database": ["kit@localhost"]})
    assert place.drift() == {}


def test_the_memory_of_an_older_kit_counts_where_people_are_in_the_database(place: Place) -> None:
    place.write_memory({"format": 1, "accounts": ["ada@example.org"]})
    place.store({})
    assert place.drift() == {"account ada@example.org": "not in this database"}
    place.store({}, ("ada-renamed@example.org",))
    assert place.drift() == {}


def test_an_account_is_remembered_with_the_database_that_has_it(place: Place) -> None:
    place.store({}, ("kit@localhost", "ada@example.org"))
    assert apply(place.service(), str(place.root), Journal("", ""))["changed"] is True
    assert apply(place.service(), str(place.root), Journal("", ""))["changed"] is False
    memory = json.loads((place.root / "run" / "open_webui.json").read_text())
    assert memory["database"] == ["kit@localhost", "ada@example.org"]


def test_an_account_that_people_made_themselves_is_theirs(place: Place) -> None:
    place.store({}, ("kit@localhost", "Ada@Example.org"))
    assert place.drift() == {}


def test_reading_leaves_no_file_beside_the_database(place: Place) -> None:
    place.store({})
    before = sorted(path.name for path in place.database.parent.iterdir())
    place.drift()
    assert sorted(path.name for path in place.database.parent.iterdir()) == before == ["webui.db"]


def test_settings_that_a_running_application_just_wrote_are_seen(place: Place) -> None:
    place.store({"webui.url": "old"})
    place.remember("ada@example.org")
    with closing(sqlite3.connect(place.database)) as writer:
        writer.execute("update config set value = '\"new\"' where key = 'webui.url'")
        writer.commit()
        assert place.drift(**{"webui.url": "new"}) == {}


def test_a_database_that_is_none_is_a_problem_in_words(place: Place) -> None:
    place.database.write_text("this is no database, it only looks like a file" * 50)
    answer = observe(place.service(), str(place.root))
    assert "cannot read" in answer["problem"]
    with pytest.raises(AgentError, match="cannot read"):
        apply(place.service(), str(place.root), Journal("", ""))


def test_nothing_to_set_asks_nobody_and_changes_nothing(place: Place) -> None:
    place.store({"webui.url": "x"})
    place.remember("ada@example.org")
    answer = apply(place.service(**{"webui.url": "x"}), str(place.root), Journal("", ""))
    assert answer == {"changed": False, "set": []}


def test_an_application_that_does_not_answer_is_an_error_with_the_address(place: Place) -> None:
    place.store({"webui.url": "x"})
    (place.root / "secrets" / "open_webui").mkdir()
    (place.root / "secrets" / "open_webui" / "webui_admin_password").write_text("words")
    with pytest.raises(AgentError, match=r"127\.0\.0\.1:1") as refused:
        apply(place.service(**{"webui.url": "y"}), str(place.root), Journal("", ""))
    assert "words" not in str(refused.value)


def test_of_a_back_ends_settings_only_the_kits_own_are_compared(place: Place) -> None:
    wanted = {"ollama.api_configs": {"0": {"key": key(), "model_ids": ["gemma:latest"]}}}
    theirs = {"prefix_id": "mac", "enable": True}
    place.store(
        {"ollama.api_configs": {"0": {**theirs, "key": KEY, "model_ids": ["gemma:latest"]}}}, emails=("kit@localhost",)
    )
    place.remember("ada@example.org")
    assert place.drift(**wanted) == {}
    place.store({"ollama.api_configs": {"0": {**theirs, "key": "sk-other"}}}, emails=())
    assert place.drift(**wanted) == {"ollama.api_configs": "differs in key, model_ids"}
    place.store({"ollama.api_configs": {}}, emails=())
    assert place.drift(**wanted) == {"ollama.api_configs": "differs in key, model_ids"}


def test_a_key_that_is_not_there_is_as_good_as_an_empty_one(place: Place) -> None:
    place.store({"ollama.api_configs": {"0": {"model_ids": ["gemma:latest"]}}}, emails=("kit@localhost",))
    place.remember("ada@example.org")
    assert place.drift(**{"ollama.api_configs": {"0": {"key": "", "model_ids": ["gemma:latest"]}}}) == {}
