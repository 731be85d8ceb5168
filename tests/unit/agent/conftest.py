from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.journal import Journal
from tests.wheelhouse import Wheelhouse


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(str(tmp_path / "root"), "run-1")


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Iterator[Wheelhouse]:
    (tmp_path / "index" / "simple").mkdir(parents=True)
    with Wheelhouse(tmp_path / "index").served() as served:
        yield served
