from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.assets import inventories_dir
from deploy.desired import load_desired, lock_path, recall_desired
from deploy.errors import SpecError
from deploy.hosts.observe import probe_request
from deploy.kept import MOST, inputs_key, recall


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "there"
    folder.mkdir()
    for name in ("kit.yaml", "kit.lock"):
        shutil.copy(inventories_dir() / "quickstart" / name, folder / name)
    return folder / "kit.yaml"


def kept_files(spec: Path) -> list[Path]:
    return sorted((spec.parents[1] / "cache/kit/kept").iterdir())


def is_kept(spec: Path) -> bool:
    key = inputs_key(spec, lock_path(spec))
    return key is not None and recall(key) is not None


def test_what_was_kept_is_what_would_be_made(spec: Path) -> None:
    made = load_desired(spec)
    recall_desired(spec)
    recalled = recall_desired(spec)
    assert is_kept(spec)
    assert recalled.bundle == made.bundle
    assert probe_request(recalled.deployment) == probe_request(made.deployment)
    assert (recalled.spec, recalled.lock) == (made.spec, made.lock)


def test_an_unchanged_spec_is_recalled_without_the_libraries_that_read_and_print_it(spec: Path) -> None:
    recall_desired(spec)
    script = (
        "import sys; from pathlib import Path; from deploy.desired import recall_desired;"
        f"recall_desired(Path({str(spec)!r}));"
        "print({'pydantic', 'yaml', 'jinja2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", ["kit.yaml", "kit.lock", "templates/compose/compose.yaml.j2"])
def test_another_byte_of_an_input_makes_it_anew(spec: Path, name: str) -> None:
    recall_desired(spec)
    changed = spec.parent / name
    changed.parent.mkdir(parents=True, exist_ok=True)
    with changed.open("a") as stream:
        stream.write("# another\n")
    assert not is_kept(spec)


def test_a_file_that_the_spec_names_makes_it_anew_when_it_changes(spec: Path) -> None:
    named = spec.parent / "main"
    named.write_text("first")
    recall_desired(spec)
    assert is_kept(spec)
    named.write_text("another")
    assert not is_kept(spec)


def test_a_wrong_spec_is_told_each_time_and_never_kept(spec: Path) -> None:
    spec.write_text(spec.read_text().replace("threads: 1", "threads: none"))
    for _ in range(2):
        with pytest.raises(SpecError, match="threads"):
            recall_desired(spec)
    assert not is_kept(spec)


def test_what_was_spoiled_or_cut_off_is_not_read(spec: Path) -> None:
    recall_desired(spec)
    (file,) = kept_files(spec)
    whole = file.read_bytes()
    for content in (b"", whole[:-1], whole[:-1] + b"?"):
        file.chmod(0o600)
        file.write_bytes(content)
        assert not is_kept(spec)
        assert recall_desired(spec).deployment.stack == "quickstart"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_another_user_kept_is_not_read(spec: Path) -> None:
    recall_desired(spec)
    (file,) = kept_files(spec)
    os.chown(file, 12345, 12345)
    assert not is_kept(spec)


def test_a_pipe_in_the_place_of_a_file_makes_nobody_wait(spec: Path) -> None:
    spec.unlink()
    os.mkfifo(spec)
    assert inputs_key(spec, lock_path(spec)) is None


def test_only_so_many_are_kept(spec: Path) -> None:
    text = spec.read_text()
    for number in range(MOST + 2):
        spec.write_text(f"{text}# {number}\n")
        recall_desired(spec)
    assert len(kept_files(spec)) == MOST
    assert is_kept(spec)


def test_a_cache_that_cannot_be_written_stands_in_nobodys_way(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(spec))
    assert recall_desired(spec).deployment.stack == "quickstart"
