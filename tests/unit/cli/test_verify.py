"""`kit verify` beside a kit.yaml that was edited and not applied."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.assets import inventories_dir
from deploy.decide.desired import load_desired
from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.stack import HERE
from deploy.verify.report import Check, Report
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, Box, on_two_hosts


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The quickstart's files, on a machine whose one check fails."""
    for name in ("kit.yaml", "kit.lock"):
        shutil.copy(inventories_dir() / "quickstart" / name, tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def fail(*_: Any) -> Report:
        return Report((Check("main", "listens", "failed", 0.1, "port 8080 is closed"),))

    monkeypatch.setattr("deploy.cli.verbs.verify.run_checks", fail)
    return tmp_path / "kit.yaml"


def stand(spec: Path) -> None:
    """Let the machine have the release of a spec."""
    desired = load_desired(spec).on(HERE)
    root = spec.parent / "opt" / desired.deployment.stack
    root.mkdir(parents=True)
    (root / "current").symlink_to(root / "releases" / desired.bundle.release)


def test_nothing_is_said_where_kit_yaml_is_what_stands_here(spec: Path, kit: Kit) -> None:
    stand(spec)
    shown = kit("verify", str(spec))
    assert (shown.code, "kit plan" in shown.out) == (1, False)
    assert kit("verify", "--json", str(spec)).here["applied"] is True


def test_an_edited_kit_yaml_is_told_with_what_failed(spec: Path, kit: Kit) -> None:
    stand(spec)
    spec.write_text(spec.read_text().replace("kit: 1\n", "kit: 1\nproxy: http://proxy.internal:3128\n", 1))
    edited = spec.read_text().replace("threads: ", "threads: 1")
    spec.write_text(edited)
    shown = kit("verify", str(spec))
    last = shown.out.splitlines()[-1]
    assert last.startswith(f"{spec} or kit.lock has changed since the last apply")
    assert last.endswith(f"kit plan {spec}")
    assert kit("verify", "--json", str(spec)).here["applied"] is False


def test_a_stack_that_was_never_applied_is_told(spec: Path, kit: Kit) -> None:
    assert f"{spec} is not applied yet" in kit("verify", str(spec)).out


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Box]:
    """Two hosts, which note the checks beside what they are asked."""
    boxes = on_two_hosts(tmp_path, monkeypatch)

    def checked(_deployment: object, _services: object, _tell: object, way: Way, *_: object) -> Report:
        boxes[way.name or HERE].asked.append("checks")
        return Report((Check("main", "listens", "passed", 0.1),))

    monkeypatch.setattr("deploy.cli.verbs.verify.run_checks", checked)
    return boxes


def test_a_host_is_asked_before_its_checks_so_that_a_person_types_its_password_here(
    kit: Kit, boxes: Mapping[str, Box]
) -> None:
    assert kit("verify").code == 0
    assert [box.asked for box in boxes.values()] == [["applied", "checks"]] * 2


def test_the_troubles_of_all_hosts_are_told_before_any_check(kit: Kit, boxes: Mapping[str, Box]) -> None:
    boxes[HERE].answers["applied"], boxes[BOX].answers["applied"] = KitError("off", "on"), KitError("wrong", "right")
    shown = kit("verify")
    assert (shown.code, shown.err) == (1, "error: here: off\n  on\nbox: wrong\n  right\n")
    boxes[HERE].answers["applied"] = boxes[HERE].answers["probe"]
    assert kit("verify").code == 1
    assert "checks" not in boxes[HERE].asked + boxes[BOX].asked
