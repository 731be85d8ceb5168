"""Both forms of NVIDIA's cards on a Docker that knows CDI's names by itself, over the kit's own units and a restart.

The device files are stand-ins; CDI's file has the form that `nvidia-ctk cdi generate` writes (NVIDIA/cloud-native-docs,
container-toolkit/cdi-support.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.docker.versions import is_older
from deploy.agent.inputs.sources import host_mirror
from deploy.deployment.cards import CDI_FLOOR
from deploy.deployment.jobs import Schedule
from deploy.verify.docker.flat import request_words
from tests.e2e.lab.host import LabHost, lab_host
from tests.golden.plans_of import PLANS, desired_of
from tests.roles.cards import NODES, block_of, bring_cards, container, opens
from tests.roles.lab import put
from tests.roles.test_jobs import placing, tidy, units
from tests.unit.plan.test_toolkit import wanted
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.network]
HOOK = "#!/bin/sh\nexit 0\n"
NAMES = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [
        {"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0"}]}},
        {"name": "1", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia1"}]}},
        {"name": "all", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0"}, {"path": "/dev/nvidia1"}]}},
    ],
    "containerEdits": {
        "env": ["NVIDIA_VISIBLE_DEVICES=void"],
        "deviceNodes": [{"path": "/dev/nvidia-uvm"}, {"path": "/dev/nvidiactl"}],
    },
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHost]:
    """A host with the Docker of the next Debian."""
    with lab_host("trixie", "systemd", tmp_path_factory.mktemp("docker-28")) as host:
        put(host, "/etc/apt/sources.list.d/next.list", f"deb {host_mirror('debian')} forky main\n")
        # A mirror's copy of a release that is still made may be older than its lists allow.
        host.read("apt-get", "update", "-q", "-o", "Acquire::Check-Valid-Until=false")
        packages = ("docker.io", "docker-cli", "docker-compose", "iptables")
        host.read(
            "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-qy", "--no-install-recommends", *packages
        )
        put(host, "/usr/bin/nvidia-container-runtime-hook", HOOK)
        host.read("chmod", "0755", "/usr/bin/nvidia-container-runtime-hook")
        host.read("systemctl", "restart", "docker.service")
        bring_cards(host)
        host.read("mkdir", "-p", "/etc/cdi")
        put(host, "/etc/cdi/nvidia.yaml", json.dumps(NAMES))
        yield host


def test_cards_of_both_forms_stay_over_the_kits_own_units_and_a_restart_of_docker(
    host: LabHost, tmp_path: Path
) -> None:
    assert not is_older(host.read("docker", "version", "--format", "{{.Server.Version}}").strip(), CDI_FLOOR)
    forms = {"classic": wanted(), "cdi": wanted(is_cdi=True)}
    limits = {name: container(host, "up --detach", block_of(made), name) for name, made in forms.items()}
    for name, made in forms.items():
        (request,) = limits[name]["DeviceRequests"]
        assert request_words(request) == made.services[0].device_requests[0].words
        named = [device.host_path for device in made.services[0].host_devices]
        assert [each["PathOnHost"] for each in limits[name]["Devices"] or []] == named
        assert opens(host, made, name) == 0
    for node in NODES:
        assert host.run("docker", "exec", "cdi-main-1", "sh", "-c", f"[ -c {node} ]").returncode == 0

    deployment = desired_of(PLANS / "fresh_machine/kit.yaml", tmp_path).deployment
    placing(host, deployment, tidy(Schedule(daily_at="02:05")))
    assert units(host)["changed"]
    assert {name: opens(host, made, name) for name, made in forms.items()} == {"classic": 0, "cdi": 0}

    host.read("systemctl", "restart", "docker.service")
    wait_until(
        lambda: all(opens(host, made, name) == 0 for name, made in forms.items()),
        "the containers are back with their cards",
        saw=lambda: host.run("docker", "ps", "--all").stdout,
        pause=COSTLY_LOOK_SECONDS,
    )
