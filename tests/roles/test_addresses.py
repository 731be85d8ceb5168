"""An address that comes after Docker at a boot: what the agent sets, and what Docker does with it."""

from __future__ import annotations

import io
import subprocess
import tarfile

import pytest

from deploy.agent.nonlocal_binding import SETTINGS
from deploy.apply.phases.phase import VerbStep
from deploy.apply.roles.process import PlaybookResult
from tests.e2e.agent_stack import busybox
from tests.e2e.lab.host import LabHost
from tests.roles.lab import BASE, Lab, converge, held

pytestmark = [pytest.mark.docker, pytest.mark.network]
FOUR = SETTINGS[0]
PLACE = f"/proc/sys/{FOUR.replace('.', '/')}"
NOT_THERE = "10.77.0.1"
ASKS = f"""
import http.client
asked = http.client.HTTPConnection("{NOT_THERE}", 8077)
asked.request("GET", "/")
print(asked.getresponse().status)
"""
WEB = ("tiny:1", "/bin/busybox", "httpd", "-f", "-p", "80")


@pytest.fixture
def host(lab: Lab, first: PlaybookResult) -> LabHost:
    assert first.failures == ()
    return lab["bookworm-systemd"]


def ensured(host: LabHost, *settings: str) -> int:
    """Run the agent's verb and return how many of its tasks changed something."""
    request = {**BASE, "run": "late", "settings": list(settings)}
    with held(host, request):
        done = converge({"box": host}, VerbStep("late"), requests={"late": request})
    assert done.failures == ()
    return sum(done.changed_on.values())


def setting(host: LabHost) -> str:
    return host.read("cat", PLACE).strip()


def bring_image(host: LabHost) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo("bin/busybox")
        member.size, member.mode = len(busybox()), 0o755
        tar.addfile(member, io.BytesIO(busybox()))
    argv = ["docker", "exec", "-i", host.name, "docker", "import", "-", WEB[0]]
    subprocess.run(argv, input=buffer.getvalue(), capture_output=True, check=True)


def test_a_service_is_there_when_its_address_comes_after_docker(host: LabHost) -> None:
    bring_image(host)
    published = ("--publish", f"{NOT_THERE}:8077:80", "--restart", "unless-stopped")
    refused = host.run("docker", "run", "--detach", "--name", "late", *published, *WEB)
    assert "cannot assign requested address" in refused.stderr

    assert ensured(host, FOUR) == 1
    assert ensured(host, FOUR) == 0
    host.read("sh", "-c", f"echo 0 >{PLACE}")
    # What a boot does before Docker starts.
    host.read("systemctl", "restart", "systemd-sysctl")
    assert setting(host) == "1"

    host.read("docker", "start", "late")
    host.read("ip", "address", "add", f"{NOT_THERE}/32", "dev", "lo")
    assert host.read("python3", "-c", ASKS).strip() == "404"

    host.read("docker", "rm", "--force", "late")
    host.read("ip", "address", "delete", f"{NOT_THERE}/32", "dev", "lo")
    assert ensured(host) == 1
    assert (setting(host), ensured(host)) == ("0", 0)
