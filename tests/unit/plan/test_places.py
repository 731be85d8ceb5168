"""A place of user data that became another one is asked about, and never begins anew in silence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deploy.agent.contract.origin import MACHINE_ID, node, origin_of
from deploy.agent.data.places import begin, left_places, observe, places_path, remember_places
from deploy.agent.protocols.ollama.memory import Memory
from deploy.hosts.observation.places import read_places
from deploy.plan.place_questions import Chosen, Question, question_of
from tests.unit.agent.data.places import SERVICE, Host, chats_in, write_chats, write_model

NOBODY_ELSE = ("of the kit", "ada")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A stack whose page has two chats, accepted."""
    found = Host(tmp_path)
    write_chats(found.data, *NOBODY_ELSE, chats=2)
    found.accept()
    return found


def asked(host: Host, path: Path | None = None) -> Question | None:
    place = host.place(path)
    return question_of(place, host.seen(place))


def problem(host: Host, path: Path | None = None) -> str:
    question = asked(host, path)
    assert question is not None
    return question.problem


def test_data_in_its_place_asks_nothing_also_after_people_wrote_to_it(host: Host) -> None:
    assert asked(host) is None
    write_chats(host.data, "grace", chats=5)
    assert asked(host) is None


def test_a_folder_that_changed_tells_what_stays_and_may_take_it_along_or_begin_empty(host: Host) -> None:
    new = host.folder / "bridge" / "data"
    question = asked(host, new)
    assert question is not None
    assert question.problem == (f"open_webui would begin empty in {new}: 2 chats and 2 accounts stay in {host.data}")
    assert question.choices == ("move", "fresh")
    assert question.size_bytes >= (host.data / "webui.db").stat().st_size


def test_a_database_that_the_page_made_anew_meanwhile_is_another_one(host: Host) -> None:
    host.empty()
    write_chats(host.data, "a second account of the kit")
    question = asked(host)
    assert question is not None
    assert question.problem == (
        f"{host.data} holds another database of open_webui than the last apply left there: "
        "0 chats and 1 account now, and 2 chats and 2 accounts at the last apply"
    )
    assert question.choices == ("found",)


def test_a_database_of_somebody_else_in_the_place_is_another_one(host: Host) -> None:
    host.empty()
    write_chats(host.data, "of another kit", "eve", chats=9)
    assert "9 chats and 2 accounts now" in problem(host)


def test_a_copy_of_the_database_asks_nothing_though_it_has_fewer_chats(host: Host) -> None:
    shutil.copytree(host.data, host.folder / "copy")
    write_chats(host.data, chats=3)
    host.accept()
    shutil.rmtree(host.data)
    shutil.copytree(host.folder / "copy", host.data)
    assert chats_in(host.data) == 2
    assert asked(host) is None


def test_data_that_was_moved_by_hand_asks_nothing(host: Host) -> None:
    new = host.folder / "bridge" / "data"
    new.parent.mkdir()
    host.data.rename(new)
    assert asked(host, new) is None


def test_a_whole_copy_by_hand_asks_nothing_and_an_old_one_does(host: Host) -> None:
    new = host.folder / "bridge" / "data"
    shutil.copytree(host.data, new)
    assert asked(host, new) is None
    write_chats(host.data, chats=1, at=2000)
    question = asked(host, new)
    assert question is not None
    assert question.problem == (
        f"{new} holds an older state of open_webui than {host.data}: "
        f"2 chats and 2 accounts in {new}, 3 chats and 2 accounts in {host.data}"
    )
    assert question.choices == ("move", "found")


def test_another_database_in_another_folder_may_be_used_or_laid_aside(host: Host) -> None:
    new = host.folder / "bridge" / "data"
    write_chats(new, "of another kit", chats=7)
    question = asked(host, new)
    assert question is not None
    assert f"7 chats and 1 account in {new}, 2 chats and 2 accounts in {host.data}" in question.problem
    assert question.choices == ("found", "move")


