"""Verbs that touch no host, on the quickstart as it is shipped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deploy.assets import inventories_dir
from deploy.lock.model import read_lock
from deploy.lock.text import write_lock
from deploy.spec.loading.loader import load_spec
from tests.locks import lock_of
from tests.unit.cli.conftest import Kit


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with the quickstart's files."""
    shutil.copytree(inventories_dir() / "quickstart", tmp_path / "quickstart")
    monkeypatch.chdir(tmp_path / "quickstart")
    return tmp_path / "quickstart/kit.yaml"


def test_check_says_what_the_stack_runs(kit: Kit) -> None:
    shown = kit("check")
    assert shown.code == 0
    assert shown.out.startswith("kit.yaml: good. Stack quickstart runs main, ")
    document = kit("check", "--json").document
    assert (document["format"], document["stack"]) == (2, "quickstart")
    assert document["hosts"]["here"]["services"] == ["main", "litellm", "open_webui"]


def test_check_notes_a_text_whose_lines_end_as_on_windows(kit: Kit, spec: Path) -> None:
    Path("p.txt").write_bytes(b"Be\r\nkind.\r\n")
    spec.write_text(
        "kit: 1\nstack: home\nbackup: null\ngateway: null\nwebui: null\n"
        'engines: [{name: mac, kind: external, api: ollama, url: "http://mac.lan:11434"}]\n'
        'models: [{name: a, engine: mac, from: "llama3:8b", system: {file: p.txt}}]\n'
    )
    write_lock(lock_of(load_spec(spec)), spec.with_name("kit.lock"))
    note = "p.txt: line ends of other systems (2 with CR LF) are read as LF"
    shown = kit("check")
    assert (shown.code, shown.err) == (0, f"note: {note}\n")
    assert kit("check", "--json").document["notes"] == [note]


def test_check_says_every_problem_at_once_with_its_place(kit: Kit, spec: Path) -> None:
    spec.write_text(spec.read_text().replace("threads: 1", "threads: 0, prt: 9931"))
    shown = kit("check")
    assert (shown.code, shown.out) == (2, "")
    lines = shown.err.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["kit.yaml", "kit.yaml"]
    assert any("engines[0].threads" in line for line in lines)
    assert any("did you mean port" in line for line in lines)
    assert lines[-1] == "2 problems"


def test_problems_in_json_have_their_places_as_numbers(kit: Kit, spec: Path) -> None:
    spec.write_text(spec.read_text().replace("threads: 1", "threads: 0"))
    error = kit("check", "--json").document["error"]
    (problem,) = error["problems"]
    assert (error["exit_code"], problem["file"], problem["path"]) == (2, "kit.yaml", "engines[0].threads")
    assert problem["line"] > 1
    assert problem["column"] > 1


def test_a_missing_spec_is_told_with_the_next_step(kit: Kit) -> None:
    shown = kit("check", "nowhere/kit.yaml")
    assert shown.code == 2
    assert "nowhere/kit.yaml" in shown.err
    assert "kit init" in shown.err


def test_a_missing_lock_is_told_with_the_line_to_type(kit: Kit) -> None:
    Path("kit.lock").unlink()
    shown = kit("check")
    assert shown.code == 2
    assert shown.err.endswith("type: kit lock kit.yaml\n")


def test_an_input_that_is_not_locked_is_told_with_the_line_to_type(kit: Kit, spec: Path) -> None:
    spec.write_text(
        spec.read_text().replace("name: gemma", "name: other").replace("embedding: gemma", "embedding: other")
    )
    shown = kit("plan")
    assert shown.code == 2
    assert "kit.lock: models.main/other: is not locked yet" in shown.err
    assert shown.err.splitlines()[-1] == "type: kit lock kit.yaml"


def test_lines_to_type_hold_for_a_path_with_blanks_and_a_spec_of_any_name(kit: Kit) -> None:
    shown = kit("init", "my chats/home.yaml")
    assert shown.out.splitlines()[-2:] == ["next:", "  kit apply 'my chats/home.yaml'"]
    assert "type: kit lock 'my chats/home.yaml'" in kit("check", "my chats/home.yaml").err
    shutil.copy("kit.lock", "my chats/kit.lock")
    Path("my chats/home.yaml").write_text(Path("my chats/home.yaml").read_text().replace("1.0.0", "2.0.0"))
    shown = kit("check", "my chats/home.yaml")
    assert shown.err.startswith("my chats/kit.lock: models.main/gemma: is locked with version 1.0.0")
    assert shown.err.splitlines()[-1] == "type: kit lock 'my chats/home.yaml'"


