"""Words about the Debian packages that stay."""

from __future__ import annotations

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
def test_the_line_that_removes_docker_takes_nothing_that_guards_other_programs(packages: list[str], line: str) -> None:
    assert packages_words(packages).endswith(f": {line}")


def test_a_docker_of_somebody_elses_is_told_by_no_line() -> None:
    assert packages_words([]) == ""
