"""A changed release counts as good only after another verification."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.stack.release import forget_unproven, mark_unproven, observe, point

GOOD, NEW = "1" * 64, "2" * 64


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for release in (GOOD, NEW):
        (tmp_path / "releases" / release).mkdir(parents=True)
    point(tmp_path, "current", GOOD)
    point(tmp_path, "good", GOOD)
    return tmp_path


def test_a_good_release_whose_containers_changed_is_not_good_until_it_is_verified_again(root: Path) -> None:
    assert observe(root)["good"] == GOOD
    mark_unproven(root, GOOD)
    assert observe(root)["good"] is None
    forget_unproven(root)
    assert observe(root)["good"] == GOOD


def test_a_new_release_leaves_the_good_one_good(root: Path) -> None:
    mark_unproven(root, NEW)
    assert observe(root)["good"] == GOOD