def test_render_writes_what_a_host_would_get(kit: Kit) -> None:
    shown = kit("render", "--out", "out", "--json")
    assert shown.code == 0
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert [file["path"] for file in manifest["files"]] == shown.here["files"]
    assert all((Path("out") / path).is_file() for path in shown.here["files"])


def test_render_leaves_a_folder_of_a_persons_alone_whatever_its_files_are_called(kit: Kit) -> None:
    Path("app").mkdir()
    Path("app/manifest.json").write_text('{"name": "my web app", "files": ["index.html"]}')
    Path("app/index.html").write_text("precious")
    shown = kit("render", "--out", "app")
    assert (shown.code, Path("app/index.html").read_text()) == (2, "precious")
    assert "app holds other files than an earlier rendering: index.html, manifest.json" in shown.err


@pytest.mark.parametrize("out", ["/", "/proc"])
def test_render_refuses_a_folder_whose_files_come_and_go(out: str, kit: Kit) -> None:
    shown = kit("render", "--out", out)
    assert shown.code == 2
    assert f"{out} holds other files than an earlier rendering: " in shown.err


def test_render_keeps_what_a_person_added_to_a_rendering(kit: Kit) -> None:
    kit("render", "--out", "out")
    Path("out/notes.txt").write_text("precious")
    assert kit("render", "--out", "out").code == 2
    assert Path("out/notes.txt").read_text() == "precious"


def test_rendering_twice_gives_the_same_files(kit: Kit) -> None:
    kit("render", "--out", "one")
    kit("render", "--out", "two")
    kit("render", "--out", "one")
    seen = [{p.relative_to(out): p.read_bytes() for p in Path(out).rglob("*") if p.is_file()} for out in ("one", "two")]
    assert seen[0] == seen[1]


def test_a_template_that_the_user_broke_is_named_with_its_line(kit: Kit) -> None:
    broken = Path("templates/entrypoint/entrypoint.sh.j2")
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\n{% for file in %}\n")
    shown = kit("check")
    assert shown.code == 2
    assert shown.err.startswith("error: templates/entrypoint/entrypoint.sh.j2:2: ")


def test_secrets_are_listed_without_any_value(kit: Kit) -> None:
    names = [secret["name"] for secret in kit("secret", "list", "--json").here["secrets"]]
    assert "webui_admin_password" in names
    assert names == sorted(names)


def test_a_stack_without_secrets_says_so(kit: Kit) -> None:
    Path("kit.yaml").write_text(
        "kit: 1\nstack: bare\ngateway: null\nwebui: null\n"
        'engines: [{name: mac, kind: external, api: ollama, url: "http://127.0.0.1:11434"}]\n'
    )
    write_lock(lock_of(load_spec(Path("kit.yaml"))), Path("kit.lock"))
    assert kit("secret", "list").out == "stack bare has no secrets\n"
    (here,) = kit("secret", "list", "--json").document["hosts"].values()
    assert here["secrets"] == []


def test_a_secret_that_is_not_named_is_asked_for(kit: Kit) -> None:
    shown = kit("secret", "show", "kit.yaml")
    assert shown.code == 2
    assert shown.err.splitlines() == ["error: the name of a secret is missing", "the names: kit secret list kit.yaml"]


def test_an_unknown_secret_is_told_which_one_was_meant(kit: Kit) -> None:
    shown = kit("secret", "show", "webui_admin_pasword")
    assert shown.code == 2
    assert shown.err.splitlines()[1].startswith("did you mean webui_admin_password? there are: ")


def test_an_unknown_service_is_told_which_one_was_meant(kit: Kit) -> None:
    shown = kit("logs", "mian")
    assert shown.code == 2
    assert shown.err.splitlines()[1].startswith("did you mean main? there are: main, ")


def test_the_shipped_lock_is_read_as_it_was_written() -> None:
    assert read_lock(Path("kit.lock")).format == 1


def test_start_names_what_it_started_and_not_what_ran_already(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([{"changed": True, "services": ["main"]}, {"changed": False, "services": []}])
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("deploy.cli.verbs.servicing.change_services", lambda *_: next(answers))
    assert kit("start").out == "started: main\n"
    assert kit("start").out == "nothing to start\n"


@pytest.mark.parametrize("verb", ["apply", "stop", "down", "destroy", "rebuild", "verify"])
def test_who_may_not_change_the_machine_gets_the_line_to_type(
    verb: str, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    shown = kit(verb, "kit.yaml")
    assert shown.code == 1
    assert "needs root" in shown.err
    assert shown.err.splitlines()[-1] == f"type: sudo kit {verb} kit.yaml"
