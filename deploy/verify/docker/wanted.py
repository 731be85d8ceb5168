"""A container as a release's compose file makes it, key by key, each with every right value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from deploy.agent.docker.defaults import HostDefaults
from deploy.deployment.service import FIRST_TIMES
from deploy.verify.docker.flat import Flat, capability, environment, labels, plain

ALL = -1
"""Count of a request for every card."""
Alternatives = tuple[Any, ...]
Wanted = dict[str, Alternatives]
SECOND = 10**9
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
TRANSLATED = frozenset(
    {"cap_add", "cap_drop", "command", "deploy", "devices", "dns_opt", "entrypoint", "environment", "extra_hosts"}
    | {"group_add", "healthcheck", "image", "init", "labels", "logging", "mem_limit", "networks", "pids_limit", "ports"}
    | {"read_only", "restart", "security_opt", "stop_grace_period", "sysctls", "tmpfs", "user", "volumes"}
)
"""The keys that the kit writes; another key would be compared with nothing."""


@dataclass(frozen=True)
class Made:
    """The sources of a service's container."""

    project: str
    service: str
    block: dict[str, Any]
    """The service's part of the compose file, as Compose reads it."""
    image: dict[str, Any]
    """The image's own configuration."""
    host: HostDefaults


def wanted_configuration(made: Made, container: str) -> Wanted:
    """Return every key that the release decides, for the container of this id."""
    strange = sorted(set(made.block) - TRANSLATED)
    if strange:
        raise ValueError(f"nobody compares {', '.join(strange)} of a container")
    wanted = {**_process(made, container), **_limits(made), **_storage(made), **_network(made)}
    return {key: tuple(plain(key, value) for value in values) for key, values in wanted.items()}


def _process(made: Made, container: str) -> Wanted:
    block, image = made.block, made.image
    own = {"com.docker.compose.project": made.project, "com.docker.compose.service": made.service}
    given = [f"{name}={value}" for name, value in block.get("environment", {}).items()]
    entry = block.get("entrypoint") or image.get("Entrypoint")
    # An entry point of its own drops the image's command.
    command = block.get("command") or (None if block.get("entrypoint") else image.get("Cmd"))
    place, signal = image.get("WorkingDir") or "", image.get("StopSignal") or ""
    wanted = {
        "Name": f"{made.project}-{made.service}-1",
        "Config.Hostname": container[:12],
        "Config.Image": block["image"],
        "Config.User": block.get("user") or image.get("User"),
        "Config.Entrypoint": entry,
        "Config.Cmd": command,
        "Config.StopTimeout": _nanoseconds(block["stop_grace_period"]) // SECOND,
        "Config.Volumes": sorted(image.get("Volumes") or {}),
        "Config.Shell": image.get("Shell"),
        "Config.OnBuild": image.get("OnBuild"),
        "Config.ArgsEscaped": image.get("ArgsEscaped"),
        **environment([*(image.get("Env") or ()), *given]),
        **labels({**(image.get("Labels") or {}), **block.get("labels", {}), **own}),
    }
    health = block["healthcheck"]
    more = {
        "Config.Healthcheck": (_health(health), _health({**health, **FIRST_TIMES})),
        "Config.StopSignal": (signal, signal or "SIGTERM"),
        "Config.WorkingDir": (place, place or "/"),
    }
    return {**{key: (value,) for key, value in wanted.items()}, **more}


def _health(block: dict[str, Any]) -> dict[str, Any]:
    times = {"Interval": "interval", "Timeout": "timeout", "StartPeriod": "start_period"}
    given = {name: _nanoseconds(block[key]) for name, key in times.items() if key in block}
    return {"Test": block["test"], "Retries": block.get("retries", 0), **given}


def _nanoseconds(text: str) -> int:
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)(ns|us|ms|s|m|h)", str(text)))


