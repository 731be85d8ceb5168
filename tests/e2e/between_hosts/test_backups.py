"""Each host backs up its own share, with the restic of its own Debian; a restore of one leaves the other alone, and a
move takes from one what the other gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.decide.desired import recall_desired
from deploy.stack import Stack
from tests.e2e.lab.host import LabHost
from tests.e2e.lab.pair import Pair, lend
from tests.e2e.lab.stack_on import containers

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]

REPOSITORY = "/srv/disk2/kit"


@pytest.fixture(scope="module")
def stack(pair: Pair) -> Iterator[Stack]:
    """The stack, with backups of both hosts."""
    with backed_up(pair) as stack:
        yield stack


def test_each_host_backs_up_its_own_and_a_restore_of_one_leaves_the_other_alone(pair: Pair, stack: Stack) -> None:
    taken = hosts_of(pair, "backup", "now")
    listed = hosts_of(pair, "backup", "list")
    for host in pair.hosts:
        assert [each["id"] for each in listed[host]["snapshots"]] == [taken[host]["snapshot"]]
    status = hosts_of(pair, "status")
    assert {host: each["backups"]["trouble"] for host, each in status.items()} == {"box": "", "desk": ""}
    good = {host: each["backups"]["good"]["snapshot"] for host, each in status.items()}
    assert good == {host: each["snapshot"] for host, each in taken.items()}
    assert good["box"] != good["desk"]

    key, before = stack.secret("litellm", "litellm_master_key"), as_it_is(pair.box, stack)
    written = pair.desk.read("cat", str(key))
    pair.desk.read("sh", "-c", f"chmod 600 {key} && echo lost >{key}")
    restored = hosts_of(pair, "backup", "restore", "latest", "--host", "desk")
    assert {host: each["parts"] for host, each in restored.items()} == {"desk": ["secrets"]}
    assert pair.desk.read("cat", str(key)) == written
    assert as_it_is(pair.box, stack) == before
    assert pair.answer()


def test_a_gateway_moves_with_its_keys_by_one_line(pair: Pair, stack: Stack) -> None:
    key = pair.person.secret("litellm_master_key")

    def moved(spec: dict[str, Any]) -> None:
        spec["gateway"] |= {"host": "box", "publish": pair.box.address}
        # A gateway reaches every engine, and nobody publishes this one.
        del spec["engines"][1]

    with pair.changed(moved):
        for service in recall_desired(pair.person.folder / "kit.yaml").on("box").deployment.services:
            lend(service.image.reference, pair.box)
        told = pair.person.kit(
            "backup", "restore", "latest", "--from", "desk", "--host", "box", "--yes", "--json"
        ).document
        assert {host: each["parts"] for host, each in told["hosts"].items()} == {"box": ["secrets"]}
        assert pair.person.secret("litellm_master_key") == key
        assert pair.answer(pair.box), "the key from before opens the gateway on its new host"
        assert containers(pair.desk) == {}, "nothing runs twice"
        assert told["backup"]["repository"] == REPOSITORY
        assert pair.box.run("test", "-e", f"{stack.root}/backup/brought").returncode != 0
        planned = pair.person.kit("plan", "--host", "box", "--json").document["hosts"]["box"]
        assert planned["operations"] == []


def hosts_of(pair: Pair, *words: str) -> Any:
    return pair.person.kit(*words, "--json").document["hosts"]


def as_it_is(host: LabHost, stack: Stack) -> str:
    """Return the running containers, the secrets and the backups of a host, each with its last change."""
    ids = host.read("docker", "ps", "-q").split()
    started = host.read("docker", "inspect", "-f", "{{.Name}} {{.Id}} {{.State.StartedAt}}", *ids)
    return started + host.read(
        "sh", "-c", f"find {stack.root}/secrets {REPOSITORY}/snapshots | sort | xargs stat -c '%n %Z'"
    )


@contextmanager
def backed_up(pair: Pair) -> Iterator[Stack]:
    """Give both hosts a backup for a while."""
    stack = Stack(pair.person.spec["stack"])
    with pair.changed(lambda spec: spec.update(backup={"repository": REPOSITORY})):
        pair.apply()
        yield stack
    pair.apply()
    for host in pair.hosts.values():
        # No destroy removes them, and the next scenario begins without.
        host.read("rm", "-r", REPOSITORY, f"{stack.root}/secrets/kit_backup", f"{stack.root}/backups.json")
