"""A database is never begun on a file system where its write-ahead log breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.observation.seen import Disk
from deploy.plan import Plan, make_plan
from deploy.plan.drives import unfit
from tests.golden.hosts import settled
from tests.golden.plans_of import PLANS, desired_of


def planned(tmp_path: Path, case: str, kind: str, *, is_read_only: bool = False, is_new: bool = False) -> Plan:
    wanted = desired_of(PLANS / case / "kit.yaml", tmp_path)
    observation: Observation = read_observation(settled(wanted))
    path = "/srv/chats/data" if case == "another_bridge" else "/mnt/models"
    disks = {**observation.disks, path: Disk(2**40, 7, kind, "/mnt/nas", is_read_only)}
    folders = {} if is_new else observation.folders
    return make_plan(wanted.deployment, wanted.bundle, replace(observation, disks=disks, folders=folders))


REFUSED = (
    *("nfs", "nfs4", "cifs", "smb3", "9p", "drvfs", "vboxsf", "vmhgfs", "ceph", "glusterfs"),
    *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs", "fuse.ceph-fuse", "fuse.vmhgfs-fuse"),
    *("vfat", "exfat"),
)
FIT = ("ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "fuseblk", "virtiofs", "fuse.mergerfs", "fuse", "")


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bridge_on_it_is_refused_with_the_next_step(tmp_path: Path, kind: str) -> None:
    ((problem, next_step),) = planned(tmp_path, "another_bridge", kind).refusals
    assert f"the databases of open_webui in /srv/chats/data would lie on /mnt/nas ({kind})" in problem
    assert next_step.startswith("name a folder on a disk of this machine")


@pytest.mark.parametrize("kind", FIT)
def test_what_is_not_known_to_break_is_taken(tmp_path: Path, kind: str) -> None:
    assert unfit(kind) == ""
    assert planned(tmp_path, "another_bridge", kind).refusals == ()


def test_models_may_lie_on_a_share_for_no_database_is_among_them(tmp_path: Path) -> None:
    assert planned(tmp_path, "models_in_another_folder", "nfs4").refusals == ()


def test_a_folder_in_memory_is_told(tmp_path: Path) -> None:
    advice = planned(tmp_path, "another_bridge", "tmpfs").advice
    assert (
        "the data of open_webui in /srv/chats/data lies in memory (tmpfs at /mnt/nas): a reboot loses all of it"
        in advice
    )


@pytest.mark.parametrize("case", ["another_bridge", "models_in_another_folder"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, case: str) -> None:
    ((problem, next_step),) = planned(tmp_path, case, "ext4", is_read_only=True, is_new=True).refusals
    assert problem.endswith("would lie on /mnt/nas, which is read-only")
    assert next_step.startswith("mount it writable, or name a folder on another disk")


def test_models_that_are_there_may_be_read_only_and_databases_may_not(tmp_path: Path) -> None:
    assert planned(tmp_path, "models_in_another_folder", "ext4", is_read_only=True).refusals == ()
    assert len(planned(tmp_path, "another_bridge", "ext4", is_read_only=True).refusals) == 1
