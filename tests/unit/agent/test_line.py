"""A line to type is a value; one module makes its text, from the present call of kit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.line import Line, call, called, called_as, texts
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.hosts.wire.talking import encode


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    called()
    yield
    called()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line("apply"), "./kit apply home/kit.yaml"),
        (Line("apply", "--full"), "./kit apply --full home/kit.yaml"),
        (Line("secret", "show", "it's"), "./kit secret show 'it'\"'\"'s' home/kit.yaml"),
        (Line("models", "pull", "a.b/c:1.5"), "./kit models pull a.b/c:1.5 home/kit.yaml"),
        (Line("plan", spec="other/kit.yaml"), "./kit plan other/kit.yaml"),
        (Line("plan", spec=Path("my files/kit.yaml")), "./kit plan 'my files/kit.yaml'"),
        (Line("logs", "main", spec="kitfile"), "./kit logs main ./kitfile"),
        (Line("down", "--stack", "home"), "./kit down --stack home"),
        (Line("version"), "./kit version"),
        (Line("apply").as_root(), "sudo ./kit apply home/kit.yaml"),
        (Line("apply").as_root("--preserve-env=KEY"), "sudo --preserve-env=KEY ./kit apply home/kit.yaml"),
    ],
)
def test_a_line_is_what_can_be_typed_here(line: Line, text: str) -> None:
    called("./kit", "home/kit.yaml")
    assert f"{line}" == str(line) == text
    assert text in texts()


def test_a_line_without_a_run_is_plain() -> None:
    assert f"run `{Line('apply')}` again" == "run `kit apply` again"
    assert call() == {}


def test_lines_are_equal_values_whose_text_follows_the_run() -> None:
    line = Line("apply", "--full")
    assert line == Line("apply", "--full")
    assert line != Line("apply")
    called("/opt/kit/kit")
    assert str(line) == "/opt/kit/kit apply --full"
    with pytest.raises(AttributeError):
        line.words = ()  # type: ignore[misc]


def test_a_request_carries_how_the_run_was_called() -> None:
    called("./kit", "home/kit.yaml")
    request = json.loads(encode({"root": "/opt/kit/home"}))
    called()
    assert json.loads(encode({})) == {"format": 1, "run": ""}
    called_as(request)
    assert str(Line("logs", "main")) == "./kit logs main home/kit.yaml"
    called_as({})
    assert str(Line("logs", "main")) == "kit logs main"


@pytest.mark.parametrize(
    ("called_with", "line"), [({}, "kit apply"), ({"program": "./kit", "file": "a/b.yaml"}, "./kit apply a/b.yaml")]
)
def test_the_agents_own_words_have_the_line_of_whoever_asked(
    tmp_path: Path, called_with: dict[str, str], line: str
) -> None:
    agent = tmp_path / "agent.pyz"
    agent.write_bytes(agent_zip().content)
    request = {"format": 1, "run": "", "root": str(tmp_path), "name": "key", "owner": "main"}
    request |= {"call": called_with} if called_with else {}
    asked = json.dumps(request)
    done = subprocess.run(
        [sys.executable, "-IS", str(agent), "secret"],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
        # The launcher's variable is the control node's; the request alone counts.
        env={"KIT_COMMAND": "/elsewhere/kit"},
    )
    assert json.loads(done.stdout)["error"]["next"] == f"`{line}` makes it"
