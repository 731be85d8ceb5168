"""A person on a lab host who becomes root by sudo, and the machine of that person with its own SSH files."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from pwd import getpwuid
from typing import Any

import yaml

from tests.e2e.evidence import Evidence, Ran
from tests.e2e.lab.host import LabHost
from tests.tree import REPOSITORY

USER, PASSWORD, SUDO = "admin", "open sesame", "box.sudo"
LIMIT_SECONDS = 900
# A mount of this run alone: OpenSSH reads the files of the account, whatever HOME says.
_WITH_FILES = 'mkdir -p -m 0700 "$1" && mount --bind "$0" "$1" && shift && exec "$@"'


def with_ssh_files(folder: Path) -> tuple[str, ...]:
    """Return the words before a command for which the files of a folder are those of ~/.ssh."""
    home = Path(getpwuid(os.geteuid()).pw_dir)
    return ("unshare", "--mount", "sh", "-c", _WITH_FILES, str(folder), str(home / ".ssh"))


@dataclass
class Person:
    """Types kit's command line; ssh finds the files of a folder as those of ~/.ssh."""

    boxes: Mapping[str, LabHost]
    folder: Path
    evidence: Evidence
    spec: dict[str, Any]
    files: Path = field(init=False)

    def __post_init__(self) -> None:
        self.files = self.folder / "ssh"
        self.files.mkdir(mode=0o700)
        (self.folder / SUDO).touch(0o600)
        self.types_for_sudo(PASSWORD)
        self.knows(*(host.shown_key for host in self.boxes.values()))
        # ssh would ask a host for its other keys, at a moment of its own: round trips are counted here.
        (self.files / "config").write_text("UpdateHostkeys no\n")
        self.write()

    @property
    def host(self) -> LabHost:
        """The only box."""
        (host,) = self.boxes.values()
        return host

    def write(self) -> None:
        """Write kit.yaml."""
        (self.folder / "kit.yaml").write_text(yaml.safe_dump(self.spec, sort_keys=False))

    def types_for_sudo(self, password: str) -> None:
        """Keep a password for sudo, right or wrong."""
        (self.folder / SUDO).write_text(password)

    def knows(self, *keys: str) -> None:
        """Know the keys of the boxes, one for each in their order, or none."""
        lines = [f"{host.address} {key}\n" for host, key in zip(self.boxes.values(), keys, strict=False)]
        (self.files / "known_hosts").write_text("".join(lines))

    def kit(self, *words: str, code: int = 0) -> Ran:
        """Run the command line to its end and expect an exit code."""
        begun = time.monotonic()
        with self.running(*words) as process:
            out, err = process.communicate(timeout=LIMIT_SECONDS)
        document = json.loads(out) if "--json" in words and out else {}
        ran = Ran(words, process.returncode, out, err, time.monotonic() - begun, document)
        self.evidence.keep(ran)
        assert ran.code == code, f"expected exit {code}\n{ran}"
        return ran

    @contextmanager
    def locked_anew(self) -> Iterator[None]:
        """Lock what kit.yaml says now, for the length of the block."""
        lock = self.folder / "kit.lock"
        before = lock.read_text()
        try:
            self.kit("lock")
            yield
        finally:
            lock.write_text(before)

    @contextmanager
    def knowing(self, line: str) -> Iterator[None]:
        """Know one more host key for the length of the block."""
        known = self.files / "known_hosts"
        before = known.read_text()
        known.write_text(f"{before}{line}\n")
        try:
            yield
        finally:
            known.write_text(before)

    def secret(self, name: str) -> str:
        """Return a secret, which no evidence keeps."""
        with self.running("secret", "show", name, "--json") as process:
            value: str = json.loads(process.communicate(timeout=LIMIT_SECONDS)[0])["value"]
        return value

    @contextmanager
    def running(self, *words: str, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
        """Start the command line, and end it with the block."""
        argv = [*with_ssh_files(self.files), str(REPOSITORY / "kit"), *words, str(self.folder / "kit.yaml")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        pipes: dict[str, Any] = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(argv, env=environment, text=True, start_new_session=True, **pipes) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()


def person_on(boxes: Mapping[str, LabHost], folder: Path, evidence: Evidence, **spec: Any) -> Person:
    """Make the user on the boxes, who signs in with the key of each and whom sudo asks for a password."""
    hosts = {name: opened_for_person(host) for name, host in boxes.items()}
    return Person(boxes, folder, evidence, {"kit": 1, "stack": "lab", "hosts": hosts, "ca": _trusted(), **spec})


def opened_for_person(host: LabHost) -> dict[str, str]:
    """Make the user on a box, and return what kit.yaml says of the box."""
    trusted = _trusted()
    host.read("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", USER)
    host.read("sh", "-c", f"echo '{USER}:{PASSWORD}' | chpasswd")
    host.read("sh", "-c", f"cp -a /root/.ssh /home/{USER}/ && chown -R {USER}: /home/{USER}/.ssh")
    host.read("mkdir", "-p", str(Path(trusted).parent))
    subprocess.run(["docker", "cp", "--follow-link", trusted, f"{host.name}:{trusted}"], check=True)
    return {
        "address": host.address,
        "user": USER,
        "identity": str(host.folder / "key"),
        "sudo_password": f"file:{SUDO}",
    }


def _trusted() -> str:
    """Return the authorities of this machine: a network may bring its own, which a bare host does not know."""
    return ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
