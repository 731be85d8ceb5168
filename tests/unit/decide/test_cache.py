from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.assets import inventories_dir
from deploy.decide.cache import FORMAT, MOST, recall
from deploy.decide.desired import load_desired, recall_desired
from deploy.deployment.values import as_json
from deploy.errors import SpecError
from deploy.hosts.observation.asked import probe_request
from deploy.stack import HERE


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
    return recall(spec) is not None


def test_what_was_kept_is_what_would_be_made(spec: Path) -> None:
    made = load_desired(spec).on(HERE)
    recall_desired(spec)
    recalled = recall_desired(spec).on(HERE)
    assert is_kept(spec)
    assert recalled.bundle == made.bundle
    assert as_json(recalled.deployment) == as_json(made.deployment)
    assert probe_request(recalled.deployment) == probe_request(made.deployment)
    assert (recalled.spec, recalled.desired.lock) == (made.spec, made.desired.lock)


def test_an_unchanged_spec_is_recalled_without_the_libraries_that_read_and_print_it(spec: Path) -> None:
    recall_desired(spec)
    script = (
        "import sys; from pathlib import Path; from deploy.decide.desired import recall_desired;"
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
        assert recall_desired(spec).on(HERE).deployment.stack == "quickstart"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_another_user_kept_is_not_read(spec: Path) -> None:
    recall_desired(spec)
    (file,) = kept_files(spec)
    os.chown(file, 12345, 12345)
    assert not is_kept(spec)


def test_a_pipe_in_the_place_of_a_file_makes_nobody_wait(spec: Path) -> None:
    recall_desired(spec)
    spec.unlink()
    os.mkfifo(spec)
    assert not is_kept(spec)


def test_only_so_many_are_kept(spec: Path) -> None:
    for number in range(MOST + 2):
        other = spec.parents[1] / str(number)
        shutil.copytree(spec.parent, other)
        recall_desired(other / "kit.yaml")
    assert len(kept_files(spec)) == MOST
    assert is_kept(other / "kit.yaml")


def test_a_cache_that_cannot_be_written_stands_in_nobodys_way(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(spec))
    assert recall_desired(spec).on(HERE).deployment.stack == "quickstart"


def test_a_user_without_a_name_and_a_home_keeps_nothing(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert recall_desired(spec).on(HERE).deployment.stack == "quickstart"


def rewritten(content: bytes, change: Callable[[Any], None]) -> bytes:
    """Return a kept file whose document is another, with a checksum that is right."""
    document = json.loads(content.partition(b"\n")[2])
    change(document)
    payload = json.dumps(document).encode()
    return f"{hashlib.sha256(payload).hexdigest()}\n".encode() + payload


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(format=FORMAT + 1),
        lambda document: document.update(more=True),
        lambda document: document.update(inputs=[]),
        lambda document: document["deployments"]["here"].pop("services"),
        lambda document: document["deployments"]["here"].update(stack=7),
        lambda document: document["deployments"]["here"]["services"][0].update(read_only="yes"),
        lambda document: document["bundles"]["here"].update(files=[["compose.yaml", "services: {}", "0444"]]),
    ],
)
def test_what_is_no_document_of_this_kit_is_made_anew(spec: Path, change: Callable[[Any], None]) -> None:
    recall_desired(spec)
    (file,) = kept_files(spec)
    file.write_bytes(rewritten(file.read_bytes(), change))
    assert not is_kept(spec)
    assert recall_desired(spec).on(HERE).deployment.stack == "quickstart"
    assert is_kept(spec)


def test_nothing_that_is_kept_can_run(spec: Path) -> None:
    recall_desired(spec)
    (file,) = kept_files(spec)
    payload = pickle.dumps(Opener(spec.parent / "opened"))
    file.write_bytes(f"{hashlib.sha256(payload).hexdigest()}\n".encode() + payload)
    recall_desired(spec)
    assert not (spec.parent / "opened").exists()


class Opener:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_what_another_user_may_write_is_not_read(spec: Path) -> None:
    recall_desired(spec)
    (file,) = kept_files(spec)
    file.chmod(0o620)
    assert not is_kept(spec)


def test_a_result_of_another_kit_yaml_is_not_taken_for_this_one(spec: Path) -> None:
    other = spec.parents[1] / "other"
    shutil.copytree(spec.parent, other)
    recall_desired(spec)
    (mine,) = kept_files(spec)
    recall_desired(other / "kit.yaml")
    (theirs,) = set(kept_files(spec)) - {mine}
    theirs.write_bytes(mine.read_bytes())
    assert not is_kept(other / "kit.yaml")
