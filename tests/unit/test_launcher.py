from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.checkout import Checkout, is_root


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Checkout:
    return Checkout.make(repository, tmp_path / "a checkout", tmp_path / "bin")


@pytest.mark.parametrize("maker", ["offer_uv", "offer_python"])
def test_the_first_start_makes_the_environment_and_hands_every_argument_on(checkout: Checkout, maker: str) -> None:
    getattr(checkout, maker)()
    first = checkout.run("plan", "a b", "", "--json", "*")
    assert first.said["argv"] == ["plan", "a b", "", "--json", "*"]
    assert Path(first.said["prefix"]).parent == checkout.place
    assert first.err.startswith(f"kit: making its Python environment in {checkout.place} (once, about ")
    assert first.err.count("\n") == 1


def test_the_second_start_says_nothing_and_starts_no_python_but_its_own(checkout: Checkout) -> None:
    checkout.offer_uv()
    first = checkout.run()
    for name in ("uv", "python3", "flock", "rm", "mktemp"):
        checkout.path.joinpath(name).unlink()
    second = checkout.run()
    assert (second.status, second.out, second.err) == (0, first.out, "")


def test_a_changed_lock_renews_the_environment_and_keeps_the_one_that_may_still_run(checkout: Checkout) -> None:
    checkout.offer_uv()
    made = [checkout.run().said["prefix"]]
    for words in ("# once more\n", "# and again\n"):
        (checkout.root / "requirements.txt").write_text(words)
        made.append(checkout.run().said["prefix"])
    assert len(set(made)) == 3
    assert checkout.environments() == sorted(Path(prefix).name for prefix in made[1:])


def test_a_moved_checkout_gets_an_environment_of_its_own(checkout: Checkout) -> None:
    checkout.offer_uv()
    checkout.run()
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    moved = checkout.run()
    assert moved.said["kit"] == str(checkout.root / "deploy/cli/main.py")
    assert Path(moved.said["prefix"]).parent == checkout.place


def test_an_environment_whose_python_is_gone_is_made_again(checkout: Checkout) -> None:
    checkout.offer_uv()
    python = Path(checkout.run().said["prefix"], "bin/python")
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert "making its Python environment" in checkout.run().err


def test_it_is_found_through_links_and_leaves_the_folder_it_was_called_from(checkout: Checkout, tmp_path: Path) -> None:
    checkout.offer_uv()
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    (elsewhere / "relative").symlink_to("../a checkout/kit")
    (elsewhere / "kit").symlink_to(elsewhere / "relative")
    checkout.path.joinpath("kit").symlink_to(elsewhere / "kit")
    (elsewhere / "deploy").mkdir()
    (elsewhere / "deploy/__init__.py").write_text("raise SystemExit('the wrong package')")
    for program in ("./kit", "./relative", checkout.path / "kit"):
        said = checkout.run(program=program, cwd=elsewhere).said
        assert said["cwd"] == str(elsewhere)
        assert said["typed"] == str(program)
        assert said["kit"] == str(checkout.root / "deploy/cli/main.py")
    assert len(checkout.environments()) == 1


def test_it_starts_without_a_home(checkout: Checkout) -> None:
    checkout.offer_uv()
    del checkout.environ["HOME"]
    assert checkout.run("version").said["argv"] == ["version"]


def test_a_checkout_that_cannot_be_written_keeps_its_environment_in_the_cache(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.offer_uv()
    checkout.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    if is_root():
        ensure_mounts_are_allowed()
        mount = f'mount --bind "{checkout.root}" "{checkout.root}" && mount -o remount,ro,bind "{checkout.root}"'
        for tool in ("unshare", "mount"):
            checkout.path.joinpath(tool).symlink_to(shutil.which(tool) or "/nowhere")
        run = checkout.run("--mount", "sh", "-c", f'{mount} && exec "{checkout.root}/kit"', program="unshare")
    else:
        checkout.root.chmod(0o555)
        run = checkout.run()
    assert Path(run.said["prefix"]).is_relative_to(tmp_path / "cache/kit/python")
    assert not checkout.place.exists()


def ensure_mounts_are_allowed() -> None:
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no read-only mount can be made here: {tried.stderr.strip()}")


def test_texts_are_utf_8_whatever_the_locale_says(checkout: Checkout) -> None:
    checkout.offer_uv()
    # Python's own way to UTF-8 is for the C locale alone; without it that one stands for every old encoding.
    checkout.environ |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    said = checkout.run("import", "Grüße.txt").said
    assert (said["argv"], said["files"], said["output"]) == (["import", "Grüße.txt"], "utf-8", "utf-8")


def test_the_administrators_programs_are_found_behind_those_of_a_persons_path(checkout: Checkout) -> None:
    checkout.offer_uv()
    assert checkout.run().said["path"] == f"{checkout.path}:/usr/local/sbin:/usr/sbin:/sbin"
    checkout.environ["PATH"] = f"/usr/sbin:{checkout.path}"
    assert checkout.run().said["path"] == f"/usr/sbin:{checkout.path}:/usr/local/sbin:/sbin"


def test_an_environment_is_everybodys_to_read_whatever_the_umask_says(checkout: Checkout) -> None:
    checkout.offer_uv()
    before = os.umask(0o077)
    try:
        made = Path(checkout.run().said["prefix"])
    finally:
        os.umask(before)
    closed = [path for path in (checkout.place / "run", made, *made.rglob("*")) if not path.stat().st_mode & 0o004]
    assert closed == []
