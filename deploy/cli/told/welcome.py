"""Texts before and after an apply: its cost, and the next click."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deploy.agent.inputs.disk import amount
from deploy.agent.line import Line
from deploy.apply.prepared.prepare import Outcome, Prepared
from deploy.cli.terminal.board import duration
from deploy.cli.terminal.columns import coloured_plan
from deploy.cli.told.backups import NO_BACKUPS, is_begun, planned
from deploy.decide.desired import Desired, Share
from deploy.deployment.secrets import Secret
from deploy.deployment.service import Service
from deploy.plan.estimate import estimate
from deploy.stack import Stack


def forecast(share: Share, prepared: Prepared, *, verbose: bool = False) -> str:
    """Return the plan, with its download, disk space and duration if they are worth a line."""
    text = coloured_plan(prepared.plan.text(verbose=verbose))
    cost = estimate(share.deployment, prepared.plan.operations)
    minutes = max(1, round(cost.seconds / 60))
    counted = f"{minutes} minute{'s' if minutes > 1 else ''}.\n"
    if not cost.download_bytes:
        # A file of the control node is copied, and nothing comes over the network.
        return (
            f"{text}\n\nThis takes about {amount(cost.disk_bytes)} of disk and about {counted}"
            if cost.disk_bytes
            else text
        )
    # What is only uploaded to somebody else's engine takes nothing here.
    kept = f", takes about {amount(cost.disk_bytes)} of disk, and" if cost.disk_bytes else " and takes"
    return f"{text}\n\nThis downloads about {amount(cost.download_bytes)}{kept} about {counted}"


def welcome(desired: Desired, outcomes: Mapping[str, Outcome]) -> str:
    """Return the next steps with the stack; empty if nothing changed on any host."""
    reports = [outcome.report for outcome in outcomes.values() if outcome.report is not None]
    if not reports:
        return ""
    checks = [check for report in reports for check in report.checks]
    passed = sum(check.outcome == "passed" for check in checks)
    counted = f"{passed} check{'s' if passed != 1 else ''}"
    took = sum(check.seconds for check in checks)
    lines = [
        f"\n{desired.spec.stack} is up: {counted} passed in {duration(took)}.",
        "",
        *doors(desired),
    ]
    data = [
        f"{service.data.host_path}{desired.behind(share.host)}"
        for share in desired.shares
        for service in share.deployment.services
        if service.data
    ]
    begun = {host for host, outcome in outcomes.items() if is_begun(outcome.plan.operations)}
    backed_up = [
        told
        for share in desired.shares
        for told in planned(share, desired.behind(share.host), is_new=share.host in begun)
    ]
    return "\n".join([*lines, "", *places(data), *(backed_up or [NO_BACKUPS])])


def doors(desired: Desired) -> list[str]:
    """Return the addresses for people and for programs, each with its secret."""
    lines = []
    webui, gateway = desired.spec.webui, desired.spec.gateway
    if webui is not None:
        service = desired.service(webui.kind)
        on = desired.behind(desired.host_with(service.name))
        published = f" (it is published at {address(service)})" if webui.url else ""
        lines.append(f"Open {page_address(desired)}{on} and sign in as {webui.admin.email}{published}.")
        lines += [*other_addresses(service), *_keys(desired, service, "Password")]
    if gateway is not None:
        service = desired.service(gateway.kind)
        on = desired.behind(desired.host_with(service.name))
        lines.append(f"Programs use {address(service)}/v1{on}.")
        lines += [*other_addresses(service), *_keys(desired, service, "Key")]
        lines.append(f"  Lines for them: {Line('clients', spec=desired.path)}")
    engines = [] if gateway is not None else _engines(desired)
    return [*lines, *engines, *_guarded(desired)]


def _guarded(desired: Desired) -> list[str]:
    """Return the addresses of engines that other machines reach through a guard, each with its key."""
    if not desired.spec.guarded:
        return []
    from deploy.chat.doors import guard_doors

    lines = []
    for door in guard_doors(desired.parts):
        lines.append(f"Other machines use {door.url} ({door.name}{desired.behind(door.host)}).")
        lines += [_key(desired, door.key, "Key")] if door.key else []
    return lines


def _engines(desired: Desired) -> list[str]:
    """Return the addresses of engines without a gateway in front of them."""
    from deploy.chat.doors import doors as open_doors

    lines, told = [], set()
    for door in open_doors(desired.spec, desired.parts):
        if door.name in told:
            continue
        told.add(door.name)
        on = desired.behind(door.host) if door.is_managed else ""
        lines.append(f"Programs use {door.url} ({door.name}{on}).")
        lines += [_key(desired, door.key, "Key")] if door.key else []
    return [*lines, f"  Lines for them: {Line('clients', spec=desired.path)}"] if lines else []


def page_address(desired: Desired) -> str | None:
    """Return the address at which people open the web page; None without one."""
    webui = desired.spec.webui
    return (webui.public_url or address(desired.service(webui.kind))) if webui else None


def _keys(desired: Desired, service: Service, what: str) -> list[str]:
    """Return the command line for each secret of a service that a person uses."""
    secrets = [secret for secret in desired.secrets if secret.owner == service.name and secret.shown_as]
    return [_key(desired, secret, what) for secret in secrets]


def _key(desired: Desired, secret: Secret, what: str) -> str:
    holders = [share for share in desired.shares if secret in share.deployment.secrets]
    host = min(holders, key=lambda share: secret.name in share.borrowed).host
    path = Stack(desired.spec.stack).secret(secret.owner, secret.name)
    return (
        f"  {what}: {Line('secret', 'show', secret.name, spec=desired.path)}\n"
        f"  (it lies in {path}{desired.behind(host)})"
    )


def address(service: Service) -> str:
    """Return a service's address for a browser on its host."""
    return next(iter(addresses(service)), "(no port)")


def addresses(service: Service) -> list[str]:
    """Return every address of a service for a browser, those that other machines reach first."""
    return [f"http://{port.place}" for port in service.told_ports]


def other_addresses(service: Service) -> list[str]:
    """Return a line with the addresses beside the first; empty without any."""
    others = addresses(service)[1:]
    return [f"  It answers at {', '.join(others)} too."] if others else []


def places(folders: Iterable[str]) -> list[str]:
    """Return the places of user data."""
    data = ", ".join(folders)
    return [f"Chats and documents lie in {data}."] if data else []


def outcome_document(desired: Desired, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """Return the result of an apply as JSON values."""
    webui = desired.spec.webui
    return {
        "stack": desired.spec.stack,
        "changed": any(not outcome.plan.is_empty for outcome in outcomes.values()),
        "open": page_address(desired),
        "sign_in_as": webui.admin.email if webui else None,
        "hosts": {host: _host_document(desired.on(host), outcome) for host, outcome in outcomes.items()},
    }


def _host_document(share: Share, outcome: Outcome) -> dict[str, Any]:
    return {
        "release": share.bundle.release,
        "changed": not outcome.plan.is_empty,
        "plan": outcome.plan.as_json(),
        "changed_tasks": outcome.changed_tasks,
        "verify": outcome.report.as_json() if outcome.report else None,
        "addresses": {service.name: addresses(service) for service in share.deployment.services},
    }
