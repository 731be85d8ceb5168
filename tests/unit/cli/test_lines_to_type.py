"""Every line that a person is told to type is complete, whoever wrote it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from deploy.cli.calling import as_typed, asked_about
from deploy.cli.commands import VERBS, WITHOUT_FILE
from deploy.cli.main import Verbs
from tests.tree import REPOSITORY
from tests.unit.cli.conftest import Kit

SPEC = Path("home/kit.yaml")
LINE = re.compile(rf"(?<![\w./-])kit (?:{'|'.join(VERBS)})\b[^`\n]*")
PROSE = ("stopped by kit stop", "# Written by `kit lock`; commit it beside kit.yaml.")
"""What tells of a command and asks nobody to type it."""


@pytest.fixture(autouse=True)
def no_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("KIT_COMMAND", raising=False)
    yield
    asked_about(None)


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("kit logs main", "kit logs main home/kit.yaml"),
        ("mend it, then run `kit apply` again", "mend it, then run `kit apply home/kit.yaml` again"),
        (
            "type: kit lock, then `kit apply --full`",
            "type: kit lock home/kit.yaml, then `kit apply --full home/kit.yaml`",
        ),
        ("stop it first: kit stop main", "stop it first: kit stop main home/kit.yaml"),
        ("one\nkit status", "one\nkit status home/kit.yaml"),
        ("type: kit plan other/kit.yaml", "type: kit plan other/kit.yaml"),
        ("see `kit version`", "see `kit version`"),
        ("`sudo --preserve-env=K kit apply` takes it", "`sudo --preserve-env=K kit apply home/kit.yaml` takes it"),
        ("`kit models pull a.b/c:1.5` brings it", "`kit models pull a.b/c:1.5 home/kit.yaml` brings it"),
        ("held by ada: kit apply (pid 7)", "held by ada: kit apply (pid 7)"),
        ("stopped by kit stop", "stopped by kit stop"),
    ],
)
def test_a_line_to_type_names_the_file_that_the_run_is_about(said: str, printed: str) -> None:
    asked_about(SPEC)
    assert as_typed(said) == printed


def test_a_file_that_looks_like_a_service_is_told_as_a_file() -> None:
    asked_about(Path("two words"))
    assert as_typed("`kit logs main`") == "`kit logs main './two words'`"


def test_the_file_that_goes_without_saying_is_left_out() -> None:
    asked_about(None)
    assert as_typed("`kit apply`") == "`kit apply`"


def test_a_failure_of_the_agent_is_printed_with_the_file(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    from deploy.hosts.transport import AgentFailedError

    document = {"error": {"problem": "main did not get healthy", "next": "kit logs main"}}

    def fail(_spec: Path) -> None:
        raise AgentFailedError(document)

    monkeypatch.setattr("deploy.cli.plan.load_desired", fail)
    assert kit("plan", "home/kit.yaml").err.splitlines()[-1] == "kit logs main home/kit.yaml"
    assert kit("plan", "--json", "home/kit.yaml").document["error"]["next"] == "kit logs main home/kit.yaml"
    assert kit("plan").err.splitlines()[-1] == "kit logs main"


def test_every_verb_but_those_about_the_program_itself_takes_a_file() -> None:
    for name in VERBS:
        command = Verbs().get_command(click.Context(Verbs()), name)
        assert command is not None
        verbs = command.commands.values() if isinstance(command, click.Group) else [command]
        taken = [{"spec", "target"} & {parameter.name for parameter in verb.params} for verb in verbs]
        assert all(taken) == (name not in WITHOUT_FILE), name


def test_every_line_to_type_in_the_program_is_complete_when_it_is_printed() -> None:
    asked_about(SPEC)
    wrong = [
        f"{path.relative_to(REPOSITORY)}: {line}"
        for path in sorted((REPOSITORY / "deploy").rglob("*.py"))
        for text in texts(path)
        if not any(prose in text for prose in PROSE)
        for line in LINE.findall(as_typed(text))
        if line.split()[1] not in WITHOUT_FILE and str(SPEC) not in line
    ]
    assert wrong == []


def texts(path: Path) -> Iterator[str]:
    """Return the strings of a module but its documentation; a value in one is a name, a path is the run's file."""
    tree = ast.parse(path.read_text())
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in documentation | parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(written(part) for part in node.values)


def written(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return str(SPEC) if "typed" in ast.unparse(part) else "name"
