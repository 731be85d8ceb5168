"""Addresses that appear after Docker at boot: the kernel lets Docker's proxy listen on them earlier.

Without the setting Docker tries once. A container whose address is missing then stays down, even with
`restart: always`.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import project_of
from deploy.agent.nonlocal_binding import SETTINGS
from deploy.agent.remembered import write_file

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Changed
    from deploy.agent.contract.releases import LateRequest

AT_BOOT = Path("/etc/sysctl.d")
OTHERS = ("/etc/sysctl.conf", "/run/sysctl.d/*.conf", "/usr/lib/sysctl.d/*.conf", "/lib/sysctl.d/*.conf")
LIVE = Path("/proc/sys")
ON = "1"


def path_of(stack: str) -> Path:
    """Return the file that restores a stack's settings at each boot."""
    return AT_BOOT / f"90-{project_of(stack)}.conf"


def run(request: LateRequest, _journal: Journal) -> Changed:
    """Apply exactly the settings that a stack needs."""
    return {"changed": ensure(request["stack"], tuple(request["settings"]))}


def observe(stack: str) -> dict[str, list[str]]:
    """Return the settings in the stack's file, those in effect, and those that can be set here."""
    return {
        "written": _written(path_of(stack)),
        "live": [name for name in SETTINGS if _live(name) == ON],
        "settable": [name for name in SETTINGS if os.access(_place(name), os.W_OK)],
    }


def ensure(stack: str, settings: tuple[str, ...]) -> bool:
    """Write the stack's file and the kernel's settings; a setting that another file makes as well stays."""
    path = path_of(stack)
    before = _written(path)
    changed = _write(path, stack, settings)
    for name in SETTINGS:
        if name in settings and _live(name) != ON:
            _set(name, ON)
            changed = True
        elif name in before and name not in settings and not _is_set_elsewhere(name):
            _set(name, "0")
    return changed


def _write(path: Path, stack: str, settings: tuple[str, ...]) -> bool:
    if not settings:
        is_there = path.exists()
        path.unlink(missing_ok=True)
        return is_there
    head = f"# Written by kit for the stack {stack}: a service may listen on an address that comes after Docker.\n"
    content = (head + "".join(f"{name} = {ON}\n" for name in settings)).encode()
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content, 0o644)
    return True


def _written(path: Path) -> list[str]:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith(("#", ";")))
    values = {name.strip().lstrip("-"): value.strip() for name, _, value in pairs}
    return [name for name in SETTINGS if values.get(name) == ON]


def _is_set_elsewhere(name: str) -> bool:
    files = [*AT_BOOT.glob("*.conf"), *(path for pattern in OTHERS for path in Path("/").glob(pattern.lstrip("/")))]
    return any(name in _written(path) for path in files)


def _place(name: str) -> Path:
    return LIVE / name.replace(".", "/")


def _live(name: str) -> str:
    with contextlib.suppress(OSError):
        return _place(name).read_text().strip()
    return ""


def _set(name: str, value: str) -> None:
    try:
        _place(name).write_text(value)
    except OSError as problem:
        raise AgentError(
            f"the kernel's setting {name} cannot be set here: {problem.strerror}",
            "write `publish: local`, or let the host's administrator set it",
        ) from problem
