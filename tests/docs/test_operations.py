"""What docs/operations.md says can be typed."""

from __future__ import annotations

import re
import shlex

import pytest

from deploy.spec.service import ServiceSpec
from tests.docs.test_readme import parse
from tests.tree import REPOSITORY

PAGE = (REPOSITORY / "docs" / "operations.md").read_text()
VARIABLE = re.compile(r"[A-Z_]+=")


def kit_lines() -> list[str]:
    """Every line that begins with the kit's own command, in blocks and between backticks."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    spans = [span for span in re.findall(r"`([^`\n]+)`", PAGE) if span.startswith("kit ") and " " in span]
    return [line for line in (*lines, *spans) if words_of(line)[:1] in (["kit"], ["./kit"])]


def words_of(line: str) -> list[str]:
    words = shlex.split(line)
    while words and VARIABLE.match(words[0]):
        words.pop(0)
    return words


@pytest.mark.parametrize("line", sorted(set(kit_lines())))
def test_a_command_of_the_page_can_be_typed(line: str) -> None:
    parse(words_of(line)[1:])


def test_the_page_has_every_service_with_its_default_port() -> None:
    for kind in ServiceSpec.__subclasses__():
        for one in (kind, *kind.__subclasses__()):
            if "kind" in one.model_fields and hasattr(one, "traits"):
                assert re.search(rf"^\|[^|]*\| {one.traits.default_port} \|", PAGE, re.MULTILINE), one


def test_the_readme_leads_to_the_page() -> None:
    assert "docs/operations.md" in (REPOSITORY / "README.md").read_text()
