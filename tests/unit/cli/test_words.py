from __future__ import annotations

import io
from pathlib import Path

import click
import pytest

from deploy.cli.terminal.calling import program
from deploy.cli.terminal.columns import coloured_plan, columns
from deploy.cli.terminal.consent import agreed, disturbed, ensure_typed
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import Target, _split
from deploy.cli.verbs.folder import write_bundle
from deploy.cli.verbs.names import chosen
from deploy.deployment.bundle import Bundle, File
from deploy.errors import UsageError
from deploy.plan import Operation, Plan
from deploy.stack import HERE


def split(*words: str) -> Target:
    command = click.Command("any")
    return _split(click.Context(command), click.Argument(["target"]), words)


@pytest.mark.parametrize(
    ("words", "names", "spec"),
    [
        ((), (), "kit.yaml"),
        (("main",), ("main",), "kit.yaml"),
        (("inventories/quickstart/kit.yaml",), (), "inventories/quickstart/kit.yaml"),
        (("main", "other.yaml", "gate"), ("main", "gate"), "other.yaml"),
        (("./home",), (), "home"),
    ],
)
def test_a_word_with_a_dot_or_a_slash_is_the_file(words: tuple[str, ...], names: tuple[str, ...], spec: str) -> None:
    assert split(*words) == Target(names, Path(spec))


def test_two_files_are_one_too_many() -> None:
    with pytest.raises(click.UsageError, match=r"one kit\.yaml at a time"):
        split("a.yaml", "b.yaml")


def test_an_unknown_service_is_told_which_one_was_meant() -> None:
    with pytest.raises(UsageError, match="there is no service 'mian'") as caught:
        chosen(("mian",), ["main", "gate"])
    assert caught.value.next_step == "did you mean main? there are: main, gate"


def test_no_names_mean_all_of_them_and_a_name_counts_once() -> None:
    assert chosen((), ["main", "gate"]) == ("main", "gate")
    assert chosen(("gate", "gate"), ["main", "gate"]) == ("gate",)


def test_a_launcher_with_blanks_in_its_path_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_COMMAND", "/my files/kit")
    assert program() == "'/my files/kit'"


def test_a_launcher_that_path_leads_to_is_called_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kit").write_text("#!/bin/sh\n")
    (tmp_path / "kit").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("KIT_COMMAND", str(tmp_path / "kit"))
    assert program() == "kit"


def plan(*operations: tuple[str, str]) -> Plan:
    made = tuple(Operation(f"service {name}", action, "a cause", "release", name) for name, action in operations)  # type: ignore[arg-type]
    return Plan(HERE, "home", "0" * 64, made)


def test_a_plan_that_only_adds_disturbs_nothing() -> None:
    assert disturbed(plan(("main", "create"), ("gate", "start"))) == ()


def test_a_plan_that_recreates_or_removes_disturbs_those() -> None:
    assert disturbed(plan(("main", "create"), ("gate", "recreate"), ("old", "remove"))) == ("gate", "old")


def test_nobody_is_asked_where_nobody_sits() -> None:
    assert agreed(Output(), [plan(("gate", "recreate"))], yes=False)


class Terminal(io.StringIO):
    """A stream with a person at its other end."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "agrees"), [("y\n", True), ("Yes\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_on_a_terminal_a_person_is_asked_before_something_that_runs_is_stopped(
    typed: str, agrees: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    monkeypatch.setattr("sys.stderr", Terminal())
    assert agreed(Output(), [plan(("gate", "recreate"))], yes=False) is agrees
    assert agreed(Output(), [plan(("gate", "recreate"))], yes=True)
    assert agreed(Output(), [plan(("gate", "create"))], yes=False)


@pytest.mark.parametrize("typed", ["", "yes\n", "homee\n"])
def test_nothing_goes_unless_the_stacks_name_is_typed(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with pytest.raises(UsageError, match="the name home was not typed; nothing was removed"):
        ensure_typed(Output(), "home", "This removes the stack.", None)


def test_the_stacks_name_may_come_through_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("home\n"))
    ensure_typed(Output(), "home", "This removes the stack.", None)


def test_the_stacks_name_may_be_typed_as_an_option() -> None:
    ensure_typed(Output(), "home", "This removes the stack.", "home")
    with pytest.raises(UsageError, match="nothing was removed"):
        ensure_typed(Output(), "home", "This removes the stack.", "other")


@pytest.mark.parametrize("typed", [["--confirm", "hime"], ["--confirm=hime"]])
def test_a_name_that_was_typed_wrong_is_replaced_in_the_line_to_type(
    typed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KIT_COMMAND", raising=False)
    monkeypatch.setattr("sys.argv", ["kit", "destroy", "--data", *typed, "home/kit.yaml"])
    with pytest.raises(UsageError) as caught:
        ensure_typed(Output(), "home", "This removes the stack.", "hime")
    assert caught.value.next_step == "without a terminal: kit destroy --data home/kit.yaml --confirm home"


def test_columns_are_as_wide_as_their_widest_cell_without_its_colours() -> None:
    rows = [(click.style("a", fg="red"), "1"), ("long", "2")]
    assert click.unstyle(columns(rows, ("NAME", "N"))) == "NAME  N\na     1\nlong  2"


def test_a_plan_keeps_its_text_under_its_colours() -> None:
    text = plan(("main", "create"), ("gate", "recreate")).text()
    assert click.unstyle(coloured_plan(text)) == text.rstrip("\n")
    assert coloured_plan(text) != text.rstrip("\n")


def bundle(content: str) -> Bundle:
    return Bundle("home", (File("compose.yaml", content), File(f"files/{'0' * 64}/a.txt", "a")), {})


def test_a_rendering_replaces_an_earlier_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_bundle(Bundle("home", (*bundle("one").files, File("left", "over")), {}), out)
    write_bundle(bundle("two"), out)
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert files == ["compose.yaml", f"files/{'0' * 64}/a.txt", "manifest.json"]
    assert (out / "compose.yaml").read_text() == "two"
    assert list(tmp_path.iterdir()) == [out]


def test_a_rendering_never_takes_the_place_of_other_files(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(UsageError, match="holds other files"):
        write_bundle(bundle("one"), tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        write_bundle(bundle("one"), tmp_path / "letter")
    assert (tmp_path / "letter").read_text() == "dear"
