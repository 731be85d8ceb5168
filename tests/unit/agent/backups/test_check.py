"""A check of the repository names each kind of broken file; a broken repository is never a good one."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.backups import check
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe, read, remember
from tests.unit.agent.backups.conftest import QUIET, Host


def files_of(host: Host, folder: str) -> list[Path]:
    files = [path for path in (host.repository / folder).rglob("*") if path.is_file()]
    return sorted(files, key=lambda path: -path.stat().st_size)


def checked(host: Host) -> list[str]:
    return check.run(host.request, QUIET)["problems"]


def flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[min(int(len(content) * place), len(content) - 1)] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(content)


def test_a_whole_repository_has_no_problems(host: Host) -> None:
    host.back_up()
    assert checked(host) == []
    seen = observe(host.root)["check"]
    assert seen is not None
    assert seen["problems"] == []


def test_the_daily_run_checks_each_week_and_fails_on_a_broken_repository(host: Host) -> None:
    host.back_up()
    before = read(host.root)["check"]
    host.back_up()
    assert read(host.root)["check"] == before
    remember(host.root, check={**before, "ended": "2026-01-01T00:00:00Z"})
    flip(files_of(host, "index")[0], 0.5)
    with pytest.raises(AgentError):
        host.back_up()
    assert (observe(host.root)["last"] or {}).get("problem")
