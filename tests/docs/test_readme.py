"""What the README says can be typed, and what it shows can be loaded."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from deploy.cli.commands import VERBS
from deploy.cli.main import cli
from deploy.desired import load_desired
from deploy.spec.loader import load_spec
from tests.tree import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
QUICKSTART = REPOSITORY / "inventories/quickstart/kit.yaml"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def command_lines() -> list[str]:
    lines = [line.strip() for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def kit_lines() -> list[str]:
    return [line for line in command_lines() if shlex.split(line)[0] in ("kit", "./kit")]


def parse(words: list[str]) -> None:
    """Parse a command line to its last option and run nothing."""
    context = cli.make_context("kit", list(words))
    command: click.Command = cli
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, words
        command, context = found, found.make_context(name, rest, parent=context)


@pytest.mark.parametrize("line", kit_lines())
def test_a_kit_command_of_the_readme_can_be_typed(line: str) -> None:
    parse(shlex.split(line, comments=True)[1:])


@pytest.mark.parametrize("line", [line for line in command_lines() if line not in kit_lines()])
def test_another_command_of_the_readme_is_in_the_repository_or_on_path(line: str) -> None:
    program = shlex.split(line)[0]
    assert (REPOSITORY / program).is_file() or shutil.which(program) is not None or program in ("pipx", "wsl")


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_command_is_in_the_readme(verb: str) -> None:
    assert re.search(rf"\bkit {verb}\b|^\s*`?{verb}\b|\| `{verb}\b", README, re.MULTILINE)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_kit_yaml_of_the_readme_loads(block: str, tmp_path: Path) -> None:
    """A part of a kit.yaml is laid over the quickstart's; an ellipsis stands for a hash of the reader's own."""
    shown: dict[str, Any] = yaml.safe_load(block.replace("…", "0" * 64))
    whole = shown if "kit" in shown else {**yaml.safe_load(QUICKSTART.read_text()), **shown}
    spec = tmp_path / "kit.yaml"
    spec.write_text(yaml.safe_dump(whole, sort_keys=False))
    load_spec(spec)


def test_every_path_of_the_readme_exists() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert [link for link in links if not (REPOSITORY / link).exists()] == []


def test_the_template_that_the_readme_has_copied_beside_kit_yaml_is_taken(tmp_path: Path) -> None:
    (name,) = set(re.findall(r"`templates/(\w+/[\w.]+\.j2)`", README))
    shutil.copytree(QUICKSTART.parent, tmp_path, dirs_exist_ok=True)
    own = tmp_path / "templates" / name
    own.parent.mkdir(parents=True)
    own.write_text(f"{(REPOSITORY / 'templates' / name).read_text()}# mine\n")
    files = load_desired(tmp_path / "kit.yaml").bundle.files
    assert [file.path.rpartition("/")[2] for file in files if "# mine" in file.content] == [own.stem]
