"""Other tools that do the work of an apply: a stack's files, its folders and its containers on hosts over SSH."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.bench.measure import REPOSITORY

VERSIONS = ("ansible-core==2.19.14", "mitogen==0.3.54", "pyinfra==3.10.0")
DESTINATION = "/opt/peer"
PACKAGES = ("ca-certificates", "docker.io", "python3")
SSH_PLUGIN_OPTIONS = "-o ControlMaster=auto -o ControlPersist=60s"
PYINFRA = """
import json
from pathlib import Path
from pyinfra.operations import apt, files, server

work = json.loads(Path(__file__).with_name("work.json").read_text())
apt.packages(name="packages", packages=work["packages"])
for folder in work["folders"]:
    files.directory(name=folder, path=folder, mode="755")
for source, target, mode in work["files"]:
    files.put(name=target, src=source, dest=target, mode=mode)
server.shell(name="compose", commands=[work["compose"]])
"""


@dataclass(frozen=True)
class Login:
    """Connection and rights by which root signs in to a host."""

    address: str
    key: Path
    known_hosts: Path


@dataclass(frozen=True)
class Work:
    """The state that a host shall have: packages, folders, files and the start of its containers."""

    files: Path
    """Folder whose files go to the same places below the destination."""
    compose: str
    """The command that brings the containers up."""

    def document(self) -> dict[str, Any]:
        """Return the work as plain values."""
        files = sorted(path for path in self.files.rglob("*") if path.is_file())
        placed = [(path, f"{DESTINATION}/{path.relative_to(self.files)}") for path in files]
        folders = {DESTINATION, *(str(Path(target).parent) for _, target in placed)}
        return {
            "packages": list(PACKAGES),
            "folders": sorted(folders),
            "files": [(str(path), target, f"{path.stat().st_mode & 0o777:o}") for path, target in placed],
            "compose": self.compose,
        }


class Peers:
    """Ansible, with and without mitogen, and pyinfra, in an environment of their own."""

    def __init__(self, folder: Path, work: Work, logins: Sequence[Login]) -> None:
        self._folder = folder
        self._environment = _environment()
        document = work.document()
        (folder / "site.yml").write_text(yaml.safe_dump([_play(document)], sort_keys=False))
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": dict(map(_variables, logins))}}))
        (folder / "work.json").write_text(json.dumps(document))
        (folder / "deploy.py").write_text(PYINFRA)
        (folder / "inventory.py").write_text(f"hosts = {[_pyinfra_host(login) for login in logins]!r}\n")

    def ansible(self) -> list[str]:
        """Return the command of Ansible with pipelining and connections that it keeps."""
        return self._playbook()

    def mitogen(self) -> list[str]:
        """Return the command of Ansible with mitogen's strategy in place of its own."""
        (site,) = self._environment.glob("lib/python3*/site-packages/ansible_mitogen/plugins/strategy")
        return self._playbook(f"ANSIBLE_STRATEGY_PLUGINS={site}", "ANSIBLE_STRATEGY=mitogen_linear")

    def pyinfra(self) -> list[str]:
        """Return the command of pyinfra."""
        return [
            *("env", "-C", str(self._folder), str(self._environment / "bin/pyinfra")),
            *("-y", "inventory.py", "deploy.py"),
        ]

    def _playbook(self, *settings: str) -> list[str]:
        return [
            *("env", "ANSIBLE_PIPELINING=1", f"ANSIBLE_SSH_ARGS={SSH_PLUGIN_OPTIONS}", *settings),
            *(str(self._environment / "bin/ansible-playbook"), "-i", str(self._folder / "hosts.yml")),
            str(self._folder / "site.yml"),
        ]


def _environment() -> Path:
    """Return the environment with the peers; make it once."""
    place = REPOSITORY / ".cache/bench-peers"
    wanted = place / "versions"
    if not wanted.exists() or wanted.read_text() != repr(VERSIONS):
        subprocess.run(["uv", "venv", "--quiet", "--clear", "--python", sys.executable, place], check=True)
        subprocess.run(["uv", "pip", "install", "--quiet", "--python", place / "bin/python", *VERSIONS], check=True)
        wanted.write_text(repr(VERSIONS))
    return place


def _play(work: dict[str, Any]) -> dict[str, Any]:
    """Return the play that a person would write for it, in modules of ansible.builtin."""
    copies = [{"src": source, "dest": target, "mode": f"0{mode}"} for source, target, mode in work["files"]]
    return {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"name": "packages", "ansible.builtin.apt": {"name": work["packages"]}},
            {
                "name": "folders",
                "ansible.builtin.file": {"path": "{{ item }}", "state": "directory", "mode": "0755"},
                "loop": work["folders"],
            },
            {
                "name": "files",
                "ansible.builtin.copy": {
                    "src": "{{ item.src }}",
                    "dest": "{{ item.dest }}",
                    "mode": "{{ item.mode }}",
                },
                "loop": copies,
            },
            {"name": "compose", "ansible.builtin.command": {"cmd": work["compose"]}, "changed_when": False},
        ],
    }


def _variables(login: Login) -> tuple[str, dict[str, str]]:
    options = f"-o UserKnownHostsFile={login.known_hosts} -o IdentitiesOnly=yes"
    return login.address, {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(login.key),
        "ansible_ssh_common_args": options,
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def _pyinfra_host(login: Login) -> tuple[str, dict[str, object]]:
    return login.address, {
        "ssh_user": "root",
        "ssh_key": str(login.key),
        "ssh_known_hosts_file": str(login.known_hosts),
    }
