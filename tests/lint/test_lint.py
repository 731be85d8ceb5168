"""Every tool that reads the repository finds nothing to say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tree import tracked

TOOLS = Path(sys.executable).parent


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
