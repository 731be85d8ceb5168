"""Compose runs without any personal settings: a person's proxy would be written into every container."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.agent.docker.compose import beside_argv, check_file, networks_argv, own_configuration
from deploy.agent.errors import AgentError

THEIRS = {
    "proxies": {"default": {"httpProxy": "http://user:password@proxy:3128"}},
    "HttpHeaders": {"X": "y"},
    "auths": {"registry.example": {"auth": "c2VjcmV0"}},
    "cliPluginsExtraDirs": ["/opt/plugins"],
}


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home" / ".docker"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(THEIRS))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return folder


@pytest.mark.parametrize("given", [False, True])
def test_compose_reads_nothing_of_a_persons_settings_but_where_plugins_lie(
    tmp_path: Path, theirs: Path, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    if given:
        monkeypatch.setenv("DOCKER_CONFIG", str(theirs))
        monkeypatch.setenv("HOME", "/nowhere")
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ncat "$DOCKER_CONFIG/config.json" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises(AgentError) as refused:
        check_file(tmp_path / "stack", tmp_path / "compose.yaml")
    said = refused.value.problem
    assert all(word not in said for word in ("proxy", "password", "HttpHeaders", "c2VjcmV0"))
    kept = json.loads((tmp_path / "stack" / "run" / "docker" / "config.json").read_text())
    assert kept == {"cliPluginsExtraDirs": [str(theirs / "cli-plugins"), "/opt/plugins"]}


@pytest.mark.parametrize("broken", ["", "[]", "{", '{"cliPluginsExtraDirs": "x"}'])
def test_settings_that_nobody_can_read_are_none(tmp_path: Path, theirs: Path, broken: str) -> None:
    (theirs / "config.json").write_text(broken)
    folder = own_configuration(tmp_path)
    assert json.loads((folder / "config.json").read_text()) == {"cliPluginsExtraDirs": [str(theirs / "cli-plugins")]}


def test_a_second_container_is_made_of_another_release_and_shares_nothing_that_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.agent.docker.compose.program", lambda: ["docker", "compose"])
    file = tmp_path / "releases" / "2" / "compose.yaml"
    run = beside_argv(tmp_path, "kit-home", "gate", "gate.trial", file)
    assert run[run.index("-f") + 1] == str(file)
    assert run[run.index("run") :] == [
        *("run", "--detach", "--no-deps", "--no-TTY", "--interactive=false"),
        *("--name", "kit-home-gate.trial", "--label", "kit.service=gate.trial", "gate"),
    ]
    assert "--no-recreate" in networks_argv(tmp_path, "kit-home", ["gate"], file)
    assert "--no-recreate" not in networks_argv(tmp_path, "kit-home", ["gate"])
