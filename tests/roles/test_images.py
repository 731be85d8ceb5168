from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.phases.phase import RoleStep, VerbStep
from deploy.apply.roles.images import UV_VERSION, image_tools_variables
from deploy.apply.roles.process import PlaybookResult
from deploy.deployment.fetch import Fetch
from tests.roles.lab import Lab, converge

IMAGES = (RoleStep("images"), VerbStep("image"))
CA = "/root/ca.pem"
pytestmark = [pytest.mark.docker, pytest.mark.network]


@pytest.fixture(scope="module")
def one(lab: Lab, first: PlaybookResult) -> Lab:
    """A host with an engine, and the double in the agent's place."""
    assert first.failures == ()
    host = lab["bookworm-init"]
    double = Path(__file__).parent / "agent_double.py"
    subprocess.run(["docker", "cp", double, f"{host.name}:/root/agent.py"], check=True, capture_output=True)
    trusted = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    subprocess.run(["docker", "cp", "--follow-link", trusted, f"{host.name}:{CA}"], check=True, capture_output=True)
    return {host.name: host}


def test_where_all_images_are_pulled_nothing_that_assembles_them_is_brought(one: Lab) -> None:
    (host,) = one.values()
    result = run_images(one, **image_tools_variables(Fetch(ca=CA), ()))
    assert (result.failures, sum(result.changed_on.values())) == ((), 0)
    assert host.run("test", "-e", "/opt/kit/tools").returncode == 1
    assert host.run("which", "mmdebstrap").returncode == 1


def test_what_assembles_images_is_there_and_a_second_run_changes_nothing(one: Lab) -> None:
    (host,) = one.values()
    result = run_images(one)
    assert result.failures == ()
    assert host.read("/opt/kit/tools/bin/uv", "--version").startswith(f"uv {UV_VERSION}")
    assert host.read("mmdebstrap", "--version")
    second = run_images(one)
    assert (second.failures, sum(second.changed_on.values())) == ((), 0)


def test_a_uv_with_another_hash_is_refused(one: Lab) -> None:
    (host,) = one.values()
    host.read("rm", "-rf", "/opt/kit/tools")
    (failure,) = run_images(one, images_uv_line=f"uv=={UV_VERSION} --hash=sha256:{'0' * 64}\n").failures
    assert failure.problem.startswith(f"uv {UV_VERSION} could not be installed")
    assert "0" * 64 in failure.problem
    assert host.run("test", "-e", "/opt/kit/tools/bin/uv").returncode == 1


def run_images(one: Lab, **overrides: object) -> PlaybookResult:
    requests = {"image": {"changed": False}}
    variables: dict[str, Any] = {**image_tools_variables(Fetch(ca=CA)), **overrides}
    return converge(one, *IMAGES, agent="/root/agent.py", requests=requests, **variables)
