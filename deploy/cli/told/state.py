"""A host's state as text for people and as JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from deploy.agent.line import Line
from deploy.apply.prepared.prepare import Prepared
from deploy.cli.terminal.board import duration
from deploy.cli.terminal.columns import bad, columns, dim, good
from deploy.cli.told.backups import NO_BACKUPS, backup_document, standing
from deploy.cli.told.drift import drift
from deploy.cli.told.indexes import lost_lines
from deploy.cli.told.machine import first_card, host_line
from deploy.cli.told.modelling import counted, summary
from deploy.cli.told.welcome import page_address, places
from deploy.decide.desired import Desired, Share
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Container
from deploy.lifecycle.models import rows
from deploy.plan.contexts import given_context
from deploy.plan.devices import lost_advice
from deploy.plan.preflight import printed

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Holder

HEADINGS = ("SERVICE", "STATE", "SINCE", "PORTS", "IMAGE")


def state_text(share: Share, prepared: Prepared, every_package: bool) -> str:
    """Return the status of one host as text."""
    observation, plan = prepared.observation, prepared.plan
    parts = [f"{_release(share, prepared)}\n{host_line(observation)}"]
    if observation.services:
        parts.append(columns(_rows(observation, datetime.now(UTC)), HEADINGS))
    if observation.release is not None and _has_page(share):
        parts.append(_page(share, observation))
    if observation.release is not None:
        parts.append("\n".join(_models(share, observation)))
    parts.append("\n".join(_images(share, observation, every_package)))
    parts.append("\n".join(f"{bad('drift')}  {line}" for line in _drift(share, observation)))
    parts.append("\n".join(lost_lines(observation)))
    parts += list(printed(observation))
    parts.append("\n".join(_left(observation)))
    pending = len(plan.operations)
    if pending:
        parts.append(
            f"kit.yaml would change {pending} thing{'s' if pending > 1 else ''}: {Line('plan', spec=share.path)}"
        )
    if observation.release is not None:
        parts.append("\n".join([*places(_data(share, observation).values()), *standing(share, observation)]))
    return "\n\n".join(part for part in parts if part)


def _drift(share: Share, observation: Observation) -> list[str]:
    return [*drift(observation), *lost_advice(share.deployment, observation)]


def _has_page(share: Share) -> bool:
    """Return True if the web page is this host's."""
    webui = share.spec.webui
    return webui is not None and any(service.name == webui.kind for service in share.deployment.services)


def _is_open(share: Share, observation: Observation) -> bool:
    """Return True if the web page runs."""
    webui = share.spec.webui
    container = observation.services.get(webui.kind) if webui else None
    return container is not None and container.state == "running"


def _address(share: Share, observation: Observation) -> str | None:
    """Return the address of the web page: the applied one, not the one in kit.yaml."""
    address, webui = page_address(share.desired), share.spec.webui
    container = observation.services.get(webui.kind) if webui else None
    if webui is None or webui.public_url or container is None or not container.ports:
        return address
    wanted = {f"{port.address}:{port.host_port}" for port in share.deployment.service(webui.kind).ports}
    is_applied = container.labels.get("kit.digest") == share.bundle.services[webui.kind]["digest"]
    if is_applied or wanted & set(container.ports):
        return address
    host, _, port = container.ports[0].rpartition(":")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{container.ports[0]}"


def _data(share: Share, observation: Observation) -> dict[str, str]:
    """Return the folder of each service's user data: the applied one, not the one in kit.yaml."""
    former = {name: seen.before for name, seen in observation.places.items() if seen.was is not None and seen.before}
    return {
        service.name: former.get(service.name, service.data.host_path)
        for service in share.deployment.services
        if service.data
    }


def _page(share: Share, observation: Observation) -> str:
    address, webui = _address(share, observation), share.spec.webui
    if webui is None or _is_open(share, observation):
        return f"people open {address}"
    verb = "start" if webui.kind in observation.stopped else "apply"
    line = Line(verb, *([webui.kind] if verb == "start" else []), spec=share.path)
    return f"the page at {address} does not run: {line}"


def _release(share: Share, prepared: Prepared) -> str:
    stack, observation = share.spec.stack, prepared.observation
    if observation.release is None:
        lines = [f"stack {stack}: nothing is applied yet"]
    else:
        proven = "verified" if observation.is_proven else "not verified"
        lines = [f"stack {stack}, release {observation.release[:12]} ({proven})"]
    if observation.holder:
        lines.append(f"held by {_holder(observation.holder)}")
    elif observation.interrupted and prepared.plan.operations:
        # One that left nothing to do is nobody's concern, and no apply would ever end it.
        lines.append(f"the last run was interrupted; the next apply continues it: {Line('apply', spec=share.path)}")
    return "\n".join(lines)


def _holder(holder: Holder) -> str:
    who = f"{holder.get('user') or 'somebody'} on {holder.get('host') or 'this host'}"
    return f"{who}: {holder.get('command') or 'a run of kit'}, since {holder.get('since', 'some time')}"


def _rows(observation: Observation, now: datetime) -> list[tuple[str, ...]]:
    return [
        (
            name,
            _state(container, name in observation.stopped),
            since(container.started_at, now) if container.state == "running" else "",
            " ".join(container.ports),
            _short(container.image),
        )
        for name, container in sorted(observation.services.items())
    ]


