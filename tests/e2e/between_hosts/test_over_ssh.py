"""A box on the network, reached by a person who is not root there: from the first sign-in to the end of a stack."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path
from typing import Any

import pytest

from deploy.hosts.ssh.connection import IDLE_SECONDS
from tests.e2e.evidence import Evidence
from tests.e2e.lab.host import LabHost
from tests.e2e.lab.pair import NOTHING, Pair, lend_images, lock_as_here
from tests.e2e.lab.person import PASSWORD, USER, Person
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until
from tests.weights import weights

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
STACK = "solo"
ENGINE = {"name": "solo", "kind": "llama_cpp", "threads": 1, "context_length": 512}
NO_FRONTS: dict[str, Any] = {"gateway": None, "webui": None}
CLOCK = "/usr/local/bin/date"
SPOILED = (
    ("mv /usr/bin/sudo /usr/bin/away", "mv /usr/bin/away /usr/bin/sudo", "is not root, and there is no sudo"),
    (f"gpasswd -d {USER} sudo", f"gpasswd -a {USER} sudo", "may not use sudo"),
    ("mv /usr/bin/python3 /usr/bin/away", "mv /usr/bin/away /usr/bin/python3", "has no /usr/bin/python3"),
    (
        "mv /etc/os-release /etc/away && echo ID=fedora >/etc/os-release",
        "mv /etc/away /etc/os-release",
        "runs fedora; kit deploys to Debian and Ubuntu",
    ),
    (
        # A container has the clock of its machine.
        f"""printf '#!/bin/sh\nexec /bin/date -d "2 hours ago" "$@"' >{CLOCK}; chmod +x {CLOCK}""",
        f"rm {CLOCK}",
        "is 120 minutes behind this machine's",
    ),
)
"""Parts that a box may lack: the line that removes each, the line that brings it back, and the problem in words."""


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory, evidence: Evidence, pair: Pair) -> Person:
    """A person with another stack on the box, of a model whose file lies on the own machine."""
    folder = tmp_path_factory.mktemp("person")
    host = pair.person.spec["hosts"]["box"]
    boxes = {"box": pair.box}
    spec = {**pair.person.spec, "stack": STACK, "hosts": {"box": host}, "engines": [ENGINE], **NO_FRONTS}
    path = weights(tmp_path_factory.mktemp("model"))
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    spec["models"] = [{"name": "gemma", "engine": "solo", "from": {"file": str(path), "sha256": sha256}}]
    person = Person(boxes, folder, evidence, spec)
    person.kit("lock")
    lock_as_here(person, "llama_cpp")
    lend_images(person)
    return person


def processes_of(host: LabHost) -> list[str]:
    return host.read("ps", "-eo", "args").splitlines()


def agents_on(host: LabHost) -> list[str]:
    return [line for line in processes_of(host) if "/opt/kit/agent/" in line]


def ensure_left(host: LabHost) -> None:
    """Wait until nobody is signed in and no agent runs; a connection that nobody ends would last longer."""

    def seen() -> list[str]:
        return [line for line in processes_of(host) if "/opt/kit/agent/" in line or line.startswith(f"sshd: {USER}")]

    wait_until(
        lambda: not seen(),
        "nobody is signed in and no agent runs",
        IDLE_SECONDS / 2,
        saw=seen,
        pause=COSTLY_LOOK_SECONDS,
    )


def test_each_failure_before_the_first_answer_is_told_with_its_next_step(person: Person) -> None:
    host, box = person.host, person.spec["hosts"]["box"]

    person.knows()
    said = person.kit("plan", code=1).err
    shown = host.read("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").split()[1]
    assert f"the host key of admin@{host.address} is not known here: {shown} (ssh-ed25519)" in said
    assert f"ssh -i {box['identity']} admin@{host.address} true" in said

    other = (host.folder / "key.pub").read_text().strip()
    person.knows(other)
    said = person.kit("plan", code=1).err
    assert f"the host key of admin@{host.address} has changed to {shown}" in said
    assert f"ssh-keygen -R '{host.address}'" in said

    person.knows(host.shown_key)
    person.types_for_sudo("wrong")
    assert f"sudo on admin@{host.address} refused the password" in person.kit("plan", code=1).err
    person.types_for_sudo(PASSWORD)

    for change, problem in (
        ({"user": "nobody"}, "refuses every SSH key of this user"),
        ({"port": 9}, f"admin@{host.address} refuses connections to port 9"),
        ({"address": "box.invalid"}, "no address is known for the name box.invalid"),
    ):
        person.spec["hosts"]["box"] = box | change
        person.write()
        assert problem in person.kit("plan", code=1).err
    person.spec["hosts"]["box"] = box
    person.write()

    for spoil, mend, problem in SPOILED:
        host.read("sh", "-c", spoil)
        try:
            assert problem in person.kit("plan", code=1).err
        finally:
            host.read("sh", "-c", mend)


def test_a_box_with_another_processor_is_refused(person: Person) -> None:
    host, box = person.host, person.spec["hosts"]["box"]
    # The kernel tells this sign-in, and whatever it starts, of a processor of 32 bits.
    host.read("setarch", "i686", "/usr/sbin/sshd", "-p", "2022", "-o", "PidFile=/run/sshd-i686.pid")
    person.spec["hosts"]["box"] = box | {"port": 2022}
    person.write()
    with person.knowing(f"[{host.address}]:2022 {host.shown_key}"):
        assert "the processor of box is i686, and kit.lock pins images" in person.kit("plan", code=1).said
    host.read("sh", "-c", "kill $(cat /run/sshd-i686.pid)")
    person.spec["hosts"]["box"] = box
    person.write()


def test_a_file_of_the_own_machine_is_served_there_and_a_second_apply_has_nothing_to_do(person: Person) -> None:
    applied = person.kit("apply", "--yes", "--json").document
    assert applied["hosts"]["box"]["changed"] is True
    again = person.kit("apply", "--yes", "--json")
    assert again.document["hosts"]["box"]["plan"]["operations"] == []
    assert not Path("/opt/kit", STACK).exists(), "nothing is written on this machine"
    ensure_left(person.host)
    assert PASSWORD not in person.host.read("journalctl", "--no-pager")


def test_it_is_proven_seen_and_asked_from_the_own_machine(person: Person) -> None:
    verified = person.kit("verify", "--json").document
    assert (verified["passed"], verified["hosts"]["box"]["applied"]) == (True, True)
    status = person.kit("status", "--json").document["hosts"]["box"]
    assert status["services"]["solo"]["health"] == "healthy"
    assert person.kit("run", "gemma", "The sky is").out.strip()
    assert "solo-1" in person.kit("logs").out
    assert person.kit("secret", "list", "--json").document["hosts"]["box"]["secrets"]
    assert person.kit("plan", "--host", "box").out.strip() == "nothing to change"
    assert "there is no host 'bax'" in person.kit("plan", "--host", "bax", code=2).err


def test_ctrl_c_leaves_no_agent_there_and_no_connection_here(person: Person) -> None:
    with person.running("logs", "--follow") as process:
        wait_until(lambda: bool(agents_on(person.host)), "the agent follows the logs", pause=COSTLY_LOOK_SECONDS)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    ensure_left(person.host)


def test_it_is_taken_down_and_destroyed_and_another_stack_stays(person: Person, pair: Pair) -> None:
    pair.apply()
    image = person.host.read("docker", "inspect", "--format", "{{.Config.Image}}", f"kit-{STACK}-solo-1").strip()
    person.kit("down")
    assert person.host.read("docker", "ps", "--all", "--quiet", "--filter", f"label=kit.stack={STACK}") == ""
    person.kit("destroy", "--yes")
    assert person.host.run("test", "-e", f"/opt/kit/{STACK}/releases").returncode != 0
    assert person.host.run("docker", "image", "inspect", image).returncode != 0
    assert pair.apply() == NOTHING
