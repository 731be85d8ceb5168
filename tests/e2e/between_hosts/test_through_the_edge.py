"""A gateway on one box asks an engine on the other, through the edge and with a key that nobody typed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.lab.neighbour import address_of
from tests.e2e.lab.pair import ENGINE, NOTHING, Pair, asked
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
KEY = "/opt/kit/lab/secrets/edge-box/edge-box_api_key"
EDGE, NETWORK, INNER = "kit-lab-edge-box-1", "kit-lab_published", 8100
NEEDS_KEY, HAS_KEY = "asks another machine for the key", "answers another machine that has the key"
ALONE = "leaves nothing else open to another machine"
LET_IN = "s|^.import key main:.*|@peer remote_ip {}\\nhandle @peer {{\\nimport pass main:11434\\n}}\\n&|"


def test_the_gateway_of_one_box_asks_the_engine_of_the_other(pair: Pair) -> None:
    operations = pair.apply()

    assert operations["box"]["service edge-box"] == operations["desk"]["service litellm"] == "not on host"
    assert pair.answer()
    assert pair.apply() == NOTHING


def test_the_key_was_made_on_one_box_and_is_read_on_the_other_and_lies_nowhere_else(pair: Pair) -> None:
    key = pair.box.read("cat", KEY)
    copy = KEY.replace("secrets/edge-box/", "secrets/litellm/")

    assert pair.desk.read("cat", copy) == key
    assert pair.desk.read("stat", "-c", "%a", copy).strip() == "400"
    for path in pair.person.folder.rglob("*"):
        assert not path.is_file() or path.stat().st_size > 2**20 or key.encode() not in path.read_bytes(), path
    for host in (pair.box, pair.desk):
        assert key not in host.read("sh", "-c", "docker inspect $(docker ps -q); cat /opt/kit/lab/audit.log")


def test_a_third_machine_needs_the_key_and_finds_nothing_else(pair: Pair) -> None:
    tags = f"http://{pair.box.address}:{ENGINE}/api/tags"

    assert asked(tags)[0] == asked(tags, "wrong")[0] == 401
    assert asked(tags, pair.box.read("cat", KEY))[0] == 200
    assert pair.box.read("ss", "-Hltn", "src", pair.box.address).count("LISTEN") == 1


def test_verify_asks_from_another_machine_and_sees_what_the_host_itself_does_not(pair: Pair) -> None:
    asker = f"asked from the machine that kit runs on ({pair.network.gateway})"
    assert from_outside(pair, code=0) == dict.fromkeys((NEEDS_KEY, HAS_KEY, ALONE), f"passed: {asker}")

    # As k3s leads a port to a service of its own, on a machine that has nothing to do with the stack.
    with led_to(pair, pair.desk.address, 22):
        assert greeting(pair.box.address, INNER).startswith(b"SSH-")
        assert from_outside(pair, code=0)[ALONE] == f"passed: {asker}"

    # The desk asks where the control node does not reach the edge.
    with opened_behind_its_back(pair, to=pair.desk.address), unreached_by(pair, pair.network.gateway):
        seen = from_outside(pair, code=1)
    desk, place = f"desk ({pair.desk.address})", f"{pair.box.address}:{ENGINE}"
    assert seen == {
        NEEDS_KEY: f"failed: status of {place}/ for {desk} without a key is 200, not 401",
        HAS_KEY: f"passed: asked from {desk}",
        ALONE: f"failed: {pair.box.address} port {INNER} is open to desk, and nothing is published there",
    }


def from_outside(pair: Pair, code: int) -> dict[str, str]:
    """Verify the edge; return the results of the checks from outside, after nothing else of it is red."""
    checks = pair.person.kit("verify", "edge-box", "--json", code=code).document["hosts"]["box"]["checks"]
    told = {one["name"]: f"{one['outcome']}: {one['message']}" for one in checks if one["service"] == "edge-box"}
    outside = {name: told.pop(name) for name in (NEEDS_KEY, HAS_KEY, ALONE)}
    assert not [words for words in told.values() if words.startswith("failed")]
    return outside


@contextmanager
def opened_behind_its_back(pair: Pair, to: str) -> Iterator[None]:
    """Let one machine in without the key, and another port of the edge's container to all; the host sees neither."""
    mounted = pair.box.read("docker", "inspect", "-f", "{{range .Mounts}}{{println .Source}}{{end}}", EDGE).split()
    (path,) = (source for source in mounted if source.endswith("/Caddyfile"))
    rule = ("PREROUTING", "-p", "tcp", "-d", pair.box.address, "--dport", str(INNER), "-j", "DNAT", "--to-destination")
    before = pair.box.read("cat", path)
    pair.box.read("sed", "-i", LET_IN.format(to), path)
    assert pair.box.read("cat", path) != before
    try:
        restart(pair)
        inner = f"{address_of(pair.box, EDGE, NETWORK)}:{INNER}"
        pair.box.read("iptables", "-t", "nat", "-I", *rule, inner)
        yield
        pair.box.read("iptables", "-t", "nat", "-D", *rule, inner)
    finally:
        pair.box.read("sh", "-c", 'printf %s "$1" >"$2"', "sh", before, path)
        restart(pair)


@contextmanager
def led_to(pair: Pair, address: str, port: int) -> Iterator[None]:
    """Let the box lead connections to its inner port to a port of another machine."""
    to = ("-p", "tcp", "-d", address, "--dport", str(port))
    rules = (
        (
            "nat",
            "PREROUTING",
            "-p",
            "tcp",
            "--dport",
            str(INNER),
            "-j",
            "DNAT",
            "--to-destination",
            f"{address}:{port}",
        ),
        ("nat", "POSTROUTING", *to, "-j", "MASQUERADE"),
        ("filter", "FORWARD", *to, "-j", "ACCEPT"),
        ("filter", "FORWARD", "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT"),
    )
    for table, *words in rules:
        pair.box.read("iptables", "-t", table, "-I", *words)
    try:
        yield
    finally:
        for table, *words in rules:
            pair.box.read("iptables", "-t", table, "-D", *words)


def greeting(address: str, port: int) -> bytes:
    """Return the first bytes that a port says by itself."""
    with socket.create_connection((address, port), timeout=PATIENCE_SECONDS) as connection:
        return connection.recv(64)


@contextmanager
def unreached_by(pair: Pair, address: str) -> Iterator[None]:
    """Drop what a machine sends to the edge."""
    rule = ("PREROUTING", "-p", "tcp", "-s", address, "--dport", str(ENGINE), "-j", "DROP")
    pair.box.read("iptables", "-t", "raw", "-I", *rule)
    try:
        yield
    finally:
        pair.box.read("iptables", "-t", "raw", "-D", *rule)


def restart(pair: Pair) -> None:
    """Start the edge's container anew, which reads its file; Docker's own first check would take half a minute."""
    pair.box.read("docker", "restart", EDGE)

    def answers() -> bool:
        try:
            return asked(f"http://{pair.box.address}:{ENGINE}/kit/health")[0] == 200
        except OSError:
            return False

    wait_until(answers, "the edge answers")


def test_a_key_that_is_made_anew_reaches_its_reader(pair: Pair) -> None:
    pair.box.read("rm", KEY)
    operations = pair.apply()

    assert operations["box"]["secret edge-box_api_key"] == "not on host"
    assert operations["desk"]["secret edge-box_api_key"] == "edge-box has another value"
    assert pair.answer()
    assert pair.apply() == NOTHING
