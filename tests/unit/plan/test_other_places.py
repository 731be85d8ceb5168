"""Folders of another name's or another stack's data, what a move puts aside, and earlier states of a database."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.origin import origin_of
from deploy.agent.data.places import begin, observe, remember_places
from deploy.deployment.data_choices import Choice
from deploy.hosts.observation.places import read_places
from deploy.plan.place_questions import Chosen, Question, question_of
from deploy.plan.places import place_operations
from tests.unit.agent.data.places import SERVICE, Host, write_chats, write_model


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A stack whose page has two chats, accepted."""
    found = Host(tmp_path)
    write_chats(found.data, "of the kit", "ada", chats=2)
    found.accept()
    return found


def renamed_to(host: Host, path: Path, *, also: str = "") -> Question | None:
    """Ask as the same kit.yaml under another name; one further place may be settled already."""
    origin = origin_of(Path("/home/ada/kit.yaml"))
    remember_places(host.root, {SERVICE: host.place().request(), also or SERVICE: host.place().request()}, origin)
    place, root = host.place(path), host.folder / "house"
    if also:
        settled: Any = {**place.request(), "from": str(host.data), "stack": "opt"}
        begin(root, also, settled, "fresh")
    return question_of(place, read_places(observe(root, {SERVICE: place.request()}, origin))[SERVICE])


def test_a_renamed_stack_asks_about_each_place_until_that_one_is_settled(host: Host) -> None:
    assert renamed_to(host, host.folder / "new") is not None
    assert renamed_to(host, host.folder / "new", also="main") is not None


def test_a_renamed_stack_whose_new_place_holds_another_database_asks_which_of_them(host: Host) -> None:
    new = host.folder / "new"
    write_chats(new, "of another kit", chats=7)
    question = renamed_to(host, new)
    assert question is not None
    assert f"would go on with 7 chats and 1 account in {new}, and 2 chats" in question.problem
    assert question.choices == ("move", "found")


def test_a_renamed_stack_goes_on_in_the_same_folder_with_the_secrets_of_before(host: Host) -> None:
    question = renamed_to(host, host.data)
    assert question is not None
    assert question.problem == (
        f"this kit.yaml was applied here as the stack opt: 2 chats and 2 accounts of it lie in {host.data}"
    )
    assert question.choices == ("found",)
    request = Chosen(question, "found").request()
    assert (request["stack"], request["takes_over"]) == ("opt", True)


@pytest.mark.parametrize(("choice", "takes_over"), [("move", True), ("fresh", False)])
def test_what_begins_empty_under_another_name_has_secrets_of_its_own(
    host: Host, choice: Choice, takes_over: bool
) -> None:
    question = renamed_to(host, host.folder / "new")
    assert question is not None
    assert Chosen(question, choice).request()["takes_over"] is takes_over


def test_a_folder_that_another_stack_has_its_data_in_is_told_under_each_of_its_names(host: Host) -> None:
    host.release("a" * 64, host.data)
    host.folder.joinpath("link").symlink_to(host.data.parent)
    for path in (host.data, host.folder / "link" / "data"):
        answer = observe(host.folder / "house", {SERVICE: host.place(path).request()})
        assert read_places(answer)[SERVICE].users == ("opt",)
    assert host.seen().users == ()
    # Its stack was destroyed, and its data stays.
    (host.root / "current").unlink()
    assert read_places(observe(host.folder / "house", {SERVICE: host.place().request()}))[SERVICE].users == ()


def test_engines_of_two_stacks_may_share_their_models(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.release("a" * 64, tmp_path / "models")
    assert host.seen(host.models(tmp_path / "models")).users == ()


def test_a_folder_of_models_that_is_another_one_is_told(tmp_path: Path) -> None:
    host, models, other = Host(tmp_path), tmp_path / "models", tmp_path / "other"
    write_model(models, "llama")
    place = host.models(models)
    host.accept(place)
    assert not host.seen(place).is_swapped
    shutil.copytree(models, tmp_path / "copy")
    write_model(other, "of another stack")
    host.accept(replace(host.models(other), service="two"))
    for link, is_swapped in ((other, True), (tmp_path / "copy", False)):
        models.rename(tmp_path / f"away-{is_swapped}")
        models.symlink_to(link)
        seen = host.seen(place)
        assert (seen.is_swapped, question_of(place, seen)) == (is_swapped, None)
    models.unlink()
    write_model(models, "put there by hand")
    seen = host.seen(place)
    assert (seen.is_swapped, seen.now.words) == (True, "1 model")


def test_a_move_says_that_what_lies_in_its_way_is_put_aside(host: Host) -> None:
    new = host.folder / "bridge" / "data"
    told = [line for line in moves(host, new) if "kit-aside" in line]
    assert told == []
    (new / "uploads").mkdir(parents=True)
    assert "is put aside there, in .kit-aside-TIME" in moves(host, new)[0]
    write_chats(new, "of another kit", chats=7)
    assert "is put aside there, in .kit-aside-TIME" in moves(host, new)[0]


def moves(host: Host, path: Path) -> list[str]:
    place = host.place(path)
    question = question_of(place, host.seen(place))
    assert question is not None
    return [one.cause for one in place_operations({SERVICE: Chosen(question, "move")})]


def used(host: Host, at: int) -> None:
    """Let somebody be active in the database."""
    with closing(sqlite3.connect(host.data / "webui.db")) as connection, connection:
        columns = [row[1] for row in connection.execute('pragma table_info("user")')]
        if "last_active_at" not in columns:
            connection.execute('alter table "user" add column created_at integer')
            connection.execute('alter table "user" add column last_active_at integer')
        connection.execute('update "user" set last_active_at = ?', (at,))


def test_an_earlier_state_in_the_same_folder_is_told_and_one_on_another_drive_is_asked_about(host: Host) -> None:
    shutil.copytree(host.data, host.folder / "copy")
    used(host, 5000)
    host.accept()
    assert not host.seen().is_older
    shutil.rmtree(host.data)
    shutil.copytree(host.folder / "copy", host.data)
    seen = host.seen()
    assert seen.is_older
    assert question_of(host.place(), seen) is None
    question = question_of(host.place(), replace(seen, mount="/mnt/disk"))
    assert question is not None
    assert question.problem.startswith(f"{host.data} holds an earlier state of open_webui than the last apply left")
    there = f"the data was on the file system mounted at /mnt/disk, and the folder is on that of {seen.now.mount} now"
    assert question.problem.endswith(there)
    assert question.otherwise == "mount /mnt/disk again, or put the data back"
    assert question.choices == ("found",)


def test_a_chat_that_somebody_deleted_makes_no_earlier_state(host: Host) -> None:
    write_chats(host.data, chats=1, at=4000)
    used(host, 4000)
    host.accept()
    with closing(sqlite3.connect(host.data / "webui.db")) as connection, connection:
        connection.execute("delete from chat where updated_at = 4000")
    assert not host.seen().is_older
