from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

UV = Path(sys.executable).parent / "uv"
KNOWN_AS = {"ansible-core": "ansible-playbook", "pytest-testinfra": "testinfra", "pyyaml": "yaml"}


@pytest.mark.parametrize(("file", "options"), [("requirements.txt", ["--no-dev"]), ("requirements-dev.txt", [])])
def test_requirements_equal_the_lock(repository: Path, file: str, options: list[str]) -> None:
    """`tests/run requirements` writes them again."""
    exported = subprocess.run(
        [UV, "export", "--frozen", "--no-emit-project", "--no-header", "--format", "requirements-txt", *options],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    )
    assert (repository / file).read_text() == exported.stdout


def test_the_lock_holds_what_the_project_asks_for(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    lock = tomllib.loads((repository / "uv.lock").read_text())
    own = next(package for package in lock["package"] if package["name"] == project["project"]["name"])
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = [*own["metadata"]["requires-dist"], *own["metadata"]["requires-dev"]["dev"]]
    assert {line.name: line.specifier for line in map(Requirement, asked)} == {
        entry["name"]: SpecifierSet(entry.get("specifier", "")) for entry in locked
    }


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_name_no_place_and_hash_everything(repository: Path, file: str) -> None:
    lines = (repository / file).read_text().splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pins = [number for number, line in enumerate(lines) if "==" in line]
    assert pins
    assert all(lines[number + 1].lstrip().startswith("--hash=sha256:") for number in pins)


def test_every_dependency_is_imported_or_run(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    names = {Requirement(line).name for line in project["dependencies"]}
    trees = [ast.parse(path.read_text()) for path in (repository / "deploy").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    used = {module.partition(".")[0] for module in imported} | words
    assert [name for name in sorted(names) if KNOWN_AS.get(name, name) not in used] == []


def test_the_ci_runs_the_command_of_the_readme(repository: Path) -> None:
    assert "exec tests/run <" in (repository / ".ci/run").read_text()
    assert "\ntests/run\n" in (repository / "README.md").read_text()
