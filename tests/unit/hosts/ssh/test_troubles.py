"""Words of ssh about a failure become a problem and a next step; they are those of OpenSSH 9.2."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.deployment.way import Way
from deploy.errors import UnreachableError
from deploy.hosts.ssh.troubles import is_passing, lost, needs_more_words, ssh_trouble

BOX = Way("ssh", "box", "192.168.1.20", "admin", 2222)
UNKNOWN = (
    "No ED25519 host key is known for [192.168.1.20]:2222 and you have requested strict checking.\r\n"
    "Host key verification failed.\r\n"
)
PRINT = "SHA256:vMYoYN6Dhm3BjOa+KGCZm1wU4+LVuHdGDLk/a0uQDUM"
CHANGED = f"""\
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
The fingerprint for the ED25519 key sent by the remote host is
{PRINT}.\r
Offending ED25519 key in /root/.ssh/known_hosts:3\r
Host key verification failed.\r
"""
CASES = {
    "ssh: connect to host 192.168.1.20 port 2222: Connection refused\r\n": (
        "admin@192.168.1.20 refuses connections to port 2222",
        "start SSH there",
    ),
    "ssh: connect to host 192.168.1.20 port 2222: Connection timed out\r\n": (
        "admin@192.168.1.20 does not answer on port 2222",
        "switch box on",
    ),
    "ssh: connect to host 192.168.1.20 port 2222: No route to host\r\n": (
        "admin@192.168.1.20 does not answer on port 2222",
        "switch box on",
    ),
    "ssh: Could not resolve hostname box.lan: Name or service not known\r\n": (
        "no address is known for the name box.lan",
        "correct `address` of box in kit.yaml",
    ),
    "admin@192.168.1.20: Permission denied (publickey,password).\r\n": (
        "admin@192.168.1.20 refuses every SSH key of this user (it accepts: publickey,password)",
        "ssh-copy-id -p 2222 admin@192.168.1.20",
    ),
    "Received disconnect from 192.168.1.20 port 2222:2: Too many authentication failures\r\n": (
        "admin@192.168.1.20 refused before the right key was tried: ssh-agent holds too many",
        "`identity: ~/.ssh/id_ed25519`",
    ),
    "@  WARNING: UNPROTECTED PRIVATE KEY FILE!  @\r\nPermissions 0644 for '/k' are too open.\r\n"
    "admin@192.168.1.20: Permission denied (publickey).\r\n": (
        "ssh does not use the key /k: other users may read it",
        "chmod 600 /k",
    ),
    "/root/.ssh/config: line 3: Bad configuration option: prot\r\n": (
        "SSH to admin@192.168.1.20 failed: /root/.ssh/config: line 3: Bad configuration option: prot",
        "ssh -p 2222 admin@192.168.1.20",
    ),
    CHANGED: (
        f"the host key of admin@192.168.1.20 has changed to {PRINT}; another one is known at /root/.ssh/known_hosts:3",
        "ssh-keygen -R '[192.168.1.20]:2222', then accept the new one: ssh -p 2222 admin@192.168.1.20 true",
    ),
}


@pytest.mark.parametrize("said", CASES)
def test_each_failure_has_its_own_problem_and_next_step(said: str) -> None:
    problem, step = CASES[said]
    error = ssh_trouble(BOX, said)
    assert error.problem == problem
    assert step in error.next_step


def test_no_two_kinds_of_failure_are_told_alike() -> None:
    told = [ssh_trouble(BOX, said).problem for said in CASES]
    # A host that is off and a network without a route to it look the same to a person.
    assert len(set(told)) == len(told) - 1


def test_an_unknown_key_is_told_with_its_fingerprint_and_the_line_that_accepts_it() -> None:
    assert needs_more_words(UNKNOWN)
    error = ssh_trouble(BOX, f"debug1: Server host key: ssh-ed25519 SHA256:vMYoYN6D\r\n{UNKNOWN}")
    assert error.problem == "the host key of admin@192.168.1.20 is not known here: SHA256:vMYoYN6D (ssh-ed25519)"
    assert error.next_step == (
        "compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there;"
        " if equal, type: ssh -p 2222 admin@192.168.1.20 true"
    )


def test_a_name_server_that_is_late_is_asked_again() -> None:
    assert is_passing("ssh: Could not resolve hostname box: Temporary failure in name resolution\r\n")
    assert not is_passing("ssh: Could not resolve hostname box: Name or service not known\r\n")


def test_a_connection_that_ends_without_a_word_is_told_as_lost() -> None:
    assert lost(BOX, "").problem == "the connection to admin@192.168.1.20 was lost"
    assert "refuses connections" in lost(BOX, next(iter(CASES))).problem


@pytest.mark.parametrize(
    ("said", "is_away"),
    [
        ("ssh: connect to host 192.168.1.20 port 22: Connection timed out", True),
        ("ssh: connect to host 192.168.1.20 port 22: No route to host", True),
        ("ssh: Could not resolve hostname box.local: Name or service not known", True),
        ("ssh: connect to host 192.168.1.20 port 22: Connection refused", False),
        ("admin@192.168.1.20: Permission denied (publickey).", False),
    ],
)
def test_only_a_host_that_says_nothing_is_taken_for_one_that_is_off(said: str, is_away: bool) -> None:
    assert isinstance(ssh_trouble(BOX, said), UnreachableError) is is_away


JUMPING = replace(BOX, jump="admin@gate.lan:2201")
ENDED = "Connection closed by UNKNOWN port 65535\r\n"


@pytest.mark.parametrize(
    ("said", "problem", "step"),
    [
        (
            (
                "debug1: Server host key: ssh-ed25519 SHA256:vMYoYN6D\r\n"
                "No ED25519 host key is known for [gate.lan]:2201 and you have requested strict checking.\r\n"
            ),
            (
                "the host key of [gate.lan]:2201 (on the way to admin@192.168.1.20) is not known here: SHA256:vMYoYN6D"
                " (ssh-ed25519)"
            ),
            "type: ssh -p 2222 -J admin@gate.lan:2201 admin@192.168.1.20 true",
        ),
        (
            f"{CHANGED}Host key for [gate.lan]:2201 has changed and you have requested strict checking.\r\n",
            (
                f"the host key of [gate.lan]:2201 (on the way to admin@192.168.1.20) has changed to {PRINT};"
                " another one is known at /root/.ssh/known_hosts:3"
            ),
            "ssh-keygen -R '[gate.lan]:2201'",
        ),
        (
            "admin@gate.lan: Permission denied (publickey).\r\n",
            "admin@gate.lan refuses every SSH key of this user (it accepts: publickey)",
            "ssh-copy-id -p 2201 admin@gate.lan;",
        ),
        (
            "ssh: connect to host gate.lan port 2201: Connection refused\r\n",
            "gate.lan (on the way to admin@192.168.1.20) refuses connections to port 2201",
            "correct `jump` in kit.yaml",
        ),
        (
            "ssh: Could not resolve hostname gate.lan: Name or service not known\r\n",
            "no address is known for the name gate.lan",
            "correct `jump` of box in kit.yaml",
        ),
        (
            (
                "debug1: connect to address ::1 port 2201: Connection refused\r\n"
                "channel 0: open failed: connect failed: No route to host\r\nstdio forwarding failed\r\n"
            ),
            "admin@192.168.1.20 does not answer on port 2222",
            "switch box on",
        ),
    ],
)
def test_a_failure_on_the_way_names_the_machine_that_failed(said: str, problem: str, step: str) -> None:
    assert needs_more_words(ENDED)
    error = ssh_trouble(JUMPING, said + ENDED)
    assert error.problem == problem
    assert step in error.next_step


def test_a_key_is_copied_through_the_jump_by_a_line_that_ssh_copy_id_understands() -> None:
    error = ssh_trouble(JUMPING, "admin@192.168.1.20: Permission denied (publickey).\r\n")
    assert "ssh-copy-id -p 2222 -o ProxyJump=admin@gate.lan:2201 admin@192.168.1.20;" in error.next_step


def test_a_changed_key_of_an_alias_is_removed_under_the_name_that_ssh_knows() -> None:
    error = ssh_trouble(Way("ssh", "box", "box"), f"{CHANGED}Host key for 192.168.1.20 has changed and you have\r\n")
    assert "ssh-keygen -R '192.168.1.20', then" in error.next_step


def test_a_private_key_that_is_not_there_is_told_as_such() -> None:
    said = "no such identity: /root/.ssh/nosuch: No such file or directory\r\nbox: Permission denied (publickey).\r\n"
    error = ssh_trouble(replace(BOX, identity="~/.ssh/nosuch"), said)
    assert error.problem == "there is no private key at ~/.ssh/nosuch"
    assert error.next_step == "correct `identity` of box in kit.yaml"