def test_a_database_that_cannot_be_read_has_no_choice_but_a_sound_one(host: Host) -> None:
    (host.data / "webui.db").write_text("this is no database, it only looks like a file" * 50)
    question = asked(host)
    assert question is not None
    assert question.choices == ()


def test_a_first_apply_asks_nothing_wherever_the_data_shall_lie(tmp_path: Path) -> None:
    host = Host(tmp_path)
    assert asked(host) is None
    write_chats(host.data, "somebody", chats=4)
    assert asked(host) is None


def test_what_an_older_kit_left_is_known_by_its_release(tmp_path: Path) -> None:
    host = Host(tmp_path)
    write_chats(host.data, *NOBODY_ELSE, chats=2)
    host.release("a" * 64, host.data)
    (host.root / "data_versions.json").write_text('{"format": 1, "versions": {"open_webui": "0.9.0"}}')
    assert asked(host) is None
    new = host.folder / "bridge" / "data"
    assert f"2 chats and 2 accounts stay in {host.data}" in problem(host, new)
    host.empty()
    assert f"{host.data} is empty" in problem(host)


def test_models_that_stay_in_another_folder_or_are_gone_are_asked_about(tmp_path: Path) -> None:
    host, old, new = Host(tmp_path), tmp_path / "models", tmp_path / "disk" / "models"
    write_model(old, "llama")
    write_model(old, "mine")
    host.accept(host.models(old))
    assert question_of(host.models(old), host.seen(host.models(old))) is None
    question = question_of(host.models(new), host.seen(host.models(new)))
    assert question is not None
    assert question.problem == f"main would begin empty in {new}: 2 models stay in {old}"
    (new / "manifests").mkdir(parents=True)
    assert question_of(host.models(new), host.seen(host.models(new))) is not None
    write_model(new, "of somebody")
    assert question_of(host.models(new), host.seen(host.models(new))) is None
    shutil.rmtree(old)
    gone = question_of(host.models(old), host.seen(host.models(old)))
    assert gone is not None
    assert gone.choices == ("fresh",)


@pytest.mark.parametrize("link", ["manifests", "manifests/.kit-place"])
def test_no_link_in_a_folder_of_models_leads_the_mark_elsewhere(tmp_path: Path, link: str) -> None:
    host, folder, elsewhere = Host(tmp_path), tmp_path / "models", tmp_path / "elsewhere"
    write_model(folder, "llama")
    if link == "manifests":
        shutil.move(folder / link, elsewhere)
    (folder / link).symlink_to(elsewhere)
    host.accept(host.models(folder))
    assert not (elsewhere / ".kit-place").exists()
    assert elsewhere.exists() == (link == "manifests")
    assert question_of(host.models(folder), host.seen(host.models(folder))) is None


def test_an_engine_that_never_had_a_model_begins_anywhere(tmp_path: Path) -> None:
    host, old = Host(tmp_path), tmp_path / "models"
    old.mkdir()
    host.accept(host.models(old))
    assert question_of(host.models(old), host.seen(host.models(old))) is None
    assert question_of(host.models(tmp_path / "new"), host.seen(host.models(tmp_path / "new"))) is None


def test_an_engine_that_an_older_kit_brought_no_model_has_lost_none(tmp_path: Path) -> None:
    host, models = Host(tmp_path), tmp_path / "models"
    models.mkdir()
    host.release("a" * 64, host.data)
    decided = {"services": [], "engines": [{"name": "main", "protocol": "ollama", "models_dir": str(models)}]}
    (host.root / "current" / "deployment.json").write_text(json.dumps(decided))
    memory = Memory(host.root)
    memory.keep_place("main", str(models))
    assert question_of(host.models(models), host.seen(host.models(models))) is None
    memory.keep_pulled("main", "llama", "d" * 64)
    gone = question_of(host.models(models), host.seen(host.models(models)))
    assert gone is not None
    assert gone.problem.startswith("the data of main is not there")


