"""Every manual opening of a container is seen by plan and verify."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.agent.docker.installed import plugin_path
from deploy.agent.stack.release import point
from deploy.decide.compose import networks
from deploy.decide.render import render
from deploy.deployment.bundle import Bundle
from deploy.deployment.folders import Owner
from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.deployment.port import Port
from deploy.deployment.service import Device, Mount, Probe, Service, Tmpfs
from deploy.hosts.observation.asked import probe_request
from deploy.hosts.observation.observe import read_observation
from deploy.plan import make_plan
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.containers import Containers, docker_of
from deploy.verify.docker.compared import is_fact
from deploy.verify.docker.rendered import read_compose
from deploy.verify.evidence import HostEvidence
from tests.e2e.agent_stack import AgentStack, docker, tags
from tests.openings import NOT_HONOURED, changes_in_place, key_of, openings, schema_keys
from tests.tree import REPOSITORY

pytestmark = pytest.mark.docker
BASE = "base"
ID, DATA = "c" * 64, "/srv/kit/home"
RECORDED = REPOSITORY / "tests" / "unit" / "verify" / "openings_of_docker_20.jsonl"


def test_no_opening_of_a_container_goes_unseen(stack: AgentStack, tmp_path: Path) -> None:
    base = service(BASE, tags(stack, 2)[0], stack)
    opened = openings(read(render(Deployment(stack.name, (base,), ())))["services"][BASE], tmp_path)
    keys, left_out = {key_of(name) for name in opened}, set(NOT_HONOURED)
    plugin = plugin_path("docker-compose")
    assert plugin is not None
    assert keys | left_out >= schema_keys(plugin)
    assert not keys & left_out

    anew = {f"o{number:03}": name for number, name in enumerate(opened)}
    same = {f"s{number:03}": name for number, name in enumerate(changes_in_place("", ""))}
    deployment = Deployment(stack.name, (base, *(replace(base, name=one) for one in (*anew, *same))), ())
    bundle = render(deployment)
    make(stack, bundle)
    assert seen_by_plan(stack, deployment, bundle) == {}
    assert seen_by_verify(stack, deployment) == {}

    open_by_hand(stack, bundle, anew, tmp_path)
    for one, name in same.items():
        docker(*changes_in_place(f"kit-{stack.name}-{one}-1", stack.name)[name])
    planned, verified = seen_by_plan(stack, deployment, bundle), seen_by_verify(stack, deployment)
    names = anew | same
    if os.environ.get("KIT_RECORD"):
        record(stack, deployment, names)
    print(f"\n{len(names)} openings of {len(keys)} keys: plan sees {len(planned)}, verify sees {len(verified)}")
    assert {name for one, name in names.items() if one not in planned} == set()
    assert {name for one, name in names.items() if one not in verified} == set()
    assert BASE not in planned
    assert BASE not in verified


def open_by_hand(stack: AgentStack, bundle: Bundle, names: dict[str, str], folder: Path) -> None:
    """Make each of these services' containers anew with its change."""
    compose = read(bundle)
    blocks = {one: openings(compose["services"][one], folder)[name] for one, name in names.items()}
    compose["services"] |= blocks
    compose |= {kind: {name: {"file": "/etc/hostname"}} for kind, name in (("secrets", "more"), ("configs", "conf"))}
    docker("tag", tags(stack, 2)[1], f"kit/{stack.name}:other")
    file = folder / "by-hand.yaml"
    file.write_text(json.dumps({**compose, "networks": networks()}))
    create(stack, file)


def service(name: str, image: str, stack: AgentStack) -> Service:
    """A service with something of everything that the kit decides of a container."""
    (stack.data / name).mkdir()
    return Service(
        name,
        "tiny",
        Image(image, "build", image.split(":")[1], 1),
        argv=("/bin/sh", "-c", "sleep 60"),
        owner=Owner(1000, 1000),
        environment=(("HOME", "/tmp"),),
        mounts=(Mount(f"{stack.data}/{name}", "/data", read_only=False), Mount("/etc/hostname", "/more")),
        ports=(Port("127.0.0.1", 9, 8080),),
        tmpfs=(Tmpfs("/tmp", 2**20),),
        devices=(Device("/dev/null", "/dev/null", ""),),
        groups=(44,),
        sysctls=(("net.ipv4.tcp_syn_retries", 2),),
        memory_bytes=2**26,
        probe=Probe(("/bin/busybox", "true")),
    )


