from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.unit.checkout import Checkout, is_root
from tests.waiting import PATIENCE_SECONDS, wait_until

HANGS = 'case $1 in --version) exit 0 ;; esac\ntouch "{flag}"\nexec sleep 60'
UNKNOWN_PACKAGE = f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n"


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Checkout:
    return Checkout.make(repository, tmp_path / "checkout", tmp_path / "bin")


@pytest.mark.parametrize(
    ("sent", "status", "left"),
    [(signal.SIGINT, -signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL, 1)],
)
def test_an_interrupted_environment_is_never_taken_for_a_finished_one(
    checkout: Checkout, tmp_path: Path, sent: signal.Signals, status: int, left: int
) -> None:
    checkout.offer_uv()
    checkout.offer("uv", HANGS.format(flag=tmp_path / "began"))
    first = checkout.start()
    wait_until(
        (tmp_path / "began").exists, "the environment is being made", saw=lambda: sorted(checkout.place.rglob("*"))[:50]
    )
    os.killpg(first.pid, sent)
    first.communicate(timeout=PATIENCE_SECONDS)
    assert first.returncode in (status, 128 + sent)
    assert len(list(checkout.place.glob("run-*[!g]"))) == left
    assert not (checkout.place / "run").exists()

    checkout.offer_uv()
    assert checkout.run("version").said["argv"] == ["version"]
    assert len(checkout.environments()) == 1


def test_two_starts_at_once_make_one_environment(checkout: Checkout) -> None:
    checkout.offer_uv()
    both = [checkout.start("first"), checkout.start("second")]
    spoken = [process.communicate(timeout=PATIENCE_SECONDS) for process in both]
    assert [process.returncode for process in both] == [0, 0], spoken
    assert "".join(err for _, err in spoken).count("making its Python environment") == 1
    assert len(checkout.environments()) == 1


def test_a_command_that_is_on_path_and_leads_nowhere_is_not_chosen(checkout: Checkout) -> None:
    for shim in ("uv", "python3.13", "python3.12"):
        checkout.offer(shim, f"echo 'pyenv: {shim}: command not found' >&2; exit 127")
    checkout.offer("python3.11", "exit 1  # an old one says no when it is asked for its version")
    checkout.offer_python("python3")
    assert checkout.run("version").said["argv"] == ["version"]


@pytest.mark.parametrize(("maker", "setting"), [("offer_uv", "UV_DEFAULT_INDEX"), ("offer_python", "PIP_INDEX_URL")])
def test_an_index_that_does_not_answer_is_an_error_that_says_what_to_do(
    checkout: Checkout, maker: str, setting: str
) -> None:
    getattr(checkout, maker)()
    (checkout.root / "requirements.txt").write_text(UNKNOWN_PACKAGE)
    checkout.environ[setting] = "http://127.0.0.1:9/simple"
    run = checkout.run()
    assert run.status == 1
    assert run.out == ""
    problem, next_step = run.err.splitlines()[-2:]
    assert problem == "kit: the Python packages could not be installed"
    assert f"{setting} names a mirror, HTTPS_PROXY a proxy" in next_step
    assert sorted(entry.name for entry in checkout.place.iterdir()) == ["run.lock"]


def test_without_python_and_root_the_line_to_type_is_printed(checkout: Checkout) -> None:
    checkout.offer("apt-get", "exit 99")
    checkout.path.joinpath("id").unlink()
    checkout.offer("id", "echo 1000")
    run = checkout.run()
    assert run.status == 1
    assert run.err.splitlines()[-1] == "kit: type: sudo apt-get install python3-venv"


def test_root_installs_the_venv_module_and_reads_the_package_lists_where_there_are_none(
    checkout: Checkout, tmp_path: Path
) -> None:
    python = f"ln -s {os.path.realpath('/proc/self/exe')} {checkout.path}/python3"
    checkout.offer(
        "apt-get", f'case "$*" in *update) touch "{tmp_path}/lists" ;; *) [ -e "{tmp_path}/lists" ] && {python} ;; esac'
    )
    checkout.path.joinpath("ln").symlink_to("/bin/ln")
    checkout.path.joinpath("id").unlink()
    checkout.offer("id", "echo 0")
    run = checkout.run("version")
    assert run.said["argv"] == ["version"]
    assert run.err.splitlines()[0] == "kit: installing python3-venv with apt-get"


def test_a_system_without_python_and_apt_is_told_what_to_install(checkout: Checkout) -> None:
    run = checkout.run()
    assert run.status == 1
    assert "kit: install one, or install uv" in run.err


def test_a_cache_that_cannot_be_made_is_named(checkout: Checkout) -> None:
    (checkout.root / ".cache").write_text("in the way")
    run = checkout.run()
    assert run.status == 1
    assert run.err.splitlines()[0].startswith(f"kit: the folder {checkout.place} cannot be written")


@pytest.mark.skipif(not is_root(), reason="mounts a file system")
def test_a_file_system_that_runs_no_program_is_told_before_anything_is_made(checkout: Checkout) -> None:
    checkout.offer_uv()
    checkout.place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", checkout.place], check=True)
    try:
        run = checkout.run()
    finally:
        subprocess.run(["umount", checkout.place], check=True)
    assert (run.status, run.out) == (1, "")
    assert run.err.splitlines() == [
        f"kit: no program can run from the folder {checkout.place}: its file system is mounted with noexec",
        "kit: move the checkout to another file system, and run the same command again",
    ]
