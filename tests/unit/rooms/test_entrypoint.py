from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from deploy.decide.render import render
from tests.unit.rooms.places import chain


def entry_point() -> str:
    (file,) = (file for file in render(chain()).files if file.path.endswith("/entrypoint.sh"))
    return file.content


def run(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    script = folder / "entrypoint.sh"
    script.write_text(entry_point().replace("/run/secrets", str(folder / "secrets")))
    return subprocess.run(
        ["/bin/sh", str(script), *argv], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, check=False
    )


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def test_one_entry_point_serves_all_services() -> None:
    assert len({file.path for file in render(chain()).files if file.path.endswith("/entrypoint.sh")}) == 1
    assert len(entry_point().splitlines()) <= 6


@pytest.mark.parametrize("value", ["plain", "a b  c", "$HOME `id` $(id) \"'\\", "ümlaut*"])
def test_every_secret_reaches_the_program_as_it_is(secrets: Path, tmp_path: Path, value: str) -> None:
    (secrets / "API_KEY").write_text(value)
    (secrets / "OTHER").write_text("other\n")
    found = run(tmp_path, "/bin/sh", "-c", 'printf "%s|%s|%s" "$API_KEY" "$OTHER" "$1"', "sh", "an argument; with *")
    assert found.stdout == f"{value}|other|an argument; with *"


def test_a_secret_that_cannot_be_read_stops_the_start(secrets: Path, tmp_path: Path) -> None:
    (secrets / "API_KEY").mkdir()
    found = run(tmp_path, "/bin/echo", "started")
    assert found.returncode != 0
    assert "started" not in found.stdout


def test_the_program_takes_the_entry_points_place(secrets: Path, tmp_path: Path) -> None:
    (secrets / "API_KEY").write_text("x")
    assert re.search(r'^exec "\$@"$', entry_point(), re.MULTILINE)
    assert run(tmp_path, "/bin/sh", "-c", "exit 7").returncode == 7
