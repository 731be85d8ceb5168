"""Docker's own safe defaults: a container's configuration may hold them although no release states them."""

from __future__ import annotations

import re

BLANKS: tuple[object, ...] = (None, "", 0, False, [], {})
"""Values that switch nothing on; keys that a newer Docker adds have such a value."""

DEFAULTS: dict[str, tuple[object, ...]] = {
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
"""Keys that Docker and Compose fill by themselves; nobody chooses them."""

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
