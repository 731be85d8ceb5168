from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import deploy
from deploy.hosts.wire.agent_zip import agent_zip, build, members

PRINTED = (
    "import hashlib; from pathlib import Path; from deploy.hosts.wire.agent_zip import build, members;"
    "print(hashlib.sha256(build(members(Path('{}')))).hexdigest())"
)


def test_the_agent_is_the_same_bytes_from_two_folders_and_under_two_hash_seeds(tmp_path: Path) -> None:
    package = Path(deploy.__file__).parent
    shutil.copytree(package, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    digests = {hashlib.sha256(build(members(tmp_path / "elsewhere"))).hexdigest()}
    for seed in ("0", "1"):
        argv = [sys.executable, "-c", PRINTED.format(package)]
        environment = {"PYTHONHASHSEED": seed, "LC_ALL": "C", "TZ": "Asia/Tokyo"}
        said = subprocess.run(argv, env=environment, cwd=package.parent, capture_output=True, text=True, check=True)
        digests.add(said.stdout.strip())
    assert len(digests) == 1


def test_the_agent_carries_every_rooms_own_program(tmp_path: Path) -> None:
    path = tmp_path / agent_zip().name
    path.write_bytes(agent_zip().content)
    names = set(zipfile.ZipFile(path).namelist())
    package = Path(deploy.__file__).parent
    own = {f"deploy/{path.relative_to(package)}" for path in package.glob("components/*/agent/*.py")}
    assert len(own) > 1
    assert own < names
    beside = {name for name in names if name.startswith("deploy/components/")} - own
    archive = zipfile.ZipFile(path)
    assert {archive.read(name) for name in beside if name.endswith("/__init__.py")} == {b""}
    assert {Path(name).name for name in beside} == {"__init__.py"}
    assert "deploy/agent/__main__.py" in names
    assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem


def test_a_rooms_program_answers_from_the_agents_file_alone(tmp_path: Path) -> None:
    agent = tmp_path / "agent.pyz"
    agent.write_bytes(agent_zip().content)
    room = {"database": str(tmp_path / "none.db"), "settings": {}, "person": {"email": "ada@example.org"}}
    request = {
        "format": 1,
        "run": "",
        "root": str(tmp_path),
        "kind": "open_webui",
        "service": "open_webui",
        "operation": "observe",
        "room": room,
    }
    argv = ["/usr/bin/python3", "-IS", str(agent), "room"]
    said = subprocess.run(argv, input=json.dumps(request), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(said.stdout)["drift"] == [{"name": "account ada@example.org", "cause": "not made yet"}]
