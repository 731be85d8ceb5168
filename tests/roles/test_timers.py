"""A backup's jobs on real schedulers, with the restic of each Debian: what is told of good runs and of bad ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.apply.roles.process import PlaybookResult
from deploy.cli.told.backups import standing
from deploy.decide.desired import Share
from deploy.deployment.data import SqliteFile, Tree, UserData
from deploy.deployment.folders import Owner
from deploy.hosts.observation.observe import Observation, read_observation
from tests.e2e.lab.host import LabHost
from tests.golden.plans_of import PLANS, desired_of
from tests.roles.lab import BASE, Lab, ask, held, put
from tests.roles.test_jobs import ROOT, RUN, placing, units
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network]
PLACE, DATA, KEY = "/mnt/disk2/kit", "/srv/notes", f"{ROOT}/secrets/{BACKUP_OWNER}/{BACKUP_KEY}"
CALL = f"""
backup: {{repository: {PLACE}, watch_every: 1m, drill: weekly}}
on_failure: {{command: /usr/local/bin/tell, every: 1m}}
"""
TELL = "#!/bin/sh\ncat >>/root/told\necho >>/root/told\n"
SAY = """
import sqlite3, sys
with sqlite3.connect("/srv/notes/notes.db") as connection:
    connection.execute("create table if not exists said (word text)")
    connection.execute("insert into said values (?)", (sys.argv[1],))
"""
LOOK = """
import sqlite3
for (word,) in sqlite3.connect("/root/look/data/main/data/notes.db").execute("select word from said"):
    print(word)
"""
JOBS = ("backup", "backup-drill", "backup-watch", "watch")
NO_CONTAINER = "main has no container any more"


@pytest.fixture
def share(tmp_path: Path) -> Share:
    """An engine that has user data as well, and whose application opens no drill."""
    written = (PLANS / "fresh_machine/kit.yaml").read_text().replace("backup: null\n", CALL)
    kept = [line for line in written.splitlines() if not line.startswith(("gateway:", "webui:"))]
    (tmp_path / "case").mkdir()
    (tmp_path / "case/kit.yaml").write_text("\n".join([*kept, "gateway: null", "webui: null", ""]))
    return desired_of(tmp_path / "case/kit.yaml", tmp_path)


def prepared(host: LabHost, share: Share, restic: str) -> None:
    """Install a release with these jobs, a person's data, and the restic of this Debian."""
    host.read("apt-get", "install", "--yes", "--no-install-recommends", "restic")
    assert host.read("restic", "version").startswith(f"restic {restic}")
    (engine,) = share.deployment.services
    data = UserData(DATA, Owner(0, 0), (SqliteFile("notes.db"), Tree("uploads")), "1.0")
    placing(host, replace(share.deployment, services=(replace(engine, data=data),)), *share.deployment.jobs)
    host.read("mkdir", "-p", "-m", "0700", f"{DATA}/uploads", str(Path(KEY).parent))
    put(host, KEY, "a key of this test")
    put(host, "/usr/local/bin/tell", TELL)
    host.read("chmod", "0755", "/usr/local/bin/tell")
    say(host, "first")


def say(host: LabHost, word: str) -> None:
    host.read("python3", "-c", SAY, word)


def seen(host: LabHost) -> Observation:
    status, answer = ask(host, "probe", {**BASE, "stack": "home", "root": ROOT})
    assert status == 0, answer
    return read_observation(cast("Any", answer))


def runs(host: LabHost) -> dict[str, Any]:
    """Return the remembered runs by trigger."""
    return dict(seen(host).backups.runs)


def told(host: LabHost) -> list[str]:
    """Return the problems that the host's own program was told of."""
    done = host.run("cat", "/root/told")
    return [json.loads(line)["problem"] for line in done.stdout.splitlines() if line]


def start(host: LabHost, job: str) -> bool:
    """Start a job as the host's scheduler does; return True if it succeeded."""
    argv = ("systemctl", "start", unit(job)) if host.has_systemd else ("/bin/sh", f"{ROOT}/current/units/{job}.sh")
    return host.run(*argv).returncode == 0


def unit(job: str) -> str:
    return f"kit-home.{job}.service"


def journal(host: LabHost, job: str) -> str:
    return host.read("journalctl", "--no-pager", "--lines", "20", "--unit", unit(job))


