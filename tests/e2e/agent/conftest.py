"""The stack of tiny containers on which the agent is tested; the agent makes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.agent_stack import AgentStack, temporary


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[AgentStack]:
    """A stack with two versions of its image, nothing of it placed yet."""
    with temporary(tmp_path, 2) as made:
        yield made
