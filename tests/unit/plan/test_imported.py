"""The data of an installation before the kit: one line of kit.yaml has it copied once, and the original stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.data import places
from deploy.agent.data.moving import settle_places
from deploy.agent.data.places import known_places, left_places, observe
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.deployment.places import Place
from deploy.plan.place_questions import Chosen, Question, chosen_of, question_of
from tests.unit.agent.data.places import SERVICE, Host, chats_in, write_chats

QUIET = Journal("", "")


class Volumes:
    """A Docker with one volume and no container."""

    folder = Path()

    def volume(self, name: str) -> dict[str, Any] | None:
        return {"Mountpoint": str(self.folder)} if name == "open-webui" else None

    def containers(self, _labels: Any = None) -> list[dict[str, Any]]:
        return []


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host with a volume of an earlier installation, and nothing of the kit's."""
    write_chats(tmp_path / "volume", "ada", "eve", chats=3)
    (tmp_path / "volume" / "uploads").mkdir()
    (tmp_path / "volume" / "uploads" / "a.pdf").write_text("pdf")
    (tmp_path / "volume" / "notes.txt").write_text("mine")
    monkeypatch.setattr(Volumes, "folder", tmp_path / "volume")
    monkeypatch.setattr(places, "Docker", Volumes)
    return Host(tmp_path)


def place(host: Host, source: str = "open-webui") -> Place:
    return replace(host.place(), imports=source)


def asked(host: Host, source: str = "open-webui") -> Question | None:
    wanted = place(host, source)
    return question_of(wanted, host.seen(wanted))


def chosen(host: Host, source: str = "open-webui") -> Chosen:
    question = asked(host, source)
    assert question is not None
    return chosen_of((question,), {})[SERVICE]


def settle(host: Host, answer: Chosen) -> None:
    services: Any = {SERVICE: {"action": "create", "place": answer.request()}}
    request: Any = {"stack": "home"}
    docker: Any = Volumes()
    settle_places(docker, host.root, request, services, QUIET)


@pytest.mark.parametrize("is_volume", [True, False])
def test_a_volume_or_a_folder_is_copied_whole_and_left_as_it_is(host: Host, *, is_volume: bool) -> None:
    source = host.folder / "volume"
    answer = chosen(host, "open-webui" if is_volume else str(source))
    assert (answer.choice, answer.question.before, answer.question.size_bytes > 0) == ("move", str(source), True)
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file() and path.suffix != ".db-shm"}
    settle(host, answer)
    assert chats_in(host.data) == 3
    assert (host.data / "uploads" / "a.pdf").read_text() == "pdf"
    assert (host.data / "notes.txt").read_text() == "mine"
    assert {path: path.read_bytes() for path in before} == before
    # Nobody asks again, and `destroy --data` removes nothing that the kit did not make.
    host.accept(place(host))
    assert asked(host) is None
    assert left_places(host.root, [str(host.data)]) == []
    assert known_places(host.root) == [str(host.data)]
    with closing(sqlite3.connect(host.data / "webui.db")) as connection, connection:
        connection.execute("delete from chat")
    assert asked(host) is None


def test_a_source_that_is_not_there_is_refused_and_the_page_never_begins_empty(host: Host) -> None:
    for source, words in (
        ("open-webu", "the volume open-webu is missing"),
        (str(host.folder / "nothing"), f"{host.folder}/nothing is missing"),
    ):
        question = asked(host, source)
        assert question is not None
        assert question.problem == f"there is no data of open_webui to import: {words}"
        assert (question.choices, chosen_of((question,), {}), "import_from" in question.otherwise) == ((), {}, True)


def test_a_source_that_cannot_be_read_is_refused(host: Host) -> None:
    (host.folder / "broken").mkdir()
    (host.folder / "broken" / "webui.db").write_text("no database")
    question = asked(host, str(host.folder / "broken"))
    assert question is not None
    assert "holds a database that cannot be read" in question.problem


def test_data_that_is_there_already_is_a_persons_choice(host: Host) -> None:
    write_chats(host.data, "grace", chats=1)
    question = asked(host)
    assert question is not None
    assert question.problem == (
        f"{host.data} holds 1 chat and 1 account already, and kit.yaml imports 3 chats and 2 accounts from "
        f"{host.folder}/volume"
    )
    assert (question.choices, chosen_of((question,), {})) == (("found", "move"), {})


def test_a_stack_with_data_of_its_own_imports_nothing_and_is_told_so(host: Host) -> None:
    write_chats(host.data, "grace", chats=1)
    host.accept()
    assert asked(host) is None
    seen = host.seen(place(host))
    assert (seen.had, seen.is_import, seen.imported) == (True, False, "")


def test_the_line_may_stay_once_its_data_is_here(host: Host) -> None:
    settle(host, chosen(host))
    for _ in range(2):
        host.accept(place(host))
        assert host.seen(place(host)).imported == str(host.folder / "volume")


def test_a_host_without_docker_has_no_volume(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: Any, _name: str) -> None:
        raise AgentError("Docker does not answer")

    monkeypatch.setattr(Volumes, "volume", fail)
    wanted = place(host)
    assert observe(host.root, {SERVICE: wanted.request()})[SERVICE]["before"] == "the volume open-webui"
