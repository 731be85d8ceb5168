"""An inspected container as single keys, each with a value that can be compared: the order of sets is no difference."""

from __future__ import annotations

from typing import Any

from deploy.agent.docker.defaults import sorted_limits
from deploy.verify.docker.defaults import BLANKS, MASKED, UNWRITABLE

Flat = dict[str, Any]
COMPOSE = "com.docker.compose."
FREE_FORM = ("Config", "Tmpfs", "Sysctls", "Annotations", "StorageOpt", "DriverOpts", "Options", "Labels")
"""Maps whose keys somebody chose: an empty value counts there."""
UNORDERED = ("CapAdd", "CapDrop", "SecurityOpt", "GroupAdd", "DnsOptions", "Devices", "ExtraHosts")


def flat(container: dict[str, Any]) -> Flat:
    """Return every key of a container's configuration."""
    names = own_names(container)
    keys: Flat = {"AppArmorProfile": container.get("AppArmorProfile"), "Name": container["Name"].lstrip("/")}
    keys |= {f"Config.{key}": value for key, value in container["Config"].items()}
    keys |= {f"HostConfig.{key}": value for key, value in container["HostConfig"].items()}
    keys |= environment(keys.pop("Config.Env", None))
    keys |= labels(keys.pop("Config.Labels", None))
    for key in ("Config.ExposedPorts", "Config.Volumes"):
        keys[key] = sorted(keys.get(key) or {})
    for key in UNORDERED:
        keys[f"HostConfig.{key}"] = sorted(keys.get(f"HostConfig.{key}") or [], key=str)
    for key in ("HostConfig.CapAdd", "HostConfig.CapDrop"):
        keys[key] = sorted(capability(name) for name in keys[key])
    keys["HostConfig.PortBindings"] = bindings(keys.get("HostConfig.PortBindings") or {})
    # Only what is missing can be wrong: every Docker hides what older ones do, and more.
    keys["HostConfig.MaskedPaths"] = _missing(MASKED, keys.get("HostConfig.MaskedPaths"))
    keys["HostConfig.ReadonlyPaths"] = _missing(UNWRITABLE, keys.get("HostConfig.ReadonlyPaths"))
    keys["HostConfig.Ulimits"] = sorted_limits(keys.get("HostConfig.Ulimits") or [])
    keys |= _named("HostConfig.Mounts", {mount["Target"]: mount for mount in keys.pop("HostConfig.Mounts", None) or ()})
    keys |= _named("HostConfig.Binds", dict.fromkeys(keys.pop("HostConfig.Binds", None) or (), True))
    keys |= _named("Mounts", {mount["Destination"]: _mount(mount) for mount in container.get("Mounts") or ()})
    for name, network in (container["NetworkSettings"].get("Networks") or {}).items():
        keys[f"Networks.{name}"] = "joined"
        keys |= _named(f"Networks.{name}", _network(network or {}, names))
    keys["Ports"] = bindings(container["NetworkSettings"].get("Ports") or {})
    return {key: plain(key, value) for key, value in keys.items()}


def own_names(container: dict[str, Any]) -> set[str]:
    """Return the names by which other containers find this container."""
    service = (container["Config"].get("Labels") or {}).get("com.docker.compose.service", "")
    return {container["Name"].lstrip("/"), service, container["Id"][:12]}


def environment(lines: list[str] | None) -> Flat:
    """Return a container's variables; an empty value counts as well."""
    return _named("Config.Env", {name: [value] for name, _, value in (line.partition("=") for line in lines or ())})


def labels(values: dict[str, str] | None) -> Flat:
    """Return a container's labels without the empty ones of Compose."""
    kept = {name: value for name, value in (values or {}).items() if value or not name.startswith(COMPOSE)}
    return _named("Config.Labels", {name: [value] for name, value in kept.items()})


def capability(name: str) -> str:
    """Return a capability's name without the prefix that some versions of Docker write."""
    return name.upper().removeprefix("CAP_")


def request_words(request: dict[str, Any]) -> str:
    """Return a container's request for cards as `driver cards`, as a plan words it."""
    return f"{request.get('Driver') or 'no driver'} {', '.join(request.get('DeviceIDs') or ()) or 'all'}"


def bindings(ports: dict[str, Any]) -> list[str]:
    """Return published ports as `address:port to port/protocol`."""
    bound = ((port, binding) for port, places in ports.items() for binding in places or ())
    return sorted(f"{binding['HostIp']}:{binding['HostPort']} to {port}" for port, binding in bound)


def plain(key: str, value: object) -> Any:
    """Return a key's value without the parts that switch nothing on."""
    return value if key.split(".")[-1] in FREE_FORM else stripped(value)


def stripped(value: object) -> Any:
    """Return a value without the parts that switch nothing on."""
    if isinstance(value, dict):
        parts = {key: part if key in FREE_FORM else stripped(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if not is_blank(part)}
    if isinstance(value, list):
        return [stripped(part) for part in value]
    return value


def is_blank(value: object) -> bool:
    """Return True if a value switches nothing on."""
    return any(value == blank and isinstance(value, type(blank)) for blank in BLANKS)


def _named(key: str, values: dict[str, object]) -> Flat:
    return {f"{key}.{name}": value for name, value in values.items()}


def _missing(least: frozenset[str], paths: list[str] | None) -> list[str]:
    return sorted(least - set(paths or ()))


def _mount(mount: dict[str, object]) -> dict[str, object]:
    plain = {"Mode": ("ro", "rw"), "Propagation": ("rprivate",)}
    kept = {key: value for key, value in mount.items() if value not in plain.get(key, ())}
    return {key: value for key, value in kept.items() if key != "Destination"}


def _network(network: dict[str, Any], names: set[str]) -> dict[str, Any]:
    # Aliases hold the container's own names in some Dockers, and none of them in others.
    return {**network, **{key: sorted(set(network.get(key) or ()) - names) for key in ("Aliases", "DNSNames")}}
