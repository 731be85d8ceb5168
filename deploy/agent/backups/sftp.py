"""A repository over sftp: ssh's command line with a strict host key, and the words for what ssh says."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.remembered import write_file

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Ssh

SFTP = "sftp:"
COMMAND = "sftp.command="
CONNECT_SECONDS = 15
ALIAS = "kit-backup"
"""Name that the server's key has in the kit's own file."""
NO_SESSION = "unable to start the sftp session"
"""restic's words for an ssh that ended; it often drops ssh's own."""
_STEPS = (
    (
        ("Host key verification failed", "host key is known"),
        "its SSH key is unknown here, or another one than before",
        "if it is the right machine, write its key as `host_key` under `ssh` in `backup`, or into root's known_hosts",
    ),
    (
        ("Permission denied",),
        "it does not let root of this host sign in",
        "add this host's public key to its authorized_keys; `identity` under `ssh` in `backup` names the private one",
    ),
)
"""Words of ssh, with what they mean and the next step."""
_SILENT = ("it does not answer", "switch it on, or see why this host does not reach it; then run the backup again")


def is_remote(repository: str) -> bool:
    """True if a repository lies on another machine."""
    return repository.startswith(SFTP)


def options(root: Path, repository: str, ssh: Ssh | None) -> tuple[str, ...]:
    """Return restic's options for the way to a repository; none for one on the host itself."""
    if not is_remote(repository):
        return ()
    way = ssh or {"port": None, "identity": None, "host_key": None}
    return "-o", f"{COMMAND}{shlex.join(_argv(root, repository, way))}"


def as_fields(options: tuple[str, ...]) -> list[str]:
    """Return options as restic reads them: it takes each for a line of CSV, whose field a quotation mark would end."""
    return ['"' + word.replace('"', '""') + '"' if word.startswith(COMMAND) else word for word in options]


def _argv(root: Path, repository: str, way: Ssh) -> list[str]:
    target = repository[len(SFTP) :].partition(":")[0]
    settings = {
        # No question to anybody, no key that nobody has checked, and no banner: a word on standard error is a failure.
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "LogLevel": "ERROR",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "ServerAliveInterval": str(CONNECT_SECONDS),
        **(_known(root, way["host_key"]) if way["host_key"] else {}),
        **({"IdentitiesOnly": "yes", "IdentityFile": f'"{way["identity"]}"'} if way["identity"] else {}),
    }
    words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    # Without a port in kit.yaml, ssh asks root's own settings for it.
    port = ["-p", str(way["port"])] if way["port"] else []
    return ["ssh", *port, *words, target, "-s", "sftp"]


def _known(root: Path, key: str) -> dict[str, str]:
    """Write the key into a file of its own, and return the settings with which it alone counts."""
    path = root / "run" / "backup_known_hosts"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, f"{ALIAS} {key}\n".encode(), 0o600)
    return {"UserKnownHostsFile": str(path), "GlobalKnownHostsFile": "/dev/null", "HostKeyAlias": ALIAS}


def no_session(repository: str, options: tuple[str, ...], complaints: str) -> AgentError | None:
    """Return why no session began, in the words of ssh; None if restic's complaints are about something else."""
    if NO_SESSION not in complaints:
        return None
    host, said = repository[len(SFTP) :].partition(":")[0].rpartition("@")[2], _said(options)
    problem, step = next(
        ((problem, step) for words, problem, step in _STEPS if any(word in said for word in words)), _SILENT
    )
    return AgentError(f"{host}, which has the repository: {problem} ({said})", step)


def _said(options: tuple[str, ...]) -> str:
    """Return the last line of an ssh that is asked once more."""
    argv = shlex.split(options[-1][len(COMMAND) :])
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * CONNECT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"ssh ended with {done.returncode}"
