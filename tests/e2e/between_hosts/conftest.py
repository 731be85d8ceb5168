"""One pair of boxes for all scenarios between hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.evidence import Evidence
from tests.e2e.lab.pair import Pair, running_pair


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, evidence: Evidence) -> Iterator[Pair]:
    """A person with two bare boxes."""
    with running_pair(tmp_path_factory.mktemp("pair"), evidence) as made:
        yield made
