"""Every tool that reads the repository finds nothing to say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from grimp import ImportGraph

from tests.lint.packages import AcyclicPackages
from tests.tree import RECEIVER, tracked, travelling

TOOLS = Path(sys.executable).parent
OLDEST_PYTHON = "3.9"
"""On hosts."""
OLD_PYTHON = "3.6"
"""The oldest that is told that it is too old."""


def ensure_silent(repository: Path, *command: str | Path) -> None:
    done = subprocess.run(
        command, cwd=repository, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_no_fault(repository: Path) -> None:
    ensure_silent(repository, TOOLS / "ruff", "check", "--quiet", ".")


def test_ruff_would_format_nothing_differently(repository: Path) -> None:
    ensure_silent(repository, TOOLS / "ruff", "format", "--check", "--quiet", ".")


def test_mypy_finds_no_fault(repository: Path) -> None:
    ensure_silent(repository, TOOLS / "mypy")


def oldest_python(*paths: str | Path, version: str = OLDEST_PYTHON) -> list[str | Path]:
    """Command that fails where a file needs more than a version of Python; by default, the oldest one of hosts."""
    return [TOOLS / "vermin", f"--target={version}-", "--no-tips", "--violations", *paths]


def test_what_travels_to_a_host_runs_on_its_oldest_python(repository: Path, tmp_path: Path) -> None:
    ensure_silent(repository, *oldest_python(*travelling()))
    newer = tmp_path / "newer.py"
    newer.write_text("from itertools import pairwise\n")
    with pytest.raises(AssertionError, match=r"3\.10"):
        ensure_silent(repository, *oldest_python(newer))


def test_what_stores_the_agent_is_read_by_a_python_that_is_too_old_for_it(repository: Path) -> None:
    ensure_silent(repository, *oldest_python(RECEIVER, version=OLD_PYTHON))


def test_imports_go_downwards_and_form_no_circle(repository: Path) -> None:
    ensure_silent(repository, TOOLS / "lint-imports", "--no-cache")


def test_a_circle_of_a_package_with_one_inside_it_is_found() -> None:
    graph = ImportGraph()
    for module in ("deploy", "deploy.apply", "deploy.apply.run", "deploy.apply.words", "deploy.apply.roles"):
        graph.add_module(module)
    graph.add_import(importer="deploy.apply.run", imported="deploy.apply.roles.ansible")
    contract = AcyclicPackages("Packages form no circle", {}, {})
    assert contract.check(graph, verbose=False).kept
    graph.add_import(importer="deploy.apply.roles.ansible", imported="deploy.apply.words")
    checked = contract.check(graph, verbose=False)
    assert not checked.kept
    assert set(checked.metadata["circle"]) == {"deploy.apply", "deploy.apply.roles"}


def test_yamllint_finds_no_fault(repository: Path) -> None:
    ensure_silent(repository, TOOLS / "yamllint", "--strict", *tracked("*.yaml", "*.yml"))


def test_ansible_lint_finds_no_fault_at_the_production_profile(repository: Path) -> None:
    ensure_silent(repository, TOOLS / "ansible-lint", "--nocolor", "-q", "roles", "deploy/playbooks")


def test_shell_scripts_parse_and_shellcheck_finds_no_fault(repository: Path) -> None:
    scripts = ["kit", "tests/run", ".ci/run", *tracked("*.sh")]
    for script in scripts[:2]:
        ensure_silent(repository, "sh", "-n", script)
    if shutil.which("shellcheck") is None:
        pytest.skip("not on PATH: shellcheck")
    ensure_silent(repository, "shellcheck", *scripts)
