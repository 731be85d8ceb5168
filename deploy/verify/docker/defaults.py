"""What may stand in a container's configuration although no release says it: Docker's own safe defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

BLANKS: tuple[Any, ...] = (None, "", 0, False, [], {})
"""Values of a key that switch nothing on; a newer Docker's keys stand there with one of these."""

DEFAULTS: dict[str, tuple[Any, ...]] = {
    "AppArmorProfile": ("docker-default",),
    # A terminal's size, of a container without one.
    "HostConfig.ConsoleSize": ([0, 0],),
    "HostConfig.Isolation": ("default",),
    # Its log goes to Docker; nobody is attached to it.
    "Config.AttachStdout": (True,),
    "Config.AttachStderr": (True,),
    # Compose's own, of a container that it makes once, and not for a single command.
    "Config.Labels.com.docker.compose.container-number": (["1"],),
    "Config.Labels.com.docker.compose.oneoff": (["False"],),
}

FACTS = (
    re.compile(r"Networks\.[^.]+\.(NetworkID|EndpointID|Gateway|IPAddress|IPPrefixLen|IPv6Gateway|MacAddress)"),
    re.compile(r"Networks\.[^.]+\.(GlobalIPv6Address|GlobalIPv6PrefixLen)"),
    re.compile(r"Config\.Labels\.com\.docker\.compose\.(config-hash|image|replace|version)"),
    re.compile(r"Config\.Labels\.com\.docker\.compose\.project\.\w+"),
)
"""Keys that Docker and Compose fill as they go; nobody chooses them."""

MASKED = frozenset(
    f"/{path}"
    for path in (
        "proc/acpi",
        "proc/asound",
        "proc/kcore",
        "proc/keys",
        "proc/latency_stats",
        "proc/sched_debug",
        "proc/scsi",
        "proc/timer_list",
        "proc/timer_stats",
        "sys/firmware",
    )
)
"""Paths that every Docker since 20.10 hides from a container; newer ones hide more."""

UNWRITABLE = frozenset({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"})
"""Paths that no container may write to."""

LOG_DRIVER = "json-file"
SHARED_MEMORY = 64 * 2**20
UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


@dataclass(frozen=True)
class HostDefaults:
    """What one host's Docker fills in by itself: by its version, its kernel and its daemon.json."""

    runtime: str
    is_cgroup_v1: bool
    limits_swap: bool
    daemon: dict[str, Any]

    @property
    def cgroup_namespace(self) -> str:
        """Return the cgroup namespace that a container gets; on cgroup v1 it is the host's."""
        return str(self.daemon.get("default-cgroupns-mode") or ("host" if self.is_cgroup_v1 else "private"))

    @property
    def ipc(self) -> str:
        """Return the namespace of shared memory that a container gets."""
        return str(self.daemon.get("default-ipc-mode") or "private")

    @property
    def shared_memory(self) -> int:
        """Return the size of /dev/shm."""
        match = re.fullmatch(r"(\d+)([bkmg]?)b?", str(self.daemon.get("default-shm-size") or "").lower())
        return int(match[1]) * UNITS[match[2]] if match else SHARED_MEMORY

    def log_options(self, driver: str) -> dict[str, str]:
        """Return the options that the daemon adds to a container's log: it does so where the driver is its own."""
        if str(self.daemon.get("log-driver") or LOG_DRIVER) != driver:
            return {}
        return {name: str(value) for name, value in (self.daemon.get("log-opts") or {}).items()}


def host_defaults(info: dict[str, Any], daemon: dict[str, Any]) -> HostDefaults:
    """Read what Docker says of itself, and its daemon.json."""
    return HostDefaults(
        runtime=str(info.get("DefaultRuntime") or "runc"),
        is_cgroup_v1=str(info.get("CgroupVersion") or "1") == "1",
        limits_swap=bool(info.get("SwapLimit")),
        daemon=daemon,
    )
