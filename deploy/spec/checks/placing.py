"""Hosts of the parts: each part is on a host of the file, and reaches the parts that it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deploy.fields.addresses import hostname_of, is_loopback
from deploy.fields.service import ServiceSpec
from deploy.reading.document import FieldPath
from deploy.spec.checks.finding import Finding
from deploy.spec.model import Engine, Gateway, Spec, WebUI
from deploy.spec.placed import address_of, host_of, hosts_in
from deploy.stack import HERE

Part = Engine | Gateway | WebUI

OF_ANY_HOST = {"manage"}
"""Fields of a host that have nothing to do with the way to it."""


def hosts_are_named(spec: Spec) -> Iterator[Finding]:
    """A part is on a host that the file names; where there are several, it says on which."""
    names = tuple(spec.hosts)
    for path, part in _parts(spec):
        if part.host is None and len(names) > 1:
            yield Finding(path, f"says no host; write `host:` with one of {', '.join(names)}", whole=("hosts",))
        elif part.host is not None and not names:
            words = "the file names no hosts; name it under `hosts`, or leave `host` out: this machine runs everything"
            yield Finding((*path, "host"), words, whole=("hosts",))
        elif part.host is not None and part.host not in names:
            words = f"no host is called {part.host}"
            yield Finding((*path, "host"), words, whole=("hosts",), wanted=(part.host, names))


def this_machine_needs_no_address(spec: Spec) -> Iterator[Finding]:
    """The host `here` is the machine that kit runs on; no SSH leads there."""
    for field in sorted(spec.hosts[HERE].model_fields_set - OF_ANY_HOST) if HERE in spec.hosts else ():
        words = f"`{HERE}` is the machine that kit runs on; write `{HERE}: {{}}`, or give the host another name"
        yield Finding(("hosts", HERE, field), words)


def hosts_are_different_machines(spec: Spec) -> Iterator[Finding]:
    """Two names for one machine would overwrite each other's files, and each would remove the other's services."""
    first: dict[tuple[str, int, str], str] = {}
    for name, host in spec.hosts.items():
        taken = first.setdefault((address_of(spec, name).lower(), host.port or 22, host.jump or ""), name)
        if taken != name and HERE not in {name, taken}:
            words = f"{address_of(spec, name)} is the address of {taken} too; write each machine once"
            yield Finding(("hosts", name), words, (("hosts", taken),))


def fronts_reach_their_engines(spec: Spec) -> Iterator[Finding]:
    """A part that asks engines reaches those of other hosts where these are published."""
    for name, front in _askers(spec):
        place, known = host_of(spec, front), set(hosts_in(spec))
        for index, engine in enumerate(spec.engines):
            host, path = host_of(spec, engine), ("engines", index)
            if host == place or not {host, place} <= known:
                continue
            also: tuple[FieldPath, ...] = ((name,), (name, "host"))
            if isinstance(engine, ServiceSpec) and not engine.is_open:
                yield Finding((*path, "host"), _unreachable(host, f"its {name}", place), also)
            elif is_loopback(hostname_of(engine.outside)):
                words = f"is an address of {host} alone, and the {name} is on {place}; write `host: {place}` at both"
                yield Finding((*path, "url"), words, (*also, (*path, "host")))


def the_page_reaches_its_gateway(spec: Spec) -> Iterator[Finding]:
    """The web UI reaches a gateway of another host where that is published."""
    if spec.gateway is None or spec.webui is None or spec.gateway.is_open:
        return
    there, own = host_of(spec, spec.gateway), host_of(spec, spec.webui)
    if there != own and {there, own} <= set(hosts_in(spec)):
        yield Finding(("gateway",), _unreachable(there, "the web UI", own), (("webui",), ("webui", "host")))


def _unreachable(host: str, asker: str, place: str) -> str:
    return f"is on {host} and {asker} on {place}; write `publish: lan` here, or the same host at both"


def _askers(spec: Spec) -> Iterator[tuple[str, Gateway | WebUI]]:
    """Yield the parts that ask engines themselves."""
    if spec.gateway is not None:
        yield "gateway", spec.gateway
    if spec.webui is not None and (spec.gateway is None or spec.webui.through == "engines"):
        yield "webui", spec.webui


def _parts(spec: Spec) -> Iterator[tuple[FieldPath, Part]]:
    yield from ((("engines", index), engine) for index, engine in enumerate(spec.engines))
    yield from ((("gateway",), part) for part in (spec.gateway,) if part is not None)
    yield from ((("webui",), part) for part in (spec.webui,) if part is not None)


PLACING_CHECKS: tuple[Callable[[Spec], Iterator[Finding]], ...] = (
    hosts_are_named,
    this_machine_needs_no_address,
    hosts_are_different_machines,
    fronts_reach_their_engines,
    the_page_reaches_its_gateway,
)
