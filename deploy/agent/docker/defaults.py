"""Docker's defaults for a container where the release says nothing: by version, kernel and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

PROXY_VARIABLES = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for name in (upper, upper.lower())
)
"""Variables that Docker's client takes from the `proxies` of its config.json."""

LOG_DRIVER = "json-file"
LIMITS = {"MemoryLimit": "memory", "PidsLimit": "processes"}
SHARED_MEMORY = 64 * 2**20
UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
OWN_LOG_OPTIONS = ("max-size", "max-file")
"""Log options that each release sets for its containers; all others come from Docker."""
Alternatives = tuple[Any, ...]

HARMLESS_OPTIONS = {
    "com.docker.network.driver.mtu": None,
    "com.docker.network.bridge.name": None,
    "com.docker.network.container_iface_prefix": None,
    # Each port of the kit's names its own address.
    "com.docker.network.bridge.host_binding_ipv4": None,
    "com.docker.network.bridge.enable_icc": None,
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.gateway_mode_ipv4": "nat",
    "com.docker.network.bridge.gateway_mode_ipv6": "nat",
    "com.docker.network.enable_ipv4": "true",
    "com.docker.network.enable_ipv6": "false",
}
"""Network options that open no network, each with its only harmless value; None allows any value."""


class HostDefaults(NamedTuple):
    """The defaults of one host's Docker.

    A changed daemon.json takes effect at Docker's next start, so both its value and Docker's own are right.
    """

    runtime: str
    is_cgroup_v1: bool
    limits_swap: bool
    daemon: dict[str, Any]
    """Keys of daemon.json, and Docker's own options under the same names."""
    is_confined: bool = True
    """False if Docker blocks no system call for any container."""

    @property
    def cgroup_namespaces(self) -> Alternatives:
        """Return the valid cgroup namespaces; Docker on cgroup v1 uses the host's."""
        given = self.daemon.get("default-cgroupns-mode")
        return _some(*([str(given)] if given else []), "host" if self.is_cgroup_v1 else "private")

    @property
    def ipc(self) -> Alternatives:
        """Return the valid namespaces of shared memory."""
        given = self.daemon.get("default-ipc-mode")
        return _some(*([str(given)] if given else []), "private")

    @property
    def shared_memory(self) -> Alternatives:
        """Return the valid sizes of /dev/shm."""
        match = re.fullmatch(r"(\d+)([bkmg]?)b?", str(self.daemon.get("default-shm-size") or "").lower())
        return _some(*([int(match[1]) * UNITS[match[2]]] if match else []), SHARED_MEMORY)

    @property
    def limits(self) -> Alternatives:
        """Return the valid process limits (`ulimit`); Docker shows its own on every container."""
        given = self.daemon.get("default-ulimits") or {}
        return _some(*([sorted_limits([_limit(*limit) for limit in given.items()])] if given else []), [])

    def swap(self, memory: int) -> Alternatives:
        """Return the valid limits of memory with swap; a kernel without swap accounting has none."""
        return (2 * memory,) if self.limits_swap else (2 * memory, -1, 0)

    def log_options(self, driver: str, own: dict[str, str]) -> Alternatives:
        """Return the valid log options: Docker adds its own if the driver is its default."""
        if str(self.daemon.get("log-driver") or LOG_DRIVER) != driver:
            return (own,)
        given = self.daemon.get("log-opts")
        added = {name: str(value) for name, value in given.items()} if isinstance(given, dict) else {}
        return _some({**added, **own}, own)


def host_defaults(info: dict[str, Any], daemon: dict[str, Any]) -> HostDefaults:
    """Derive the defaults from Docker's `info` and its settings."""
    driver = info.get("LoggingDriver")
    return HostDefaults(
        runtime=str(info.get("DefaultRuntime") or "runc"),
        is_cgroup_v1=str(info.get("CgroupVersion") or "1") == "1",
        limits_swap=bool(info.get("SwapLimit")),
        daemon={**daemon, **({"log-driver": driver} if driver else {})},
        is_confined="name=seccomp,profile=unconfined" not in (info.get("SecurityOptions") or ()),
    )


def outdated_defaults(container: dict[str, Any], host: HostDefaults) -> list[str]:
    """Return in words the defaults of an inspected container that Docker would set differently now.

    The compose file does not set them, so only a new container gets the current ones.
    """
    return list(_outdated(container["HostConfig"], host))


def _outdated(config: dict[str, Any], host: HostDefaults) -> Iterator[str]:
    right: dict[str, Alternatives] = {
        "CgroupnsMode": host.cgroup_namespaces,
        "IpcMode": host.ipc,
        "Runtime": (host.runtime,),
        "ShmSize": host.shared_memory,
    }
    for key, values in right.items():
        # An engine that does not know a key shows none.
        if config.get(key) not in (None, "", 0, *values):
            yield f"{key} is {config[key]}, not {values[0]}"
    log = config.get("LogConfig") or {}
    options = log.get("Config") or {}
    own = {name: options[name] for name in OWN_LOG_OPTIONS if name in options}
    if log.get("Type") and options not in host.log_options(log["Type"], own):
        yield "its log has options that Docker no longer sets"
    memory = config.get("Memory")
    if memory and "MemorySwap" in config and config["MemorySwap"] not in host.swap(memory):
        yield f"MemorySwap is {config['MemorySwap']}, not {2 * memory}"


def injected_proxies(container: dict[str, Any]) -> list[str]:
    """Return the variables of an inspected container that Docker's client may have added."""
    names = {line.partition("=")[0] for line in container["Config"].get("Env") or ()}
    return sorted(names & PROXY_VARIABLES)


def opening_options(options: dict[str, object]) -> list[str]:
    """Return the network options that may open a network, unknown options included."""
    return sorted(
        name
        for name, value in options.items()
        if name not in HARMLESS_OPTIONS or HARMLESS_OPTIONS[name] not in (None, str(value).lower())
    )


def missing_limits(info: dict[str, object]) -> list[str]:
    """Return the limits that this kernel does not support; Docker drops such a limit with a warning."""
    return [word for key, word in LIMITS.items() if info.get(key) is False]


def sorted_limits(limits: object) -> Any:
    """Return process limits in one order and with the same keys; any other value is returned unchanged."""
    if not isinstance(limits, list):
        return limits
    return sorted((_limit(str(limit.get("Name")), limit) for limit in limits), key=lambda limit: str(limit["Name"]))


def _limit(name: str, limit: dict[str, object]) -> dict[str, object]:
    return {"Name": name, "Hard": limit.get("Hard"), "Soft": limit.get("Soft")}


def _some(*values: object) -> Alternatives:
    return tuple(value for place, value in enumerate(values) if value not in values[:place])
