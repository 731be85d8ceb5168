"""The line that a host keeps of each apply."""

from __future__ import annotations

from pathlib import Path

from deploy.apply.prepared.audit import audit_line
from deploy.plan import Plan
from deploy.stack import HERE
from tests.golden.plans_of import PLANS, desired_of


def test_the_line_names_the_host_and_what_changed(tmp_path: Path) -> None:
    wanted = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    line = audit_line(wanted, Plan(HERE, "home", "0" * 64, ()))
    assert (line["host"], line["changed"], line["commit"]) == ("here", [], None)
