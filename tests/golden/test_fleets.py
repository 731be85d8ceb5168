"""A golden fleet is a deployment of several hosts: what each of them gets, as far as hosts meet in it."""

from __future__ import annotations

import pytest

from tests.golden.fleets_of import CASES, FLEETS, rendered


@pytest.mark.parametrize("case", CASES)
def test_each_host_of_a_fleet_gets_the_expected_files(case: str) -> None:
    expected = {
        str(path.relative_to(FLEETS / case)): path.read_text() for path in (FLEETS / case).rglob("*") if path.is_file()
    }
    assert rendered(case) == expected
