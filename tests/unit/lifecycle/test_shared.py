"""What is said of the Debian packages that stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.lifecycle.shared import packages_words


@pytest.mark.parametrize(
    ("packages", "line"),
    [
        (
            ["apparmor", "docker.io", "docker-buildx", "docker-compose"],
            "apt remove docker.io docker-buildx docker-compose",
        ),
        (["cgroupfs-mount", "docker.io"], "apt remove docker.io"),
    ],
)
def test_the_line_that_removes_docker_takes_nothing_that_guards_other_programs(
    tmp_path: Path, packages: list[str], line: str
) -> None:
    (tmp_path / "marker").write_text(json.dumps({"format": 1, "packages": packages}))
    assert packages_words(tmp_path / "marker").endswith(f": {line}")


def test_a_docker_of_somebody_elses_is_told_by_no_line(tmp_path: Path) -> None:
    assert packages_words(tmp_path / "marker") == ""
