"""Lines to type are values everywhere in the program; whatever else is printed is data, and stays as it is."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import click
import pytest

from deploy.agent.line import WITHOUT_FILE, called
from deploy.assets import inventories_dir
from deploy.cli.commands import VERBS
from deploy.cli.main import Verbs
from deploy.cli.terminal.chatting import Chat
from deploy.cli.terminal.output import Output
from deploy.decide.desired import load_desired
from deploy.hosts.local import LocalTransport
from deploy.hosts.wire.transport import AgentFailedError
from deploy.stack import HERE
from tests.tree import REPOSITORY
from tests.unit.agent.engines.scripted import scripted
from tests.unit.chat.playing import door, playing
from tests.unit.cli.conftest import Kit

COMMAND = re.compile(rf"(?<![\w./-])kit (?:{'|'.join(VERBS)})\b")
RENDERED = {
    "deploy/decide/models.py": "as `kit apply` makes it",
    "deploy/lock/text.py": "# Written by `kit lock`; commit it beside kit.yaml.",
    "deploy/spec/told/starter.py": "# What this machine shall run. `kit check` reads it, `kit lock` pins it",
}
"""Texts of files that are the same whoever made them: they name the program as everybody does."""
RUNS = re.compile(
    r"kit (apply|rebuild|down|destroy|models (pull|remove)|backup (now|restore|verify|drill)|bridge (edit-db|add))"
)
"""Names of runs, as a host remembers its holder."""
SOURCES = sorted((REPOSITORY / "deploy").rglob("*.py"))


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    """Forget how the run was called."""
    yield
    called()


@pytest.fixture
def launcher(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """The program as it is called through `./kit`."""
    monkeypatch.setenv("KIT_COMMAND", "./kit")
    return kit


def failing(monkeypatch: pytest.MonkeyPatch, problem: str, next_step: str) -> None:
    """Let every reading of kit.yaml for a plan end with this failure."""

    def fail(_spec: Path) -> None:
        raise AgentFailedError({"error": {"problem": problem, "next": next_step}})

    monkeypatch.setattr("deploy.cli.verbs.plan.load_desired", fail)


def test_a_system_text_of_an_imported_modelfile_is_printed_as_it_stands(launcher: Kit, tmp_path: Path) -> None:
    text = "kit check: bandages\nkit apply\n`kit lock` them away"
    (tmp_path / "Modelfile").write_text(f'FROM llama3.2:3b\nSYSTEM """{text}"""\n')
    shown = launcher("import", "modelfile", str(tmp_path / "Modelfile"))
    assert "./kit" not in shown.out
    assert [line.strip() for line in text.splitlines()] == [
        line.strip() for line in shown.out.splitlines() if "kit " in line
    ]


@pytest.mark.parametrize("words", [("schema",), ("completion", "bash"), ("version",)])
def test_what_is_no_message_is_the_same_through_every_launcher(
    words: tuple[str, ...], kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = kit(*words).out
    monkeypatch.setenv("KIT_COMMAND", "./kit")
    assert kit(*words).out == plain


def test_a_containers_log_is_printed_as_it_stands(
    launcher: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "main  | kit apply\nmain  | see `kit status` \x1b[31mred\x1b[0m\nmain  | \N{NO-BREAK SPACE}a\r\n"
    (tmp_path / "said").write_text(said, newline="")
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\nexec /bin/cat {tmp_path}/said\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    streaming = partial(LocalTransport, str(tmp_path / "agent"), sys.executable)
    monkeypatch.setattr("deploy.hosts.reach.LocalTransport", streaming)
    shutil.copy(inventories_dir() / "quickstart" / "kit.yaml", tmp_path)
    assert launcher("logs", str(tmp_path / "kit.yaml")).out == said


def test_a_containers_log_in_a_failed_apply_is_printed_as_it_stands(
    launcher: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = "main did not get healthy: it ended\n  kit apply\n  type: kit lock, then `kit status` \x1b[31mred\x1b[0m"
    failing(monkeypatch, problem, "./kit logs main home/kit.yaml")
    shown = launcher("plan", "home/kit.yaml").err
    assert shown == f"error: {problem}\n./kit logs main home/kit.yaml\n"
    error = launcher("plan", "--json", "home/kit.yaml").document["error"]
    assert (error["problem"], error["next"]) == (problem, "./kit logs main home/kit.yaml")


def test_what_stands_in_kit_yaml_is_quoted_as_it_stands(launcher: Kit, tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    spec.write_text("kit: 1\nstack: kit apply\nkit lock: true\nengines: []\nmodels: []\n")
    shown = launcher("check", str(spec))
    assert "kit apply" in shown.err
    assert "kit lock" in shown.err
    assert "./kit apply" not in shown.err
    problems = json.dumps(launcher("check", "--json", str(spec)).document["error"]["problems"])
    assert "kit lock" in problems
    assert "./kit" not in problems


def test_a_chats_answer_is_printed_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    called("./kit")
    said = "kit apply\n`kit lock` \x1b[1mbold\x1b[0m: kit status\n"
    pieces = [{"choices": [{"delta": {"content": said}}]}, {"choices": [{"delta": {}, "finish_reason": "stop"}]}]

    lines = [f"data: {piece}\n\n".encode() for piece in (*map(json.dumps, pieces), "[DONE]")]
    with scripted(playing(*lines)) as server:
        Chat(Output(), door(server.url, "openai", "m"), "m", None, None, nullcontext).answer_once("hello")
    assert capsys.readouterr().out == said


def test_a_failure_that_the_kit_words_itself_has_the_launcher_and_the_file(launcher: Kit, tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    shutil.copy(inventories_dir() / "quickstart" / "kit.yaml", spec)
    line = f"type: ./kit lock {spec}"
    assert line in launcher("plan", str(spec)).err
    assert line in launcher("plan", "--json", str(spec)).document["error"]["problem"]
    assert "`./kit init other/kit.yaml` writes one" in launcher("plan", "other/kit.yaml").err


def test_nothing_that_is_placed_depends_on_how_the_run_was_called() -> None:
    spec = inventories_dir() / "quickstart" / "kit.yaml"
    plain = load_desired(spec).on(HERE).bundle
    called("./kit", "home/kit.yaml")
    assert load_desired(spec).on(HERE).bundle == plain


def test_every_verb_but_those_about_the_program_itself_takes_a_file() -> None:
    for name in VERBS:
        command = Verbs().get_command(click.Context(Verbs()), name)
        assert command is not None
        verbs = command.commands.values() if isinstance(command, click.Group) else [command]
        taken = [{"spec", "target"} & {parameter.name for parameter in verb.params} for verb in verbs]
        assert all(taken) == (name not in WITHOUT_FILE), name


def literals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Return the strings of a module but its documentation, each with its line number."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_line_to_type_is_spelled_in_a_text(path: Path) -> None:
    rendered = RENDERED.get(str(path.relative_to(REPOSITORY)), "\0")
    spelled = [
        f"{path}:{number}: {text}"
        for number, text in literals(ast.parse(path.read_text()))
        if COMMAND.search(text) and rendered not in text and not RUNS.fullmatch(text)
    ]
    assert spelled == []


def lines_written() -> Iterator[tuple[str, list[str]]]:
    """Return the words of every Line in the program that are written down, with their place."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Line":
                words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                yield f"{path}:{node.lineno}", [str(word) for word in words]


def test_every_line_to_type_names_a_command_and_its_options() -> None:
    found = list(lines_written())
    assert len(found) > 80
    assert [place for place, words in found if not _is_known(words)] == []


def _is_known(words: list[str]) -> bool:
    command: click.Command | None = Verbs()
    for word in words:
        if word.startswith("-"):
            options = [option for one in (command.params if command else []) for option in one.opts]
            if word not in options:
                return False
        elif isinstance(command, click.Group):
            command = command.get_command(click.Context(command), word)
            if command is None:
                return False
    return True
