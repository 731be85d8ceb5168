"""The first apply of a kit.yaml makes its lock, unless it was told not to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.decide.desired import Desired
from deploy.hosts.reach import Hosts
from tests.unit.cli.conftest import Kit
from tests.unit.refusing import Refusing

SPEC = """\
kit: 1
stack: home
engines:
  - {name: studio, kind: external, api: openai, url: "http://studio.lan:1234/v1"}
models:
  - {name: fast, engine: studio}
gateway: null
webui: null
backup: null
"""


class Unasked(Refusing):
    """A transport that nobody asks for more than its rights."""

    @property
    def is_root(self) -> bool:
        return True

    @contextlib.contextmanager
    def ahead(self, verb: Verb[Request, Answer]) -> Iterator[None]:  # noqa: ARG002 - the protocol names it
        yield


@pytest.fixture
def applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Desired, tuple[str, ...]]]:
    """The applied services and the pins that were made for them, in a folder with a kit.yaml."""
    told: list[tuple[Desired, tuple[str, ...]]] = []

    def tell(_output: Any, desired: Desired, _hosts: Any, _options: Any, document: dict[str, Any]) -> int:
        told.append((desired, tuple(document["pinned"])))
        return 0

    monkeypatch.setattr("deploy.cli.verbs.hosts.reach", lambda *_: Hosts({"here": Unasked()}))
    monkeypatch.setattr("deploy.cli.verbs.applying.apply_and_tell", tell)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    Path("kit.yaml").write_text(SPEC)
    return told


def test_an_apply_without_a_lock_makes_it_and_goes_on(applied: list[Any], kit: Kit) -> None:
    shown = kit("apply")
    assert shown.code == 0, shown.err
    assert shown.out.startswith("kit.lock is written; commit it beside kit.yaml.")
    assert Path("kit.lock").is_file()
    assert [desired.spec.stack for desired, _ in applied] == ["home"]


def test_an_apply_with_a_lock_leaves_it_alone(applied: list[Any], kit: Kit) -> None:
    kit("apply")
    before = Path("kit.lock").stat()
    shown = kit("apply")
    assert (shown.code, shown.out, Path("kit.lock").stat().st_mtime_ns) == (0, "", before.st_mtime_ns)
    assert kit("apply", "--locked").code == 0
    assert [pinned for _, pinned in applied[1:]] == [(), ()]


def test_a_locked_apply_makes_no_lock(applied: list[Any], kit: Kit) -> None:
    shown = kit("apply", "--locked")
    assert (shown.code, shown.err) == (
        2,
        "error: kit.lock does not exist, and --locked makes none\ntype: kit lock kit.yaml\n",
    )
    assert (applied, Path("kit.lock").exists()) == ([], False)


def test_a_faulty_kit_yaml_is_told_before_a_lock_is_made_of_it(applied: list[Any], kit: Kit) -> None:
    Path("kit.yaml").write_text(SPEC.replace("engine: studio}", "engine: studoi}"))
    for words in (("apply",), ("apply", "--locked")):
        shown = kit(*words)
        assert shown.code == 2
        assert "did you mean studio?" in shown.err
    assert (applied, Path("kit.lock").exists()) == ([], False)


def test_a_lock_that_lies_elsewhere_is_found_through_its_link(applied: list[Any], kit: Kit) -> None:
    kit("apply")
    Path("kit.lock").rename("elsewhere.lock")
    Path("kit.lock").symlink_to("elsewhere.lock")
    assert kit("apply").out == ""
    assert Path("kit.lock").is_symlink()
    assert len(applied) == 2


def test_the_document_of_a_first_apply_goes_alone_to_the_output(applied: list[Any], kit: Kit) -> None:
    shown = kit("apply", "--json")
    assert (shown.code, shown.out) == (0, "")
    assert "kit.lock is written" in shown.err
    assert len(applied) == 1