def ensure_taken_and_drilled(host: LabHost, share: Share) -> None:
    """Wait for the watch and for the call on failure, which come by themselves; start a backup and a drill."""
    wait_until(
        lambda: runs(host).get("watch", {}).get("passed"),
        "the watch has taken the data by itself",
        saw=lambda: runs(host),
        pause=COSTLY_LOOK_SECONDS,
    )
    wait_until(
        lambda: NO_CONTAINER in told(host),
        "the host has told of its failure by itself",
        saw=lambda: told(host),
        pause=COSTLY_LOOK_SECONDS,
    )
    say(host, "second")
    assert start(host, "backup")
    assert start(host, "backup-drill")
    (line,) = standing(share, seen(host))
    assert line.startswith("newest backup: ")
    assert "; the last drill passed " in line
    assert {"daily", "watch"} <= set(runs(host))


def ensure_failures_are_told(host: LabHost, share: Share) -> None:
    """Fail with a wrong key and without the repository; the next good run ends both."""
    for failing, words in (
        (wrong_key(host), "the key of this host does not open the repository"),
        (without_repository(host), "is gone, or its drive is not mounted"),
    ):
        with failing:
            assert not start(host, "backup")
            assert words in standing(share, seen(host))[0]
            assert not host.has_systemd or words in journal(host, "backup")
            host.read("rm", "-f", f"{ROOT}/run/told.json")
            assert start(host, "watch")
            assert any(words in problem for problem in told(host)), told(host)
    assert start(host, "backup")
    assert len(standing(share, seen(host))) == 1


@contextmanager
def wrong_key(host: LabHost) -> Iterator[None]:
    """Give the host another key for a while."""
    put(host, KEY, "another key")
    yield
    put(host, KEY, "a key of this test")


@contextmanager
def without_repository(host: LabHost) -> Iterator[None]:
    """Take the repository away for a while."""
    host.read("mv", PLACE, f"{PLACE}-unmounted")
    yield
    host.read("mv", f"{PLACE}-unmounted", PLACE)


def ensure_whole_and_restored(host: LabHost, before: int) -> None:
    """Keep a backup from before a change, find the repository whole, and restore from it."""
    with held(host, RUN):
        for request in ({"before": "image"}, {}):
            status, answer = ask(host, "back_up", {**RUN, **request})
            assert status == 0, answer
        status, checked = ask(host, "check_backups", {**RUN, "share": "1/1"})
        assert (status, checked["problems"]) == (0, [])
        status, listed = ask(host, "backups", RUN)
        assert [each["before"] for each in listed["snapshots"]].count("image") == 1
        assert len(listed["snapshots"]) > before
        status, answer = ask(host, "restore", {**RUN, "snapshot": "latest", "to": "/root/look"})
        assert status == 0, answer
    assert host.read("python3", "-c", LOOK).split() == ["first", "second"]


def test_systemd_takes_watches_drills_and_tells_also_behind_a_reboot_during_a_backup(
    lab: Lab, first: PlaybookResult, share: Share
) -> None:
    host = lab["trixie-systemd"]
    assert first.failures == ()
    prepared(host, share, "0.18")
    wanted = {f"kit-home.{job}.{kind}" for job in JOBS for kind in ("service", "timer")}
    assert set(units(host)["placed"]) == wanted
    ensure_taken_and_drilled(host, share)
    assert '"snapshot"' in journal(host, "backup")
    ensure_failures_are_told(host, share)

    host.read("sh", "-c", f"head -c 400000000 /dev/urandom >{DATA}/uploads/big")
    host.read("systemctl", "start", "--no-block", unit("backup"))
    wait_until(lambda: host.run("sh", "-c", "grep -lx restic /proc/[0-9]*/comm").stdout, "restic works")
    host.reboot()
    assert "the last daily backup was interrupted" in standing(share, seen(host))[0]
    host.read("rm", f"{DATA}/uploads/big")
    assert start(host, "backup")
    assert len(standing(share, seen(host))) == 1
    ensure_whole_and_restored(host, before=2)
    placing(host, share.deployment)
    assert set(units(host)["removed"]) == wanted


def test_cron_takes_watches_drills_and_tells(lab: Lab, first: PlaybookResult, share: Share) -> None:
    host = lab["bookworm-init"]
    assert first.failures == ()
    prepared(host, share, "0.14")
    host.read("apt-get", "install", "--yes", "--no-install-recommends", "cron")
    assert units(host)["placed"] == ["kit-home"]
    host.read("sh", "-c", "grep -lxs cron /proc/[0-9]*/comm || cron")
    ensure_taken_and_drilled(host, share)
    ensure_failures_are_told(host, share)
    ensure_whole_and_restored(host, before=2)
    placing(host, share.deployment)
    assert units(host)["removed"] == ["kit-home"]
