"""A disk that fills up on a box: the failure names it, nothing is half changed, and the next apply converges."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.lab.full_disk import SmallDisk, small_disk
from tests.e2e.lab.host import LabHost
from tests.e2e.lab.pair import APPLY, NOTHING, Pair
from tests.e2e.lab.stack_on import ROOT, broken_files, containers, holder, release
from tests.waiting import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
CACHE, LOADED = "/var/cache/kit", "/var/lib/docker/tmp"
NAMES = ("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "kit/edge")
KEPT = "kept/edge:1"


def test_a_full_disk_fails_cleanly_at_a_build_a_transfer_and_a_release(pair: Pair) -> None:
    pair.apply()
    edge = pair.box.read(*NAMES).strip()
    before = {name: (release(host), containers(host)) for name, host in pair.hosts.items()}

    def behind_an_edge(spec: dict[str, Any]) -> None:
        spec["engines"][1]["publish"] = pair.desk.address

    with pair.changed(behind_an_edge):
        pair.box.read("docker", "tag", edge, KEPT)
        pair.box.read("docker", "rmi", edge)
        with small_disk(pair.box, CACHE) as disk:
            said = failed_when(pair, pair.box, disk, "true")
            assert re.search(rf"not enough disk at {CACHE}.*, 0 MiB free", said)
        pair.box.read("docker", "tag", KEPT, edge)
        pair.box.read("docker", "rmi", KEPT)

        with small_disk(pair.desk, LOADED) as disk:
            said = failed_when(pair, pair.desk, disk, "true")
            assert "the disk of /var/lib/docker is full" in said

        with small_disk(pair.desk, ROOT, with_files=True) as disk:
            said = failed_when(pair, pair.desk, disk, "docker", "image", "inspect", edge)
            assert f"the disk of {ROOT}" in said
            assert {name: (release(host), containers(host)) for name, host in pair.hosts.items()} == before
            disk.empty()
            pair.apply()
        assert pair.apply() == NOTHING


def failed_when(pair: Pair, host: LabHost, disk: SmallDisk, *sign: str) -> str:
    """Fill a disk of a held box once a command succeeds there; return what the apply that failed said."""
    with pair.person.running(*APPLY) as process:
        wait_until(lambda: holder(host) and host.run(*sign).returncode == 0, "it is so far", saw=process.poll)
        disk.fill()
        out, err = process.communicate(timeout=600)
    assert process.returncode == 1, out + err
    assert broken_files(host) == []
    return out + err
