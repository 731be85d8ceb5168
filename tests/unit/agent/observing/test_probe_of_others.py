from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.probe import Port, ProbeRequest
from deploy.agent.journal import Journal
from deploy.agent.observing import ports, probe
from deploy.agent.remembered import stamp, write_json
from deploy.agent.stack import secrets
from deploy.hosts.observation.observe import read_observation
from deploy.hosts.wire.agent_zip import agent_zip

NOBODY = 65534
BECOMING = "import os, sys; os.setgroups([]); os.setgid({0}); os.setuid({0}); os.execv(sys.argv[1], sys.argv[1:])"


def test_an_address_of_another_machine_is_told_from_the_hosts_own() -> None:
    addresses = ("127.0.0.1", "127.0.0.2", "203.0.113.7", "2001:db8::7")
    asked: list[Port] = [{"address": address, "port": 3000} for address in addresses]
    assert ports.strange_addresses(asked) == ["2001:db8::7", "203.0.113.7"]


def test_a_container_of_another_stack_is_told_with_its_stack() -> None:
    def container(stack: str, port: int, state: str = "running") -> dict[str, Any]:
        binding = {"IP": "127.0.0.1", "PublicPort": port, "PrivatePort": 80, "Type": "tcp"}
        return {
            "Names": [f"/kit-{stack}-web-1"],
            "State": state,
            "Labels": {"kit.stack": stack},
            "Ports": [binding],
        }

    asked: list[Port] = [{"address": "127.0.0.1", "port": port} for port in (3000, 4000)]
    seen = ports.observe(asked, [container("home", 3000), container("quickstart", 4000)], "home")
    assert [(one["port"], one["container"], one["stack"]) for one in seen if one["container"]] == [
        (4000, "kit-quickstart-web-1", "quickstart")
    ]
    paused = ports.observe(asked, [container("home", 3000, "paused"), container("quickstart", 4000, "paused")], "home")
    assert [(one["port"], one["stack"]) for one in paused if one["container"]] == [(4000, "quickstart")]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become nobody")
def test_a_probe_without_root_sees_which_secrets_are_there_and_changes_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o005)
    root, closed = tmp_path / "t-probe", tmp_path / "closed"
    (closed / "data").mkdir(parents=True)
    closed.chmod(0o700)
    wanted: Any = {"name": "key", "owner": "one", "prefix": "", "value": None, "readers": []}
    secrets.run({"stack": "t", "root": str(root), "secrets": [wanted]}, Journal("", ""))
    agent = tmp_path / agent_zip().name
    agent.write_bytes(agent_zip().content)
    before = sorted(tmp_path.rglob("*"))
    roots = [str(closed / "data" / "x")]
    request: ProbeRequest = {"format": 1, "stack": "t-probe", "root": str(root), "ca": None, "data_roots": roots}
    argv = [sys.executable, "-c", BECOMING.format(NOBODY), "/usr/bin/python3", "-IS", str(agent), "probe"]
    said = subprocess.run(argv, input=json.dumps(request), capture_output=True, text=True, check=False, cwd="/")
    seen = read_observation(json.loads(said.stdout))
    assert not seen.root
    assert ("one", "key") in seen.secrets
    assert seen.changed_secrets == {}
    assert sorted(tmp_path.rglob("*")) == before


def test_a_model_that_an_older_kit_remembered_is_not_told_as_another_file(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    status, root = model.stat(), tmp_path / "root"
    older = {"sha256": "5" * 64, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    write_json(root / "run" / "models.json", {str(model): older})
    request: ProbeRequest = {"stack": "t-older", "root": str(root), "ca": None, "model_paths": [str(model)]}
    seen = read_observation(probe.run(request, Journal("", "")))
    assert seen.unhashed_models == (str(model),)
    write_json(root / "run" / "models.json", {str(model): {"sha256": "5" * 64, **stamp(status)}})
    seen = read_observation(probe.run(request, Journal("", "")))
    assert (seen.unhashed_models, seen.models) == ((), {str(model): "5" * 64})


def test_a_probe_tells_whether_the_host_has_what_unpacks_packages(tmp_path: Path) -> None:
    request: ProbeRequest = {"stack": "t-uv", "root": str(tmp_path / "t-uv"), "ca": None}
    assert not read_observation(probe.run(request, Journal("", ""))).has_uv
    (tmp_path / "tools/bin").mkdir(parents=True)
    (tmp_path / "tools/bin/uv").touch(0o755)
    assert read_observation(probe.run(request, Journal("", ""))).has_uv