def _limits(made: Made) -> Wanted:
    block, host = made.block, made.host
    memory = int(block.get("mem_limit", 0))
    log = block.get("logging", {"driver": "json-file", "options": {}})
    certain = {
        "HostConfig.Memory": memory,
        "HostConfig.PidsLimit": block.get("pids_limit", 0),
        "HostConfig.ReadonlyRootfs": block.get("read_only", False),
        "HostConfig.Init": block.get("init", False),
        "HostConfig.CapAdd": sorted(map(capability, block.get("cap_add", ()))),
        "HostConfig.CapDrop": sorted(map(capability, block.get("cap_drop", ()))),
        "HostConfig.SecurityOpt": sorted(block.get("security_opt", ())),
        "HostConfig.GroupAdd": sorted(block.get("group_add", ())),
        "HostConfig.Devices": [_device(device) for device in sorted(block.get("devices", ()))],
        "HostConfig.DeviceRequests": [_request(device) for device in _reserved(block)],
        "HostConfig.Sysctls": {name: str(value) for name, value in block.get("sysctls", {}).items()},
        "HostConfig.RestartPolicy": {"Name": block["restart"]},
        "HostConfig.Runtime": host.runtime,
    }
    by_host: Wanted = {
        "HostConfig.CgroupnsMode": (*host.cgroup_namespaces, ""),
        "HostConfig.IpcMode": host.ipc,
        "HostConfig.LogConfig": _log(log, host),
        "HostConfig.MemorySwap": host.swap(memory),
        "HostConfig.ShmSize": host.shared_memory,
        "HostConfig.Ulimits": host.limits,
    }
    return {**{key: (value,) for key, value in certain.items()}, **by_host}


def _log(log: dict[str, Any], host: HostDefaults) -> Alternatives:
    driver = log["driver"]
    return tuple({"Type": driver, "Config": options} for options in host.log_options(driver, log["options"]))


def _device(text: str) -> dict[str, str]:
    on_host, _, inside = text.partition(":")
    return {"PathOnHost": on_host, "PathInContainer": inside or on_host, "CgroupPermissions": "rwm"}


def _reserved(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cards that the release reserves; a key beside them would be compared with nothing."""
    deploy = block.get("deploy")
    if deploy is None:
        return []
    devices: list[dict[str, Any]] = deploy["resources"]["reservations"]["devices"]
    if deploy != {"resources": {"reservations": {"devices": devices}}}:
        raise ValueError("nobody compares what `deploy` says beside reserved devices")
    return devices


def _request(device: dict[str, object]) -> dict[str, object]:
    which = {"DeviceIDs": device["device_ids"]} if "device_ids" in device else {"Count": ALL}
    return {"Driver": device["driver"], "Capabilities": [device["capabilities"]], **which}


def _storage(made: Made) -> Wanted:
    tmpfs = {path: options for path, _, options in (mount.partition(":") for mount in made.block.get("tmpfs", ()))}
    wanted: Flat = {"HostConfig.Tmpfs": (tmpfs,)}
    for mount in made.block.get("volumes", ()):
        source, target, is_read_only = mount["source"], mount["target"], mount.get("read_only", False)
        wanted[f"Mounts.{target}"] = ({"Type": "bind", "Source": source, "RW": not is_read_only},)
        asked = {"Type": "bind", "Source": source, "Target": target, "ReadOnly": is_read_only}
        # Versions of Compose ask for a mount in different keys; the mount itself is compared above.
        wanted[f"HostConfig.Mounts.{target}"] = (asked, None)
        wanted[f"HostConfig.Binds.{source}:{target}:{'ro' if is_read_only else 'rw'}"] = (True, None)
    return wanted


def _network(made: Made) -> Wanted:
    block = made.block
    ports = block.get("ports", ())
    published = sorted(f"{port['host_ip']}:{port['published']} to {_inner(port)}" for port in ports)
    exposed = sorted({*(made.image.get("ExposedPorts") or ()), *map(_inner, ports)})
    names = [f"{made.project}_{name}" for name in block.get("networks") or ["default"]]
    return {
        **{f"Networks.{name}": ("joined",) for name in names},
        "Ports": (published, []),
        "Config.ExposedPorts": (exposed,),
        "HostConfig.NetworkMode": tuple(names),
        "HostConfig.PortBindings": (published,),
        "HostConfig.DnsOptions": (sorted(block.get("dns_opt", ())),),
        "HostConfig.ExtraHosts": (sorted(block.get("extra_hosts", ())),),
    }


def _inner(port: dict[str, object]) -> str:
    return f"{port['target']}/{port['protocol']}"
