from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy import assets

SAY_WHERE = """\
from deploy import assets
for folder in (assets.templates_dir(), assets.roles_dir(), assets.inventories_dir(), assets.playbooks_dir()):
    print(folder)
"""


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without asking the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=repository, check=True, capture_output=True)
    return next(folder.glob("kit-*.whl"))


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_checkout_finds_its_own_files(repository: Path) -> None:
    assert assets.templates_dir() == repository / "templates"
    assert assets.roles_dir() == repository / "roles"
    assert (assets.inventories_dir() / "quickstart/kit.yaml").is_file()
    assert (assets.playbooks_dir() / "site.yml").is_file()


def test_the_wheel_finds_the_same_files_from_an_empty_folder(repository: Path, wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    (tmp_path / "empty").mkdir()
    said = subprocess.run(
        [sys.executable, "-c", SAY_WHERE],
        cwd=tmp_path / "empty",
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    found = [Path(line) for line in said.stdout.splitlines()]
    own = [repository / "templates", repository / "roles", repository / "inventories", repository / "deploy/playbooks"]
    assert all(folder.is_relative_to(installed / "deploy") for folder in found)
    assert [files(folder) for folder in found] == [files(folder) for folder in own]


def test_the_wheel_carries_every_module(repository: Path, wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(repository).as_posix() for path in (repository / "deploy").rglob("*.py")}
    assert modules <= carried


@pytest.mark.network
def test_the_wheel_installed_by_itself_renders_the_quickstart(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    uv = Path(sys.executable).parent / "uv"
    empty = tmp_path / "empty"
    empty.mkdir()
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, environment], cwd=empty, check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", environment / "bin/python", wheel], cwd=empty, check=True)
    kit = environment / "bin/kit"
    for words in (["version"], ["init", "--from", "quickstart"], ["render", "--out", "out"]):
        subprocess.run([kit, *words], cwd=empty, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    shipped = (assets.inventories_dir() / "quickstart/kit.yaml").read_bytes()
    assert (empty / "kit.yaml").read_bytes().partition(b"\n")[2] == shipped
    assert list((empty / "out").rglob("compose.yaml"))
