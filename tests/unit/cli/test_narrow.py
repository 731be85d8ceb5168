"""Output on a narrow terminal: nothing is cut, and a line to type stays one."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from deploy.apply.prepared.prepare import Prepared
from deploy.cli.terminal.columns import coloured_plan, columns, good, report_table
from deploy.cli.terminal.fitting import fitted
from deploy.cli.told.modelling import HEADINGS, table
from deploy.cli.told.state import state_text
from deploy.decide.desired import Share, load_desired, lock_path
from deploy.lifecycle.models import rows
from deploy.lock.text import write_lock
from deploy.plan import Operation, Plan, make_plan
from deploy.spec.loading.loader import load_spec
from deploy.stack import HERE
from deploy.verify.report import Check, Report
from tests.locks import lock_of
from tests.unit.cli.conftest import Kit
from tests.unit.cli.test_models import SPEC, seen
from tests.unit.cli.test_state import BARE

PLAN = Plan(
    HERE,
    "home",
    "0" * 64,
    (
        Operation("folder /srv/kit/home/open_webui/data", "create", "not on host, and long to say", "release"),
        Operation("service main", "recreate", "its image changed", "release", "main"),
    ),
    (("port 3000 of webui is taken by nginx, which runs as www-data", "stop it, or give webui another `port:`"),),
    ("this Docker is not the kit's own and stays as it is",),
)


@pytest.fixture(params=[60, 40])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Answers go to a terminal of this width."""
    found: int = request.param
    monkeypatch.setenv("COLUMNS", str(found))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    return found


@pytest.fixture
def macs(tmp_path: Path) -> Share:
    """A deployment of engines that run elsewhere."""
    path = tmp_path / "kit.yaml"
    path.write_text(SPEC)
    write_lock(lock_of(load_spec(path)), lock_path(path))
    return load_desired(path).on(HERE)


def lines(text: str, width: int) -> list[str]:
    shown = click.unstyle(fitted(text)).split("\n")
    assert [line for line in shown if len(line) > width] == []
    return shown


def words(text: str) -> list[str]:
    return click.unstyle(text).split()


def test_a_plan_puts_causes_below(width: int) -> None:
    shown = lines(coloured_plan(PLAN.text()), width)
    assert words("\n".join(shown)) == words(PLAN.text())
    assert "recreate  service main" in shown
    assert shown[shown.index("recreate  service main") + 1] == "    its image changed"


def test_a_table_that_does_not_fit_becomes_a_record_for_each_row(width: int, macs: Share) -> None:
    observation = seen(macs, digests={"coder": "another", "old": "f" * 64})
    shown = lines(table(macs.path, rows(macs.deployment, observation)), max(width, len(str(macs.path)) + 14))
    assert "old" in shown
    assert shown[shown.index("old") + 1].split() == ["ENGINE", "mac"]
    assert all(line.split()[0] in HEADINGS for line in shown if line.startswith("  ") and line[2] != " ")
    assert sum(line.split() == ["DIGEST", "f" * 12] for line in shown) == 1


def test_a_table_that_fits_stays_one(width: int) -> None:
    assert columns([("a", good("b"))], ("ONE", "TWO")).splitlines()[0] == "ONE  TWO"
    assert width >= 40


def test_what_verify_saw_is_broken_between_words(width: int) -> None:
    why = "port 3000 is open on 0.0.0.0, and the spec says 127.0.0.1 alone; somebody has published it by hand"
    checks = (Check("open_webui", "published_where_the_spec_says", "failed", 0.2, why),)
    text = report_table(Report(checks))
    shown = "\n".join(lines(text, width))
    assert "\n    port 3000 is open" in shown
    assert " 0.2 s" in shown
    assert words(why) == words(shown)[words(shown).index("port") :][: len(words(why))]


def test_a_line_to_type_stays_one_line(width: int, macs: Share) -> None:
    plan = make_plan(macs.deployment, macs.bundle, BARE)
    shown = fitted(state_text(macs, Prepared(plan, BARE), every_package=False)).splitlines()
    assert any(line.strip() == f"kit plan {macs.path}" for line in shown)
    assert all(len(line) <= width for line in shown if "kit plan" not in line)


def test_on_a_pipe_nothing_is_broken(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    long = f"{'word ' * 30}end"
    assert fitted(long) == long
    assert kit("check", str(tmp_path / "kit.yaml")).code == 2


def test_no_character_of_what_is_broken_changes(width: int) -> None:
    text = f"{'a word ' * 12}12\N{NO-BREAK SPACE}GiB kit apply\N{NO-BREAK SPACE}home"
    assert " ".join(part.strip(" ") for part in fitted(text).split("\n")) == text
    assert width <= 60
