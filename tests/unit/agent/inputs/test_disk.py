from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import GIB, Need, ensure_room, existing, free_bytes


def test_needs_on_one_file_system_are_added_up_and_told_in_gib(tmp_path: Path) -> None:
    half = free_bytes(tmp_path) // 2 + GIB
    with pytest.raises(AgentError) as error:
        ensure_room([Need(tmp_path / "not" / "there", half, "image builds"), Need(tmp_path, half, "images")])
    assert "GiB needed for image builds and images, " in error.value.problem
    assert error.value.problem.endswith(" GiB free")
    assert error.value.next_step.startswith("free ")


def test_what_fits_passes(tmp_path: Path) -> None:
    ensure_room([Need(tmp_path, 1, "images")])
    ensure_room([Need(tmp_path, 0, "images")])
    assert existing(tmp_path / "a" / "b") == tmp_path
