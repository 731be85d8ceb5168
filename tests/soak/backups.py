"""Backups of a played host with the real restic: copies under a writer, kills, and each kind of damage."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import check, restore
from deploy.agent.errors import AgentError
from tests.unit.agent.backups.conftest import KEY, QUIET, Host, host_in, said
from tests.unit.agent.backups.damages import DAMAGES, KINDS, damage, is_named, moved, prepared_in
from tests.unit.agent.backups.quick import made_quick
from tests.unit.agent.backups.test_killed import killed_at
from tests.unit.agent.backups.writer import copied, holds, writing
from tests.waiting import wait_until

HostStrain = Callable[[Path, random.Random, int], str]
"""Strains a host in an empty folder, and returns what came of it."""
RATES = (100, 500)
UNTOLD = {("index", "gone")}
"""Damage whose file restic names by the packs that it listed."""


def copies(folder: Path, _dice: random.Random, times: int) -> str:
    """Copy a database so many times under 100 and under 500 rows a second; a plain copy of its file must fail."""
    told = []
    for rate in RATES:
        host, torn = host_in(folder / str(rate), made_quick(folder / f"empty-{rate}", KEY)), 0
        with writing(host.database, rate) as written:
            for number in range(times):
                wait_until(lambda: written.rows > number, "a row is committed", saw=lambda: written.rows)  # noqa: B023
                before = written.rows
                plain = Path(shutil.copyfile(host.database, folder / "plain.db"))
                torn += not holds(plain, before)
                assert holds(copied(host), before), f"copy {number} at {rate} rows a second"
        assert torn, "a plain copy was as good each time: this test is too kind"
        told.append(f"{times} copies at {rate} rows a second whole, {torn} plain ones not, {written.rows} rows")
    return "; ".join(told)


def interruptions(folder: Path, dice: random.Random, times: int) -> str:
    """Kill a backup so many times at a random moment; the repository stays good, and the next backup works."""
    host = host_in(folder / "host", made_quick(folder / "empty", KEY))
    snapshots = killed_at(host, folder, dice, times)
    return f"{times} killed, {snapshots} snapshots whole, no secret left"


def damages(folder: Path, _dice: random.Random, times: int) -> str:
    """Damage each kind of file in each way, so many times; a check names it, and a restore is refused or whole."""
    before = prepared_in(folder / "before" / "host", made_quick(folder / "empty", KEY))
    for number in range(times):
        for kind in KINDS:
            for how in DAMAGES:
                _damaged(moved(before, folder / f"{kind}-{how}-{number}" / "host"), kind, how)
                print(f"  {kind} {how}", flush=True)
    return f"{times * len(KINDS) * len(DAMAGES)} damaged, each noticed, and refused or restored whole"


def _damaged(host: Host, kind: str, how: str) -> None:
    large, broken = file_bytes(host), damage(host.repository, kind, how)
    problems = check.run(host.request, QUIET)["problems"]
    assert problems
    if (kind, how) not in UNTOLD:
        assert is_named(" ".join(problems), broken) or problems[0] == "keys is empty", problems
    request: Any = {**host.request, "snapshot": "latest"}
    with pytest.MonkeyPatch.context() as patched:
        # No container belongs to a played host, whatever runs on this machine.
        patched.setattr(restore, "_running", lambda *_: [])
        try:
            restore.run(request, QUIET)
        except AgentError:
            assert said(host.database) == ["first", "later"]
            return
    # A pack has pieces that no restore of data reads, such as its list of pieces or a file of the release.
    assert kind == "data", f"restored from a repository with {kind} {how}"
    assert said(host.database) == ["first"]
    assert file_bytes(host) == large


def file_bytes(host: Host) -> bytes:
    return (host.data / "uploads/large.bin").read_bytes()


ON_A_HOST: dict[str, HostStrain] = {"copies": copies, "interruptions": interruptions, "damages": damages}


def on_a_host(name: str, dice: random.Random, times: int) -> str:
    """Strain a played host in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="kit-soak-backups-") as folder:
        return ON_A_HOST[name](Path(folder), dice, times)
