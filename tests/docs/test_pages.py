"""Lines of README.md and of the pages of docs/ can be typed, loaded and followed."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from deploy.apply.phases.phase import ORDER
from deploy.cli.commands import VERBS
from deploy.decide.desired import load_desired
from deploy.fields.service import ServiceSpec
from deploy.spec.loading.loader import load_spec
from deploy.stack import HERE
from tests.docs.pages import (
    PAGES,
    README,
    anchors,
    blocks,
    command_lines,
    is_kit,
    kit_lines,
    links,
    name_of,
    parse,
    words_of,
)
from tests.docs.reference import PAGE as REFERENCE
from tests.tree import REPOSITORY

QUICKSTART = REPOSITORY / "inventories/quickstart/kit.yaml"
COMMANDS = REPOSITORY / "docs" / "commands.md"
OPERATIONS = REPOSITORY / "docs" / "operations.md"
DEVELOPMENT = REPOSITORY / "docs" / "development.md"
DECISIONS = REPOSITORY / "docs" / "decisions"
BROUGHT_BY_THE_READER = ("pipx", "wsl", "socat", "iptables")


@pytest.mark.parametrize("line", sorted({line for page in PAGES for line in kit_lines(page)}))
def test_a_kit_command_can_be_typed(line: str) -> None:
    words = ["check" if word == "COMMAND" else word for word in words_of(line)[1:] if "…" not in word]
    with suppress(click.exceptions.Exit):  # --help
        parse(words)


@pytest.mark.parametrize("line", sorted({line for page in PAGES for line in command_lines(page) if not is_kit(line)}))
def test_another_command_is_in_the_repository_or_on_path(line: str) -> None:
    program = words_of(line)[0]
    found = (REPOSITORY / program).is_file() or shutil.which(program) is not None
    assert found or program in BROUGHT_BY_THE_READER


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_command_is_documented(verb: str) -> None:
    assert re.search(rf"^\| `{verb}` \|", COMMANDS.read_text(), re.MULTILINE)


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks(page, "yaml")])
def test_a_kit_yaml_loads(block: str, tmp_path: Path) -> None:
    """A part of a kit.yaml is laid over the quickstart's; an ellipsis stands for a hash of the reader's own."""
    shown: dict[str, Any] = yaml.safe_load(block.replace("…", "0" * 64))
    whole = shown if "kit" in shown else {**yaml.safe_load(QUICKSTART.read_text()), **shown}
    spec = tmp_path / "kit.yaml"
    spec.write_text(yaml.safe_dump(whole, sort_keys=False))
    load_spec(spec)


@pytest.mark.parametrize("page", [*PAGES, REFERENCE], ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    astray = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            astray.append(link)
    assert astray == []


@pytest.mark.parametrize("page", [page for page in [*PAGES, REFERENCE] if page != README], ids=name_of)
def test_the_readme_leads_to_every_page(page: Path) -> None:
    index = DECISIONS / "README.md" if page.parent == DECISIONS and page.name != "README.md" else README
    assert page in [index.parent / link.partition("#")[0] for link in links(index)]


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.read_text().splitlines()) <= 200


def test_the_operations_page_has_every_service_with_its_default_port() -> None:
    for kind in ServiceSpec.__subclasses__():
        for one in (kind, *kind.__subclasses__()):
            if "kind" in one.model_fields and hasattr(one, "traits"):
                assert re.search(rf"^\|[^|]*\| {one.traits.default_port} \|", OPERATIONS.read_text(), re.MULTILINE), one


def test_a_word_of_the_code_is_a_type_of_its_module() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(deploy/\S+\.py)` \|", DEVELOPMENT.read_text(), re.MULTILINE)
    assert rows
    missing = [name for name, path in rows if f"\nclass {name}" not in (REPOSITORY / path).read_text()]
    assert missing == []


def test_the_record_of_phases_has_each_of_them_in_its_order() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (DECISIONS / "0003-phases.md").read_text(), re.MULTILINE)
    assert rows == [(name, executor) for name, executor, _ in ORDER]


def test_the_template_that_is_copied_beside_kit_yaml_is_taken(tmp_path: Path) -> None:
    (name,) = set(re.findall(r"`templates/(\w+/[\w.]+\.j2)`", OPERATIONS.read_text()))
    shutil.copytree(QUICKSTART.parent, tmp_path, dirs_exist_ok=True)
    own = tmp_path / "templates" / name
    own.parent.mkdir(parents=True)
    own.write_text(f"{(REPOSITORY / 'templates' / name).read_text()}# mine\n")
    files = load_desired(tmp_path / "kit.yaml").on(HERE).bundle.files
    assert [file.path.rpartition("/")[2] for file in files if "# mine" in file.content] == [own.stem]
