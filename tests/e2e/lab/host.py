"""A lab host: started, reached over real SSH, and taken away with everything on it."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.e2e.lab.image import lab_image
from tests.waiting import wait_until

Process1 = Literal["systemd", "init"]
FLAGS = (
    *("--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--cgroupns=host"),
    *(f"--security-opt={name}=unconfined" for name in ("apparmor", "seccomp", "systempaths")),
    *("--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--volume", "/var/lib/docker"),
    *("--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp"),
)
TRY_SECONDS = 20
_numbers = itertools.count(1)


@dataclass(frozen=True)
class LabHost:
    """A running target host."""

    name: str
    suite: str
    process_1: Process1
    address: str
    folder: Path
    """Holds the key that opens it and the key that it shows."""

    @property
    def has_systemd(self) -> bool:
        """True if systemd is its process 1."""
        return self.process_1 == "systemd"

    @property
    def shown_key(self) -> str:
        """The key that it shows, as known_hosts has it."""
        return (self.folder / "known_hosts").read_text().split(" ", 1)[1].strip()

    @property
    def connection_variables(self) -> dict[str, str]:
        """Ansible's variables for it."""
        known = self.folder / "known_hosts"
        return {
            "ansible_host": self.address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={known} -o IdentitiesOnly=yes",
        }

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command on it, past SSH."""
        return subprocess.run(["docker", "exec", self.name, *argv], capture_output=True, text=True, check=False)

    def read(self, *argv: str) -> str:
        """Run a command that must succeed and return what it printed."""
        answer = self.run(*argv)
        assert answer.returncode == 0, f"{' '.join(argv)}: {answer.stdout}{answer.stderr}"
        return answer.stdout

    def reboot(self) -> None:
        """Let its systemd end everything and start anew."""
        # What systemd in a container takes for "shut down".
        _docker("kill", "--signal", "RTMIN+3", self.name)
        _docker("wait", self.name)
        self.boot()

    def lose_power(self) -> None:
        """Let it die at once, and everything on it."""
        _docker("kill", "--signal", "KILL", self.name)

    def boot(self) -> None:
        """Start it again, and wait until somebody can sign in."""
        _docker("start", self.name)
        self.wait_for_ssh()

    def wait_for_ssh(self) -> None:
        """Wait until somebody can sign in."""
        wait_until(lambda: _speaks_ssh(self), f"{self.name} speaks SSH", saw=lambda: _state(self))


@contextlib.contextmanager
def lab_host(
    suite: str, process_1: Process1, folder: Path, *network: str, image: str | None = None
) -> Iterator[LabHost]:
    """Start a host of a suite, with more words for `docker run`; it and its disk are gone afterwards."""
    name = f"kit-lab-{suite}-{process_1}-{os.getpid()}-{next(_numbers)}"
    start = ["/sbin/init"] if process_1 == "systemd" else ["sleep", "infinity"]
    reaper = [] if process_1 == "systemd" else ["--init"]
    image = image or lab_image(suite)
    try:
        _docker("run", "--detach", "--name", name, "--hostname", "lab", *FLAGS, *network, *reaper, image, *start)
        address = _docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name)
        host = LabHost(name, suite, process_1, address, folder)
        _open_for(host)
        yield host
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False)


def _open_for(host: LabHost) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host.folder / "key"], check=True)
    subprocess.run(
        [
            "docker",
            "exec",
            "-i",
            host.name,
            "sh",
            "-c",
            "install -d -m 0700 /root/.ssh && cat >/root/.ssh/authorized_keys",
        ],
        input=(host.folder / "key.pub").read_bytes(),
        check=True,
    )
    shown = host.read("cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    (host.folder / "known_hosts").write_text(f"{host.address} {shown}")
    if not host.has_systemd:
        host.read("mkdir", "-p", "/run/sshd")
        host.read("/usr/sbin/sshd")
    host.wait_for_ssh()


def _state(host: LabHost) -> str:
    """Return what a person would look at first: a box that is up is not reached, one that is not up says why."""
    looks = (["systemctl", "--no-pager", "--failed"], ["ss", "-ltn"])
    route = subprocess.run(["ip", "route", "get", host.address], capture_output=True, text=True, check=False)
    return "".join(seen.stdout + seen.stderr for seen in (*(host.run(*argv) for argv in looks), route))


def _speaks_ssh(host: LabHost) -> bool:
    try:
        with socket.create_connection((host.address, 22), timeout=TRY_SECONDS) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _docker(*argv: str) -> str:
    return subprocess.run(["docker", *argv], check=True, capture_output=True, text=True).stdout.strip()
