"""Caches that an application fetches again: no backup has them, and a restore leaves them where they are."""

from __future__ import annotations

import json

import pytest

from tests.unit.agent.backups.conftest import Host, Restore, said

CACHE = "uploads/models"


@pytest.fixture
def cached(host: Host) -> Host:
    """A host whose data has a cache in one of its trees."""
    released = host.root / "current/backup.json"
    backup = json.loads(released.read_text())
    backup["data"][0]["left_out"] = [CACHE]
    released.write_text(json.dumps(backup))
    (host.data / CACHE).mkdir()
    (host.data / CACHE / "whisper.bin").write_bytes(b"gigabytes")
    return host


def cache_of(host: Host) -> list[bytes]:
    return [path.read_bytes() for path in sorted((host.data / CACHE).iterdir())]


def test_no_backup_has_a_cache_and_its_change_is_no_reason_for_one(cached: Host) -> None:
    cached.back_up()
    tree = cached.restic("ls", "latest")
    assert "/data/page/data/uploads/letter.txt" in tree
    assert CACHE not in tree
    (cached.data / CACHE / "another.bin").write_bytes(b"more")
    assert not cached.back_up(watch_seconds=0.001)["changed"]
    (cached.data / "uploads/letter.txt").write_text("dear you")
    assert cached.back_up(watch_seconds=0.001)["changed"]


def test_a_restore_and_its_way_back_leave_a_cache_where_it_is(cached: Host, put_back: Restore) -> None:
    cached.back_up()
    cached.say("later")
    (cached.data / "uploads/letter.txt").write_text("later")
    answer = put_back()
    assert (said(cached.database), (cached.data / "uploads/letter.txt").read_text()) == (["first"], "dear")
    assert cache_of(cached) == [b"gigabytes"]
    put_back(back={"page": answer["aside"]["page"]})
    assert (said(cached.database), (cached.data / "uploads/letter.txt").read_text()) == (["first", "later"], "later")
    assert cache_of(cached) == [b"gigabytes"]


def test_a_backup_that_has_a_cache_brings_it_back(host: Host, put_back: Restore) -> None:
    (host.data / CACHE).mkdir()
    (host.data / CACHE / "whisper.bin").write_bytes(b"of then")
    host.back_up()
    (host.data / CACHE / "whisper.bin").write_bytes(b"of now")
    put_back()
    assert cache_of(host) == [b"of then"]
