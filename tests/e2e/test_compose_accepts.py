"""Rendered files that Compose accepts, and reads as they were meant."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from deploy.decide.render import render
from deploy.decide.resolve import resolve
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.strategies import specs


@pytest.mark.docker
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs(most_engines=2))
def test_compose_accepts_what_renders_and_reads_every_command_as_it_was_decided(spec: Spec) -> None:
    deployment = resolve(spec, lock_of(spec))[HERE]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "compose.yaml"
        path.write_text(render(deployment).files[0].content)
        done = subprocess.run(
            ["docker", "compose", "--file", path, "config", "--format", "json", "--no-interpolate"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        read = json.loads(done.stdout)["services"]
    written = yaml.safe_load(render(deployment).files[0].content)["services"]
    for service in deployment.services:
        # Whoever has no secret to export needs no entry point of the kit's before its own program.
        argv = read[service.name]["command" if service.secrets else "entrypoint"]
        assert [word.replace("$$", "$") for word in argv] == list(service.argv)
        assert read[service.name]["labels"] == written[service.name]["labels"]
