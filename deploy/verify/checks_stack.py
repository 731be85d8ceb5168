"""The checks of every service, whatever its kind: health, image, limits, ports, files, secrets, ways out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from deploy.agent.line import Line
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.stack import Stack
from deploy.verify.cards import MISSING, OPENING, patterns_of
from deploy.verify.checks import UnansweredError, ensure, ensure_equal, ensure_same_set, last
from deploy.verify.closed_ports import closed_ports, open_ways
from deploy.verify.containers import Containers
from deploy.verify.docker.flat import request_words
from deploy.verify.evidence import HostEvidence
from deploy.verify.files import Files
from deploy.verify.network import UNMASKED, Network
from deploy.verify.outsiders import Outsider
from deploy.verify.secrets import SHORTEST, HostSecrets
from deploy.verify.web import Web

if TYPE_CHECKING:
    from deploy.agent.contract.released import ReleaseFile


# The network's ways out are asked from the first check on: they take longer than most checks.
@pytest.mark.usefixtures("network")
def test_is_running_and_healthy(service: Service, containers: Containers) -> None:
    containers.ensure_healthy(service)


def test_runs_the_planned_image(service: Service, containers: Containers) -> None:
    container, reference = containers.of(service), service.image.reference
    ensure_equal(container["Config"]["Image"], reference, "image")
    ensure_equal(container["Image"], containers.image_ids.get(reference), f"image id of {reference}")
    if service.image.source == "build":
        made_of = (containers.image_settings[container["Image"]].get("Labels") or {}).get("kit.recipe")
        ensure_equal(made_of, service.image.recipe, f"digest of the inputs of {reference}")
    else:
        ensure(
            reference in containers.evidence.brought, f"another image has the name {reference}; run `{Line('apply')}`"
        )


def test_is_configured_as_the_release_says_and_not_otherwise(
    service: Service, containers: Containers, files: Files
) -> None:
    containers.ensure_configured(service, files.compose)


def test_runs_locked_down(service: Service, containers: Containers) -> None:
    container = containers.of(service)
    limits, config = container["HostConfig"], container["Config"]
    ensure_equal(config["User"], str(service.owner), "user")
    ensure_equal(limits["ReadonlyRootfs"], service.read_only, "read-only root")
    ensure(not limits["Privileged"], "it is privileged")
    ensure("no-new-privileges:true" in (limits["SecurityOpt"] or []), "may gain new privileges")
    ensure_same_set(limits["CapDrop"] or [], ["ALL"], "dropped capabilities")
    ensure_same_set(
        limits["CapAdd"] or [], [capability.name for capability in service.capabilities], "added capabilities"
    )
    ensure_equal(limits["Memory"], service.memory_bytes, "memory limit")
    ensure_equal(limits["PidsLimit"], service.pids, "limit of processes")


def test_gets_only_the_planned_devices(service: Service, containers: Containers) -> None:
    limits = containers.of(service)["HostConfig"]
    devices = [device["PathOnHost"] for device in limits.get("Devices") or []]
    ensure_same_set(devices, [device.host_path for device in service.host_devices], "devices")
    given = [request_words(request) for request in limits.get("DeviceRequests") or []]
    ensure_same_set(given, [request.words for request in service.device_requests], "cards of Docker's drivers")
    ensure_same_set(limits.get("GroupAdd") or [], [str(group) for group in service.groups], "further groups")


def test_opens_its_cards(service: Service, containers: Containers) -> None:
    patterns = patterns_of(service)
    if not patterns:
        return
    code = containers.exit_code(containers.of(service)["Id"], [*OPENING, *patterns])
    mend = f"`{Line('restart', service.name)}` gives it back, if the host still has it"
    ensure(code != MISSING, f"has none of {', '.join(patterns)}, and so no card; {mend}")
    ensure(code == 0, f"may no longer open {', '.join(patterns)}, and so computes on no card; {mend}")


def test_mounts_only_what_is_planned(service: Service, containers: Containers, deployment: Deployment) -> None:
    stack = Stack(deployment.stack)
    own = (f"{stack.files}/", f"{stack.secrets}/{service.name}/")
    mounts = [mount for mount in containers.of(service)["Mounts"] if mount["Type"] != "tmpfs"]
    rendered = [mount for mount in mounts if str(mount["Source"]).startswith(own)]
    ensure(not any(mount["RW"] for mount in rendered), "may write to a rendered file or a secret")
    others = [f"{mount['Source']} ({'rw' if mount['RW'] else 'ro'})" for mount in mounts if mount not in rendered]
    planned = [f"{mount.host_path} ({'ro' if mount.read_only else 'rw'})" for mount in service.mounts]
    ensure_same_set(others, planned, "mounts")


def test_publishes_exactly_the_planned_ports(service: Service, containers: Containers) -> None:
    bindings = containers.of(service)["HostConfig"]["PortBindings"] or {}
    published = [f"{bound['HostIp']}:{bound['HostPort']}" for ports in bindings.values() for bound in ports]
    ensure_same_set(published, [f"{port.address}:{port.host_port}" for port in service.ports], "published ports")


def test_is_reached_at_no_other_address(service: Service, network: Network, deployment: Deployment) -> None:
    numbers = {port.host_port for port in service.ports}
    listeners = [f"{address}:{number}" for address, number in network.listeners if number in numbers]
    # An engine and the guard before it have the same port, at other addresses.
    ports = [port for each in deployment.services for port in each.ports if port.host_port in numbers]
    ensure_same_set(listeners, [f"{port.address}:{port.host_port}" for port in ports], "listeners of its ports")


def test_answers_at_each_of_its_addresses(service: Service, web: Web) -> None:
    for port in service.ports:
        web.ensure_answers_at(port)


@last
def test_has_only_the_planned_way_out(service: Service, containers: Containers, network: Network) -> None:
    if service.egress == "any":
        return
    leading_out = [joined["Name"] for joined in containers.networks(service) if not _is_closed(joined)]
    ensure(not leading_out, f"is on a network with a way out: {', '.join(leading_out)}")
    if network.outside is not None:
        place = f"{network.outside[0]}:{network.outside[1]}"
        reaches = network.ways_out.get(service.name, False)
        ensure(not reaches, f"reaches {place}, which is beyond this host{_cause(containers.of(service), network)}")
        if reaches is None:
            pytest.skip(f"its image has no program that could try to reach {place}")


def _cause(container: dict[str, Any], network: Network) -> str:
    """Return the likely cause of a way out in words, with the line that closes it; empty if none is known."""
    addresses = [joined["IPAddress"] for joined in container["NetworkSettings"]["Networks"].values()]
    lines = network.masks_of(filter(None, addresses))
    if not lines:
        return ""
    typed = "; ".join(f"`{line}`" for line in lines)
    return f"; a rule of a network that is gone lets it out, remove it as root on the host: {typed}"


def test_is_on_networks_that_are_as_the_release_says(service: Service, containers: Containers, files: Files) -> None:
    containers.ensure_networks(service, files.compose)


def _is_closed(network: dict[str, object]) -> bool:
    options = network.get("Options") or {}
    return bool(network.get("Internal")) or (isinstance(options, dict) and options.get(UNMASKED) == "false")


def test_its_folders_belong_to_it(service: Service, files: Files) -> None:
    for folder in sorted(service.folders, key=lambda folder: folder.host_path):
        rights = files.rights(folder.host_path)
        mode, _, owner = rights.partition(" ")
        serves = owner == str(folder.owner) and folder.fits(mode, service.owner)
        ensure_equal(rights, rights if serves else f"{folder.mode} {folder.owner}", folder.host_path)


def test_its_secrets_are_its_own(service: Service, files: Files, deployment: Deployment) -> None:
    stack = Stack(deployment.stack)
    for path in sorted(stack.secret(service.name, use.secret.name) for use in service.secrets):
        ensure_equal(files.rights(path), f"0400 {service.owner}", path)


def test_tells_no_secret(service: Service, containers: Containers, secrets: HostSecrets) -> None:
    inspected = secrets.names_in(json.dumps(containers.of(service)))
    ensure(not inspected, f"docker inspect shows {', '.join(inspected)}")
    logged = secrets.names_in(containers.logs(service))
    ensure(not logged, f"its log holds {', '.join(logged)}")


def test_files_are_as_in_the_manifest(files: Files) -> None:
    wrong = [words for path, stated in sorted(files.placed.items()) for words in _wrong(path, stated, files)]
    ensure(not wrong, f"{'; '.join(wrong)}; `{Line('apply')}` mends it")


def _wrong(path: str, stated: ReleaseFile, files: Files) -> Iterator[str]:
    file = files.present.get(path)
    if file is None:
        yield f"{path} is missing"
        return
    if file["sha256"] != stated["sha256"]:
        yield f"{path} was changed"
    rights, wanted = f"{file['mode']} {file['owner']}", f"{stated['mode']} {stated['owner']}"
    if rights != wanted:
        yield f"{path} is {rights}, not {wanted}"


def test_everything_placed_has_its_mode_and_owner(files: Files) -> None:
    differing = [f"{path}: {cause}" for path, cause in sorted(files.differing_rights.items())]
    ensure(not differing, f"{'; '.join(differing)}; `{Line('apply')}` mends it")


def test_files_hold_no_secret(files: Files, secrets: HostSecrets) -> None:
    for path, file in sorted(files.present.items()):
        names = secrets.names_in(file["text"])
        ensure(not names, f"{path} holds {', '.join(names)}")


def test_secrets_are_long_enough_to_be_looked_for(secrets: HostSecrets, deployment: Deployment) -> None:
    if secrets.short:
        # Red would undo every apply over a key that somebody chose to have; silence would say that all were looked for.
        pytest.skip(
            f"{', '.join(secrets.short)}: under {SHORTEST} characters, so neither files nor logs are searched for it; "
            f"put a longer one in {Stack(deployment.stack).secrets}"
        )


def test_no_other_container_is_part_of_it(containers: Containers, deployment: Deployment) -> None:
    planned = {service.name for service in deployment.services}
    services = {name: container["Config"]["Labels"].get("kit.service") for name, container in containers.all.items()}
    others = sorted(name for name, service in services.items() if service not in planned)
    ensure(not others, f"not planned: {', '.join(others)}")


def test_no_other_machine_reaches_a_container_past_its_published_addresses(evidence: HostEvidence) -> None:
    seen = evidence.firewall
    if seen["is_forwarding"]:
        way, cure = f"Docker {seen['docker']} lets other machines in", f"`{Line('apply')}` places one"
    else:
        way, cure = f"Docker {seen['docker']} should close the way", "restart Docker, which places its rules anew"
    ensure(not seen["open"], f"no firewall rule drops what is sent to {', '.join(seen['open'])}: {way}; {cure}")
    ensure(seen["at_boot"] != "differs", f"the firewall rules are gone after the next boot; `{Line('apply')}` mends it")


def test_no_container_from_outside_reaches_into_it(evidence: HostEvidence) -> None:
    ways = [f"{way.words}; {way.cure}" for way in evidence.attached]
    ensure(not ways, "\n".join(ways))


def test_leaves_nothing_open_to_another_machine(
    outsiders: Sequence[Outsider], evidence: HostEvidence, telling: Callable[[str], None]
) -> None:
    for outsider in outsiders:
        if address := outsider.own_address():
            opened = open_ways(outsider, address, closed_ports(address, evidence))
            ensure(not opened, "; ".join(opened))
            telling(f"asked from {outsider.name}")
            return
    raise UnansweredError("asked from no other machine: SSH leads from none of them to an address of this host itself")