def test_a_stack_under_another_name_asks_before_it_begins_empty(tmp_path: Path) -> None:
    host, origin = Host(tmp_path), origin_of(Path("/home/ada/kit.yaml"))
    write_chats(host.data, *NOBODY_ELSE, chats=2)
    remember_places(host.root, {SERVICE: host.place().request()}, origin)
    renamed = host.place(tmp_path / "srv" / "renamed")

    def asked_by(origin: str) -> Question | None:
        answer = observe(tmp_path / "renamed", {SERVICE: renamed.request()}, origin)
        return question_of(renamed, read_places(answer)[SERVICE])

    question = asked_by(origin)
    assert question is not None
    assert question.problem.startswith("this kit.yaml was applied here as the stack opt: open_webui would begin empty")
    assert f"2 chats and 2 accounts stay in {host.data}" in question.problem
    assert (question.choices, question.otherwise) == (("move", "fresh"), "write `stack: opt` in kit.yaml again")
    assert question.size_bytes >= (host.data / "webui.db").stat().st_size
    # Another file's stack is nobody's former name.
    assert asked_by(origin_of(Path("/home/ada/other.yaml"))) is None
    begin(tmp_path / "renamed", SERVICE, Chosen(question, "fresh").request(), "fresh")
    assert asked_by(origin) is None
    assert left_places(tmp_path / "renamed", [renamed.host_path]) == []


def test_the_same_path_on_another_control_node_is_another_kit_yaml(tmp_path: Path) -> None:
    host, spec, other = Host(tmp_path), Path("/home/ada/kit.yaml"), tmp_path / "machine-id"
    other.write_text("b08dfa6083e7567a1921a715000001fb\n")
    write_chats(host.data, *NOBODY_ELSE, chats=2)
    place = {SERVICE: host.place().request()}
    renamed = {SERVICE: host.place(tmp_path / "srv" / "renamed").request()}

    def former(origin: str) -> str:
        return str(observe(tmp_path / "renamed", renamed, origin)[SERVICE]["stack"])

    remember_places(host.root, place, origin_of(spec, other))
    assert (former(origin_of(spec, other)), former(origin_of(spec))) == ("opt", "")
    # Two control nodes take turns with one stack.
    remember_places(host.root, place, origin_of(spec))
    assert (former(origin_of(spec, other)), former(origin_of(spec))) == ("opt", "opt")


def test_the_path_that_an_older_kit_remembered_is_one_of_the_host_itself(tmp_path: Path) -> None:
    host, spec, other = Host(tmp_path), Path("/home/ada/kit.yaml"), tmp_path / "machine-id"
    other.write_text("b08dfa6083e7567a1921a715000001fb\n")
    write_chats(host.data, *NOBODY_ELSE, chats=2)
    remember_places(host.root, {SERVICE: host.place().request()})
    document = json.loads(places_path(host.root).read_text())
    document.pop("origins")
    places_path(host.root).write_text(json.dumps({**document, "origin": str(spec)}))
    renamed = {SERVICE: host.place(tmp_path / "srv" / "renamed").request()}
    asked = [observe(tmp_path / "renamed", renamed, origin_of(spec, node)) for node in (MACHINE_ID, other)]
    assert [each[SERVICE]["stack"] for each in asked] == ["opt", ""]


def test_a_machine_without_an_id_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "machine-id"
    names = []
    for name in ("attic", "box"):
        monkeypatch.setattr("socket.gethostname", lambda name=name: name)
        names += [node(gone)]
    assert len({*names}) == 2
    assert all(len(name) == 16 for name in names)


def test_a_folder_that_this_user_may_not_look_at_is_not_taken_for_missing(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Path.stat

    def refused(self: Path, **more: bool) -> object:
        if self == host.data:
            raise PermissionError(13, "Permission denied")
        return look(self, **more)

    monkeypatch.setattr(Path, "stat", refused)
    assert host.seen().now.state == "unreadable"
    assert asked(host) is None
