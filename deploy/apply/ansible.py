"""One ansible-playbook run: its argv, environment and files are built purely, then it runs as a subprocess."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.agent.line import call
from deploy.apply.inventory import inventory_text
from deploy.apply.process import OnEvent, PlaybookResult, watch
from deploy.apply.steps import Step
from deploy.scratch import scratch_folder

CALLBACKS = Path(__file__).parent / "callback_plugins"
KEPT = ("HOME", "LOGNAME", "PATH", "SSH_AUTH_SOCK", "TMPDIR", "USER")
"""What of the caller's environment a run sees; everything else could change what it does."""


@dataclass(frozen=True)
class HostRun:
    """What one host gets in a run."""

    name: str
    steps: tuple[Step, ...]
    agent: str
    """The agent's file on the host."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the roles; values are data and never templates."""
    requests: Mapping[str, Any] = field(default_factory=dict)
    """The agent's requests by name: the verb, or `room_<kind>`."""
    connection: str = "local"
    connection_variables: Mapping[str, Any] = field(default_factory=dict)
    """How it is reached: ansible_host, ansible_user and the like."""
    become: bool = False
    python: str = "/usr/bin/python3"


@dataclass(frozen=True)
class PlaybookRun:
    """One run of one playbook over its hosts."""

    hosts: tuple[HostRun, ...]
    playbook: Path
    roles: Path


def playbook_argv(run: PlaybookRun, folder: Path) -> list[str]:
    """Build the command line; `folder` holds the files that `playbook_files` names."""
    return [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "--inventory",
        str(folder / "inventory.json"),
        "--forks",
        str(max(1, min(len(run.hosts), 20))),
        str(run.playbook),
    ]


def playbook_environment(run: PlaybookRun, folder: Path, base: Mapping[str, str]) -> dict[str, str]:
    """Build the whole environment: nothing of the user's own Ansible settings reaches a run."""
    kept = {name: base[name] for name in KEPT if name in base}
    return kept | {
        # Ansible does not start under a locale that the machine lacks, as one that came along over SSH.
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "home" / "tmp"),
        "ANSIBLE_ROLES_PATH": str(run.roles),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "home"),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_STDOUT_CALLBACK": "kit_events",
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s -o ServerAliveInterval=15",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        "ANSIBLE_NO_TARGET_SYSLOG": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_INJECT_FACT_VARS": "0",
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "ANSIBLE_NOCOLOR": "1",
    }


def playbook_files(run: PlaybookRun, folder: Path) -> dict[str, str]:
    """Build the files of a run: an empty ansible.cfg, the inventory, and each host's requests."""
    inventory = inventory_text({host.name: _variables(host, folder) for host in run.hosts})
    files = {"ansible.cfg": "", "inventory.json": inventory}
    for host in run.hosts:
        for name, request in host.requests.items():
            files[f"requests/{host.name}/{name}.json"] = json.dumps({**call(), **request}, ensure_ascii=True)
    return files


def run_playbook(run: PlaybookRun, on_event: OnEvent) -> PlaybookResult:
    """Run it and tell each event; on Ctrl-C the run is stopped with everything that it started."""
    with scratch_folder("kit-playbook-", memory_folder()) as scratch:
        folder = scratch.path
        (folder / "cp").mkdir(mode=0o700)
        for path, text in playbook_files(run, folder).items():
            write_private(folder / path, text)
        return watch(
            playbook_argv(run, folder),
            playbook_environment(run, folder, os.environ),
            planned=tuple(host.name for host in run.hosts),
            log=folder / "output.log",
            keep=scratch.lock,
            on_event=on_event,
        )


def memory_folder() -> str | None:
    """Find a folder that is kept in memory alone, for requests may hold secrets; None for the usual temporary one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, from its first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _variables(host: HostRun, folder: Path) -> dict[str, Any]:
    return {
        **host.variables,
        "kit_steps": [{"role": step.role, "part": step.part} for step in host.steps],
        "kit_agent": [host.python, host.agent],
        "kit_requests": str(folder / "requests" / host.name),
        "ansible_connection": host.connection,
        "ansible_python_interpreter": host.python,
        "ansible_become": host.become,
        **host.connection_variables,
    }
