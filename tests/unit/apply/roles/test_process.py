"""The start of a playbook run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.apply.roles.process import watch


@pytest.mark.parametrize("mask", [0o077, 0o002])
def test_files_of_packages_are_readable_whatever_the_umask_says(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        argv = ["/bin/sh", "-c", f"umask >{tmp_path}/said"]
        watch(argv, {}, planned=(), log=tmp_path / "log", on_event=lambda _: None, on_phase=lambda _: None)
    finally:
        os.umask(before)
    assert (tmp_path / "said").read_text() == "0022\n"
