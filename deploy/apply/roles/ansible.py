"""One run of ansible-playbook: pure functions build its argv, environment and files; a subprocess runs it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.agent.line import call
from deploy.apply.phases.phase import ROLE_PHASES, RoleStep, Step, VerbStep
from deploy.apply.roles.inventory import as_data, inventory_text
from deploy.apply.roles.process import OnEvent, PlaybookResult, watch
from deploy.scratch import memory_folder, scratch_folder

CALLBACKS = Path(__file__).parent / "callback_plugins"
KEPT = ("HOME", "LOGNAME", "PATH", "SSH_AUTH_SOCK", "TMPDIR", "USER")
"""The caller's variables that a run gets; any other could change its behaviour."""
OnPhase = Callable[[str], None]


class Content(Protocol):
    """The content of a run's phases, asked for when each begins."""

    def request(self, host: str, step: VerbStep) -> Mapping[str, object]:
        """Return the request of a step that the agent carries out."""

    def variables(self, host: str, step: RoleStep) -> Mapping[str, object]:
        """Return the variables of a step's role; values are data and never templates."""


@dataclass(frozen=True)
class HostRun:
    """One host's part in a run."""

    name: str
    steps: Mapping[str, tuple[Step, ...]]
    """Steps by phase; a phase without work is not in it."""
    agent: str
    """The agent's file on the host."""
    connection: Mapping[str, object]
    """Connection of the host as its transport says it: ansible_host, ansible_user and the like."""
    python: str = "/usr/bin/python3"


@dataclass(frozen=True)
class PlaybookRun:
    """One run of one playbook over its hosts."""

    hosts: tuple[HostRun, ...]
    playbook: Path
    roles: Path
    keep_going: bool = False
    """True if a host that fails stops no other behind its phase."""


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
    """Build the whole environment: the user's own Ansible settings never reach a run."""
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
    """Build the files of a run: an empty ansible.cfg, and the inventory with a group for each phase."""
    groups = {f"phase_{phase}": [host.name for host in run.hosts if host.steps.get(phase)] for phase in ROLE_PHASES}
    inventory = inventory_text({host.name: _variables(host, folder) for host in run.hosts}, groups)
    return {"ansible.cfg": "", "inventory.json": inventory}


def phase_files(run: PlaybookRun, phase: str, content: Content) -> dict[str, str]:
    """Build the files of a phase: per host, the requests of its verbs and the variables of its roles."""
    files = {}
    for host in run.hosts:
        variables: dict[str, object] = {}
        for step in host.steps.get(phase, ()):
            if isinstance(step, VerbStep):
                files[_request(host, phase, step)] = _json({**_envelope(host), **content.request(host.name, step)})
            elif isinstance(step, RoleStep):
                variables |= content.variables(host.name, step)
        if phase in host.steps:
            files[f"{_folder(host)}/{phase}/variables.json"] = _json(as_data(variables))
    return files


def _envelope(host: HostRun) -> dict[str, object]:
    """Return the keys that each request to a host has; a signal reaches an agent on this machine alone."""
    follows = {} if host.connection.get("ansible_connection") == "local" else {"follows_hold": True}
    return {**call(), **follows}


def run_playbook(run: PlaybookRun, content: Content, on_event: OnEvent, on_phase: OnPhase) -> PlaybookResult:
    """Run it and tell each phase and event; on Ctrl-C the run is stopped with everything that it started."""
    with scratch_folder("kit-playbook-", memory_folder()) as scratch:
        folder = scratch.path
        (folder / "cp").mkdir(mode=0o700)
        for path, text in playbook_files(run, folder).items():
            write_private(folder / path, text)

        def begin(phase: str) -> None:
            if any(host.steps.get(phase) for host in run.hosts):
                on_phase(phase)
            for path, text in phase_files(run, phase, content).items():
                write_private(folder / path, text)

        return watch(
            playbook_argv(run, folder),
            playbook_environment(run, folder, os.environ),
            planned=tuple(host.name for host in run.hosts),
            log=folder / "output.log",
            keep=scratch.lock,
            on_event=on_event,
            on_phase=begin,
            keep_going=run.keep_going,
        )


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from the first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _variables(host: HostRun, folder: Path) -> dict[str, object]:
    return {
        "kit_steps": {phase: [_step(step) for step in steps] for phase, steps in host.steps.items()},
        "kit_agent": [host.python, host.agent],
        "kit_phases": str(folder / _folder(host)),
        "ansible_python_interpreter": host.python,
        **host.connection,
    }


def _step(step: Step) -> dict[str, str]:
    if isinstance(step, VerbStep):
        return {"role": "agent", "verb": step.verb}
    return {"role": step.key, "verb": ""}


def _folder(host: HostRun) -> str:
    return f"phases/{host.name}"


def _request(host: HostRun, phase: str, step: VerbStep) -> str:
    return f"{_folder(host)}/{phase}/requests/{step.verb}.json"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)
