"""Writes every golden plan and the expected tree anew; the change is reviewed as a diff."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.golden import fleets_of
from tests.golden.plans_of import CASES, COMPOSE, PLANS, compose_of, desired_of, plan_of


def main() -> None:
    """Write what comes out today."""
    for case in CASES:
        (case / "plan.txt").write_text(plan_of(case))
        if (case / COMPOSE).exists():
            (case / COMPOSE).write_text(compose_of(case))
    with tempfile.TemporaryDirectory() as name:
        fresh = PLANS / "fresh_machine"
        shutil.rmtree(fresh / "expected", ignore_errors=True)
        for file in desired_of(fresh / "kit.yaml", Path(name)).bundle.files:
            target = fresh / "expected" / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.content)
    for fleet in fleets_of.CASES:
        shutil.rmtree(fleets_of.FLEETS / fleet, ignore_errors=True)
        for path, content in fleets_of.rendered(fleet).items():
            target = fleets_of.FLEETS / fleet / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)


if __name__ == "__main__":
    main()
