"""`tests/run`: its usage costs nothing, and what it brings to a machine starts no service there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stories import story_of
from tests.tree import REPOSITORY, tracked

STUBS = {
    "apt-get": 'for word; do [ "$word" != download ] || touch docker-registry_1_all.deb; done',
    "dpkg-deb": 'mkdir -p usr/bin; printf "#!/bin/sh\\n" >usr/bin/docker-registry; chmod 755 usr/bin/docker-registry',
    "id": "echo 0",
    "pytest": 'command -v docker-registry >>"$LOG"',
    "python": 'command -v docker-registry >>"$LOG"',
    **dict.fromkeys(
        ("git", "mmdebstrap", "busybox", "restic", "cron", "ssh", "chromium", "chromedriver", "shellcheck"), ""
    ),
}
NEEDED = ("sh", "sed", "mkdir", "touch", "chmod", "rm", "cat")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose commands write down how they were called, on a machine that has nothing else."""
    place = tmp_path / "checkout"
    for folder in ("tests", "deploy", "bin"):
        (place / folder).mkdir(parents=True)
    shutil.copy(REPOSITORY / "tests/run", place / "tests/run")
    ready = 'echo environment >>"$LOG"; mkdir -p .cache/python; echo /none >.cache/python/dev'
    (place / "deploy/environment.sh").write_text(ready)
    for name, does in STUBS.items():
        (place / "bin" / name).write_text(f'#!/bin/sh\necho {name} "$@" >>"$LOG"\n{does}\n')
        (place / "bin" / name).chmod(0o755)
    for name in NEEDED:
        (place / "bin" / name).symlink_to(shutil.which(name) or name)
    return place


def run(checkout: Path, *words: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    log = checkout / "log"
    done = subprocess.run(
        ["tests/run", *words],
        cwd=checkout,
        env={"PATH": str(checkout / "bin"), "HOME": str(checkout), "LOG": str(log), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("unit", "--help"), ("e2e", "-h"), ("soak", "--help")])
def test_help_is_the_usage_and_nothing_else(words: tuple[str, ...], checkout: Path) -> None:
    done, calls = run(checkout, *words)
    assert (done.returncode, done.stderr, calls) == (0, "", [])
    assert "tests/run e2e " in done.stdout
    assert not (checkout / ".cache").exists()


@pytest.mark.parametrize("word", ["unti", "-k", "tests/unit"])
def test_an_unknown_part_is_refused_with_the_usage(word: str, checkout: Path) -> None:
    done, calls = run(checkout, word)
    assert (done.returncode, done.stdout, calls) == (2, "", [])
    assert done.stderr.startswith(f"tests/run: there is no part {word}\n")
    assert "tests/run e2e " in done.stderr


@pytest.mark.parametrize("part", ["e2e", "soak"])
def test_the_registry_of_the_tests_is_unpacked_and_never_installed(part: str, checkout: Path) -> None:
    done, calls = run(checkout, part)
    assert done.returncode == 0, done.stderr
    assert not [call for call in calls if "install" in call]
    assert [call for call in calls if "download" in call] == [
        "apt-get -o APT::Sandbox::User=root download -qq docker-registry"
    ]
    assert calls[-1] == f"{checkout}/.cache/docker-registry/usr/bin/docker-registry"
    again, calls = run(checkout, part)
    assert again.returncode == 0
    assert len([call for call in calls if "download" in call]) == 1


def test_the_usage_names_every_part(checkout: Path) -> None:
    done, _ = run(checkout, "--help")
    script = (REPOSITORY / "tests/run").read_text()
    parts = script.split("all | ", 1)[1].split(")", 1)[0].split(" | ")
    assert len(parts) == 5
    assert [part for part in parts if f"tests/run {part}" not in done.stdout] == []
    assert os.access(REPOSITORY / "tests/run", os.X_OK)


@pytest.mark.parametrize("part", ["lint", "unit", "e2e"])
def test_a_path_behind_a_part_is_all_that_pytest_is_asked_for(part: str, checkout: Path) -> None:
    wanted = "tests/unit/test_words.py"
    _, calls = run(checkout, part, wanted)
    (call,) = [call for call in calls if "pytest -n " in call]
    assert [word for word in call.split() if word.startswith("tests/")] == [wanted]


def test_what_python_compiles_is_kept_also_where_the_shell_forbids_it(checkout: Path) -> None:
    (checkout / "bin/python").write_text('#!/bin/sh\necho "${PYTHONDONTWRITEBYTECODE-kept}" >>"$LOG"\n')
    _, calls = run(checkout, "unit", PYTHONDONTWRITEBYTECODE="1")
    assert "kept" in calls


def test_the_tests_on_the_shared_bare_hosts_run_in_one_process_so_that_these_are_made_once() -> None:
    files = [path for name in tracked("tests/*/test_*.py") if (path := REPOSITORY / name) != Path(__file__)]
    sharing = [path for path in files if "lab: Lab" in path.read_text()]
    assert {story_of(path) for path in sharing} == {"lab"}