def read(bundle: Bundle) -> dict[str, Any]:
    """Return a release's compose file."""
    document: dict[str, Any] = yaml.safe_load(next(one.content for one in bundle.files if one.path == "compose.yaml"))
    return document


def make(stack: AgentStack, bundle: Bundle) -> None:
    """Make the containers of a release as the agent does, but start none."""
    with stack.held():
        stack.place(bundle)
    point(stack.root, "current", bundle.release)
    create(stack, stack.root / "current" / "compose.yaml")
    with stack.held():
        stack.call("accept", release=bundle.release)


def create(stack: AgentStack, file: Path) -> None:
    """Let Compose make what a file says, and start nothing."""
    words = ["--project-name", f"kit-{stack.name}", "--project-directory", str(stack.root / "current")]
    argv = ["docker", "compose", "--progress", "quiet", *words, "--file", str(file), "create", "--no-build"]
    done = subprocess.run([*argv, "--pull", "never"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def seen_by_plan(stack: AgentStack, deployment: Deployment, bundle: Bundle) -> dict[str, str]:
    """Return the causes for which a plan would recreate services' containers; stopped ones do not count."""
    answer: Any = stack.probe(**{**probe_request(deployment), **stack.base()})
    plan = make_plan(deployment, bundle, read_observation(answer))
    return {one.service: one.cause for one in plan.operations if one.action == "recreate"}


def seen_by_verify(stack: AgentStack, deployment: Deployment) -> dict[str, str]:
    """Return the finding of the configuration check for each service where it is red."""
    release, found = read_compose((stack.root / "current/compose.yaml").read_text()), {}
    with containers_of(stack, deployment) as containers:
        for one in deployment.services:
            try:
                containers.ensure_configured(one, release)
            except NotAsPlannedError as problem:
                found[one.name] = str(problem)
    return found


@contextmanager
def containers_of(stack: AgentStack, deployment: Deployment) -> Iterator[Containers]:
    """Look at the containers as verify does."""
    evidence = HostEvidence(stack.transport, deployment)
    with docker_of(evidence) as docker:
        yield Containers(evidence, docker)


def record(stack: AgentStack, deployment: Deployment, names: dict[str, str]) -> None:
    """Write what Docker says of each opened container for the unit tests, as differences from the base's."""
    with containers_of(stack, deployment) as containers:
        kept = {name: parts(stack, name, containers.by_service[name]) for name in (BASE, *names)}
        image = containers.image_settings[containers.by_service[BASE]["Image"]]
    release = read_compose((stack.root / "current/compose.yaml").read_text())
    block = json.loads(json.dumps(release["services"][BASE]).replace(str(stack.data), DATA).replace(stack.name, "home"))
    block["labels"]["kit.digest"] = "1" * 64
    lines = [json.dumps({"block": block, "image": image, "base": kept[BASE]}, sort_keys=True)]
    lines += [json.dumps({name: changes(kept[BASE], kept[one])}, sort_keys=True) for one, name in names.items()]
    RECORDED.write_text("".join(f"{line}\n" for line in lines))


def parts(stack: AgentStack, service: str, container: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of an inspected container that the check reads, as if it were the base's own container."""
    kept = ("Id", "Name", "AppArmorProfile", "Config", "HostConfig", "Mounts", "NetworkSettings")
    labels = container["Config"]["Labels"]
    own = {name: value for name, value in labels.items() if not is_fact(f"Config.Labels.{name}")}
    text = json.dumps({key: container[key] for key in kept} | {"Config": {**container["Config"], "Labels": own}})
    for found, told in (
        (container["Id"], ID),
        (container["Id"][:12], ID[:12]),
        (labels["com.docker.compose.config-hash"], "0"),
        (labels["kit.digest"], "0" * 64 if labels["kit.digest"] == "0" * 64 else "1" * 64),
        (str(stack.data), DATA),
        (stack.name, "home"),
        (service, BASE),
    ):
        text = text.replace(found, told)
    document: dict[str, Any] = json.loads(text)
    return document


def changes(base: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of two levels that differ."""
    deep = ("Config", "HostConfig", "NetworkSettings")
    found = {
        part: {key: one[part].get(key) for key in base[part] | one[part] if base[part].get(key) != one[part].get(key)}
        for part in deep
    }
    return {**found, **{key: one[key] for key in one if key not in deep and base[key] != one[key]}}
