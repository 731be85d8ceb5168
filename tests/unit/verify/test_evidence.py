"""The agent's evidence of a host, and the checks that compare it with the release."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from deploy.agent.contract.containers import Attached
from deploy.agent.contract.verbs import EVIDENCE, Answer, Request, Verb
from deploy.deployment.host import Deployment
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.checks_stack import test_files_are_as_in_the_manifest as files_are_as_stated
from deploy.verify.checks_stack import test_files_hold_no_secret as files_hold_no_secret
from deploy.verify.checks_stack import test_its_secrets_are_its_own as secrets_are_its_own
from deploy.verify.checks_stack import test_no_container_from_outside_reaches_into_it as nothing_reaches_in
from deploy.verify.evidence import HostEvidence
from deploy.verify.files import Files
from deploy.verify.secrets import HostSecrets
from tests.unit.played import evidence_of
from tests.unit.refusing import Refusing
from tests.unit.rooms.places import chain

COMPOSE = "services: {main: {command: [$$HOME]}}\n"
OWNER = f"{os.getuid()}:{os.getgid()}"


@pytest.fixture
def deployment() -> Deployment:
    """A stack without engines, all of whose secrets are known."""
    return Deployment("home", chain().services, ())


@pytest.fixture
def root(tmp_path: Path, deployment: Deployment) -> Path:
    """A stack's folder with a release of two files and a value for each secret."""
    root = tmp_path / "home"
    release = root / "releases" / "1"
    files = {"compose.yaml": release / "compose.yaml", "files/2/gate.yaml": root / "files/2/gate.yaml"}
    for path in files.values():
        path.parent.mkdir(parents=True)
        path.write_text(COMPOSE)
        path.chmod(0o644)
    sha256 = hashlib.sha256(COMPOSE.encode()).hexdigest()
    stated = [{"path": path, "sha256": sha256, "mode": "0644", "owner": OWNER} for path in files]
    (release / "manifest.json").write_text(
        json.dumps({"format": 1, "kit": "0", "stack": "home", "files": stated, "services": {}})
    )
    (root / "current").symlink_to("releases/1")
    for service in deployment.services:
        for secret in (*(use.secret for use in service.secrets), *service.host_secrets):
            for reader in {secret.owner, service.name}:
                path = root / "secrets" / reader / secret.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"value-of-{secret.name}\n")
                path.chmod(0o400)
    return root


@pytest.fixture
def look(deployment: Deployment, root: Path) -> Callable[[], Files]:
    """Ask for the evidence of that stack anew."""
    return lambda: Files(evidence_of(deployment, root.parent))


def test_a_release_that_nobody_touched_is_as_its_manifest_says(look: Callable[[], Files]) -> None:
    files = look()
    files_are_as_stated(files)
    files_hold_no_secret(files, HostSecrets(files.evidence))
    assert files.compose == {"services": {"main": {"command": ["$HOME"]}}}


def test_a_changed_an_opened_a_replaced_and_a_missing_file_are_named(root: Path, look: Callable[[], Files]) -> None:
    rendered, compose = root / "files/2/gate.yaml", root / "releases/1/compose.yaml"
    rendered.write_text("key: value-of-main_api_key\n")
    rendered.chmod(0o666)
    compose.rename(root / "elsewhere.yaml")
    with pytest.raises(NotAsPlannedError) as caught:
        files_are_as_stated(look())
    assert str(caught.value) == (
        "/opt/kit/home/current/compose.yaml is missing; /opt/kit/home/files/2/gate.yaml was changed; "
        f"/opt/kit/home/files/2/gate.yaml is 0666 {OWNER}, not 0644 {OWNER}; `kit apply` mends it"
    )
    with pytest.raises(NotAsPlannedError, match=r"^/opt/kit/home/files/2/gate.yaml holds main_api_key$"):
        files_hold_no_secret(look(), HostSecrets(look().evidence))
    compose.symlink_to(root / "elsewhere.yaml")
    with pytest.raises(NotAsPlannedError, match=r"compose.yaml is 0777 .*, not 0644 "):
        files_are_as_stated(look())


def test_a_secret_of_another_mode_and_a_missing_one_are_named(
    deployment: Deployment, root: Path, look: Callable[[], Files]
) -> None:
    main = deployment.service("main")
    (use,) = main.secrets
    own = replace(main, owner=replace(main.owner, uid=os.getuid(), gid=os.getgid()))
    secrets_are_its_own(own, look(), deployment)
    path = root / "secrets/main" / use.secret.name
    path.chmod(0o440)
    with pytest.raises(NotAsPlannedError, match=f"{use.secret.name} is 0440 {OWNER}, not 0400 {OWNER}$"):
        secrets_are_its_own(own, look(), deployment)
    path.unlink()
    with pytest.raises(NotAsPlannedError, match=f"{use.secret.name} is missing, not 0400 {OWNER}$"):
        secrets_are_its_own(own, look(), deployment)


def test_a_part_that_cannot_be_read_leaves_the_others(root: Path, look: Callable[[], Files]) -> None:
    (root / "current").unlink()
    files = look()
    for part in (lambda: files.compose, lambda: files.present, lambda: files.placed):
        with pytest.raises(NotAsPlannedError, match=r"^no release is placed; run `kit apply`$"):
            part()
    assert HostSecrets(files.evidence).value("main_api_key") == "value-of-main_api_key"


def test_every_listener_of_the_host_is_told(look: Callable[[], Files]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert {"address": "127.0.0.1", "port": port} in look().evidence.listeners
    assert port not in {listener["port"] for listener in look().evidence.listeners}


class Told(Refusing):
    """A host whose agent tells these ways into the stack."""

    def __init__(self, *ways: Attached) -> None:
        self.ways = list(ways)

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        assert (verb, request["stack"]) == (EVIDENCE, "home")
        return cast("Answer", {"parts": {"attached": self.ways}, "problems": {}})


def test_a_container_from_outside_turns_the_stack_red_and_is_named_with_the_next_step(deployment: Deployment) -> None:
    nothing_reaches_in(HostEvidence(Told(), deployment))
    ways: list[Attached] = [
        {"container": "proxy", "way": "joins", "into": "kit-home_inner"},
        {"container": "spy", "way": "shares_processes", "into": "kit-home-main-1"},
    ]
    with pytest.raises(NotAsPlannedError) as caught:
        nothing_reaches_in(HostEvidence(Told(*ways), deployment))
    assert str(caught.value) == (
        "container proxy, which is not the stack's, is on the stack's network kit-home_inner; "
        "`docker network disconnect --force kit-home_inner proxy` ends it\n"
        "container spy, which is not the stack's, shares the processes of kit-home-main-1; "
        "remove spy, or create it anew without that"
    )
