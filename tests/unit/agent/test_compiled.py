"""The agent starts from modules that this host's Python compiled, and from no others."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from deploy.agent.compiled import compile_beside
from deploy.agent.entry import DIGITS, checksum, compiled_place, usable
from deploy.hosts.wire.agent_zip import agent_zip, build

HOST_PYTHON = "/usr/bin/python3"
REQUEST = json.dumps({"format": 1, "stack": "t-none", "root": "/nonexistent/t-none"})
TAG = "import sys; print(sys.implementation.cache_tag)"

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="agents are compiled for root alone")


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    folder = tmp_path / "agent"
    folder.mkdir(mode=0o755)
    path = folder / agent_zip().name
    path.write_bytes(agent_zip().content)
    return path


@pytest.fixture(scope="module")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The agent's modules, compiled for the Python of these tests."""
    path = tmp_path_factory.mktemp("agent") / agent_zip().name
    path.parent.chmod(0o755)
    path.write_bytes(agent_zip().content)
    compile_beside(path, Path(compiled_place(str(path))), checksum)
    return Path(compiled_place(str(path))).read_bytes()


def compiled(agent: Path) -> Path:
    tag = subprocess.run([HOST_PYTHON, "-c", TAG], capture_output=True, text=True, check=True).stdout.strip()
    return agent.with_name(f"{agent.name}.{tag}")


def loaded_from(agent: Path) -> set[str]:
    """Return the files that the agent's modules came from."""
    argv = [HOST_PYTHON, "-v", "-IS", str(agent), "probe"]
    done = subprocess.run(argv, input=REQUEST, capture_output=True, text=True, check=True, cwd="/")
    assert json.loads(done.stdout)["format"] == 1
    loaders = r"""<(?:zipimporter object|compiled) ["'](.+?)/?["']"""
    found = re.findall(rf"^import 'deploy\.agent\.[a-z.]+' # {loaders}", done.stderr, re.MULTILINE)
    return {path.partition("/deploy/")[0] for path in found}


@root_only
def test_the_first_probe_compiles_and_the_next_one_starts_from_that(agent: Path) -> None:
    assert loaded_from(agent) == {str(agent)}
    assert sorted(agent.parent.iterdir()) == [agent, compiled(agent)]
    assert loaded_from(agent) == {str(compiled(agent))}


@root_only
def test_what_is_damaged_is_not_started_from_and_made_anew(agent: Path) -> None:
    loaded_from(agent)
    file = compiled(agent)
    whole = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(whole[:-100])
    assert loaded_from(agent) == {str(agent)}
    assert loaded_from(agent) == {str(file)}
    assert file.stat().st_uid == 0


@root_only
@pytest.mark.parametrize("damage", [None, "cut", "changed", "empty", "open", "foreign"])
def test_only_what_is_whole_and_roots_own_is_used(agent: Path, compiled_once: bytes, damage: str | None) -> None:
    file = Path(compiled_place(str(agent)))
    changed = {"cut": compiled_once[:-100], "changed": compiled_once.replace(b"probe", b"prone", 1), "empty": b""}
    file.write_bytes(changed.get(damage or "", compiled_once))
    file.chmod(0o666 if damage == "open" else 0o444)
    if damage == "foreign":
        os.chown(file, 12345, 12345)
    assert usable(str(agent)) == (None if damage else compiled_once[:-DIGITS])
    agent.chmod(0o644)
    agent.write_bytes(build({"__main__.py": "print('another')"}))
    assert usable(str(agent)) is None


@root_only
def test_an_agent_in_a_folder_that_others_write_is_not_compiled(agent: Path) -> None:
    agent.parent.chmod(0o777)
    compile_beside(agent, Path(compiled_place(str(agent))), checksum)
    assert list(agent.parent.iterdir()) == [agent]