def _state(container: Container, stopped: bool) -> str:
    if container.state != "running":
        return dim("stopped") if stopped else bad(f"{container.state} ({container.exit_code})")
    health = container.health or "running"
    return good(health) if health in ("healthy", "running") else bad(health)


def since(started_at: str, now: datetime) -> str:
    """Return in words how long a container has run."""
    try:
        # Docker writes nanoseconds, which no datetime holds.
        started = datetime.fromisoformat(started_at[:19]).replace(tzinfo=UTC)
    except ValueError:
        return ""
    seconds = max(0.0, (now - started).total_seconds())
    return duration(seconds) if seconds < 86400 else f"{seconds / 86400:.0f} days"


def _short(reference: str) -> str:
    name, _, tag = reference.rpartition(":")
    return f"{name}:{tag[:12]}" if name else reference


def _models(share: Share, observation: Observation) -> list[str]:
    """Return a line for each engine that creates models, or has them."""
    told = summary(rows(share.deployment, observation))
    lines = []
    for engine in share.deployment.asked_engines:
        seen = observation.engines.get(engine.name) or observation.named_engines.get(engine.name)
        count, differing = told.get(engine.name, (0, ()))
        counted = f"{engine.name}: {count} model{'s' if count != 1 else ''}"
        if seen is not None and not seen.is_told:
            lines.append(f"{counted}, {bad('not seen')}: {seen.problem}")
        elif differing:
            lines.append(f"{counted}, {bad(f'{len(differing)} differ')}: {Line('models', spec=share.path)}")
        else:
            lines.append(f"{counted}, {good('as kit.yaml says')}")
    return [*lines, *_contexts(share)]


def _contexts(share: Share) -> list[str]:
    """Return a line for each engine that creates models, with the context of each model."""
    lines = []
    for engine in share.deployment.engines:
        given = [(model.name, given_context(engine, model)) for model in engine.models]
        told = [f"{name} {context.words}" for name, context in given if context is not None]
        if told:
            lines.append(f"context on {engine.name}: {', '.join(told)}")
    return lines


def _images(share: Share, observation: Observation, every_package: bool) -> list[str]:
    lines = []
    for service in share.deployment.services:
        image = observation.images.get(service.image.reference)
        if image is not None and image.debian_versions:
            versions = [f"{name} {version}" for name, version in sorted(image.debian_versions.items())]
            told = versions if every_package else versions[:4]
            more = f", and {len(versions) - len(told)} more (--verbose)" if len(versions) > len(told) else ""
            lines.append(f"{service.name} holds Debian's {', '.join(told)}{more}")
    return lines


def _left(observation: Observation) -> list[str]:
    """Return a line for all leftovers of services that the stack no longer has."""
    lines = [
        f"{dim('left')}  {leftover.kind} of {leftover.service} in {leftover.path}; no service uses it"
        for leftover in observation.left
    ]
    return [*lines, f"`{Line('destroy', '--data')}` removes what is left, with the whole stack"] if lines else []


def state_document(desired: Desired, prepared: Mapping[str, Prepared]) -> dict[str, Any]:
    """Return the status of all hosts as JSON values."""
    seen = [(desired.on(host), each.observation) for host, each in prepared.items()]
    backups = [line for each in seen for line in standing(*each)]
    return {
        "stack": desired.spec.stack,
        "open": next((_address(*each) for each in seen if _is_open(*each)), None),
        "backups": " ".join(backups) or NO_BACKUPS,
        "hosts": {host: _host_document(desired.on(host), each) for host, each in prepared.items()},
    }


def _host_document(share: Share, prepared: Prepared) -> dict[str, Any]:
    observation = prepared.observation
    return {
        "release": observation.release,
        "verified": observation.is_proven,
        "services": {
            name: _service(container, name in observation.stopped)
            for name, container in sorted(observation.services.items())
        },
        "images": {
            reference: {"id": image.id, "debian_versions": image.debian_versions}
            for reference, image in sorted(observation.images.items())
        },
        "host": {
            "cores": observation.cores,
            "memory_bytes": observation.memory_bytes,
            "architecture": observation.architecture,
            "gpu": first_card(observation),
            "cards": [asdict(card) for card in observation.cards],
            "docker": observation.docker.version,
            "compose": observation.docker.compose,
        },
        "models": counted(share, observation),
        "drift": _drift(share, observation),
        "left": [asdict(leftover) for leftover in observation.left],
        "holder": observation.holder,
        "interrupted": observation.interrupted,
        "pending": len(prepared.plan.operations),
        "data": _data(share, observation),
        "backups": backup_document(share, observation),
        "indexes": observation.indexes,
    }


def _service(container: Container, is_stopped: bool) -> dict[str, Any]:
    return {
        "state": container.state,
        "health": container.health,
        "stopped": is_stopped,
        "started_at": container.started_at,
        "restarts": container.restarts,
        "trouble": container.trouble,
        "log": list(container.log),
        "ports": list(container.ports),
        "image": container.image,
        "image_id": container.image_id,
    }
