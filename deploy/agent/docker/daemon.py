"""The settings that Docker was started with: its daemon.json and its command line options."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

DAEMON_JSON = Path("/etc/docker/daemon.json")
PID = Path("/var/run/docker.pid")
PROC = Path("/proc")
SINGLE = {
    "--default-cgroupns-mode": "default-cgroupns-mode",
    "--default-ipc-mode": "default-ipc-mode",
    "--default-shm-size": "default-shm-size",
    "--log-driver": "log-driver",
}
"""Options that have the same name as a key of daemon.json."""


def daemon_settings(path: Path = DAEMON_JSON, pid: Path = PID, proc: Path = PROC) -> dict[str, Any]:
    """Return the keys of daemon.json, and under the same names the options that affect containers."""
    argv = _argv(pid, proc)
    options = [(name, value) for name, value in _options(argv) if value]
    file = next((Path(value) for name, value in options if name == "--config-file"), path)
    document, _ = daemon_json(file)
    single = {SINGLE[name]: value for name, value in options if name in SINGLE}
    settings: dict[str, Any] = {**(document or {}), **single}
    log = dict(value.split("=", 1) for name, value in options if name == "--log-opt" and "=" in value)
    limits = dict(_ulimit(value) for name, value in options if name == "--default-ulimit" and "=" in value)
    for key, more in (("log-opts", log), ("default-ulimits", limits)):
        if more:
            before = settings.get(key)
            settings[key] = {**(before if isinstance(before, dict) else {}), **more}
    return settings


def daemon_json(path: Path = DAEMON_JSON) -> tuple[dict[str, Any] | None, str | None]:
    """Return the content of daemon.json, or the reason why Docker would not read it; neither if it is missing."""
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if text.strip() else {}
    except (FileNotFoundError, PermissionError):
        return None, None
    except json.JSONDecodeError as problem:
        return None, f"line {problem.lineno}, column {problem.colno}: {problem.msg}"
    except (OSError, ValueError) as problem:
        return None, str(problem)
    return (document, None) if isinstance(document, dict) else (None, "does not hold a JSON object, `{...}`")


def _argv(pid: Path, proc: Path) -> list[str]:
    try:
        number = int(pid.read_text())
        return (proc / str(number) / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except (OSError, ValueError):
        return []


def _options(argv: list[str]) -> list[tuple[str, str]]:
    """Return each option with its value, which may be a separate word."""
    following = [*argv[1:], ""]
    pairs = [(word.partition("=") if "=" in word else (word, "", after)) for word, after in zip(argv, following)]
    return [(name, value) for name, _, value in pairs if name.startswith("--")]


def _ulimit(value: str) -> tuple[str, dict[str, object]]:
    name, _, numbers = value.partition("=")
    soft, _, hard = numbers.partition(":")
    limits = [int(number) if re.fullmatch(r"-?\d+", number) else number for number in (soft, hard or soft)]
    return name, {"Name": name, "Soft": limits[0], "Hard": limits[1]}
