"""A kept result is obeyed only where every file that it was made of is still the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.decide.cache import recall
from deploy.decide.desired import Share, recall_desired
from deploy.errors import KitError
from deploy.lock.text import write_lock
from deploy.source_files import recorded
from deploy.sources.tag.locked import TagModelLock
from deploy.spec.loading.loader import load_spec
from deploy.stack import HERE
from tests.locks import lock_of

SPEC = """
kit: 1
stack: home
engines: [{name: main, kind: ollama}]
models:
  - name: guide
    engine: main
    from: "llama3.2:3b"
    system: {file: prompt.txt}
    messages: {file: talk.txt}
gateway: null
webui: null
backup: null
"""


def write_project(folder: Path, prompt: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "prompt.txt").write_text(prompt)
    (folder / "talk.txt").write_text("[Q]\nHello?\n[A]\nGood day.\n")
    path = folder / "kit.yaml"
    path.write_text(SPEC)
    write_lock(lock_of(load_spec(path)), folder / "kit.lock")
    return path


def system_text(desired: Share) -> str:
    (model,) = desired.deployment.engines[0].models
    return str(model.request["system"])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/kit/kept"


def test_a_relative_path_means_the_folder_that_it_is_typed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        write_project(tmp_path / name, f"You are {name}.")
    assert (tmp_path / "one/kit.lock").read_bytes() == (tmp_path / "two/kit.lock").read_bytes()
    for name in ("one", "two", "one", "two"):
        monkeypatch.chdir(tmp_path / name)
        assert system_text(recall_desired(Path("kit.yaml")).on(HERE)) == f"You are {name}."


def test_both_folders_are_remembered_side_by_side(tmp_path: Path) -> None:
    specs = [write_project(tmp_path / name, name) for name in ("one", "two")]
    for spec in specs:
        recall_desired(spec)
    assert all(recall(spec) for spec in specs)


def test_a_file_of_equal_size_and_time_with_other_bytes_is_another_file(tmp_path: Path) -> None:
    for name in ("kit.yaml", "kit.lock", "prompt.txt", "talk.txt"):
        spec = write_project(tmp_path / name, "Be kind.")
        recall_desired(spec)
        changed = spec.parent / name
        before = changed.stat()
        content = changed.read_bytes()
        changed.write_bytes(content[:-1] + b" ")
        os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert (changed.stat().st_size, changed.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        assert recall(spec) is None, name


def test_a_file_that_is_only_touched_is_the_same(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "Be kind.")
    recall_desired(spec)
    (spec.parent / "prompt.txt").touch()
    assert recall(spec)


def test_a_file_that_vanished_is_told(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "Be kind.")
    recall_desired(spec)
    (spec.parent / "prompt.txt").unlink()
    with pytest.raises(KitError, match=r"prompt\.txt"):
        recall_desired(spec)


def test_a_file_that_became_a_pipe_makes_nobody_wait(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "Be kind.")
    recall_desired(spec)
    (spec.parent / "prompt.txt").unlink()
    os.mkfifo(spec.parent / "prompt.txt")
    assert recall(spec) is None


def test_a_link_that_leads_elsewhere_is_followed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_project(tmp_path / name, f"You are {name}.")
    link = tmp_path / "link"
    for name in ("one", "two", "one"):
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        assert system_text(recall_desired(link / "kit.yaml").on(HERE)) == f"You are {name}."


def test_a_named_file_that_is_a_link_counts_by_what_it_leads_to(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "unused")
    prompt = spec.parent / "prompt.txt"
    for name in ("first", "second", "first"):
        (spec.parent / name).write_text(f"You are {name}.")
        prompt.unlink()
        prompt.symlink_to(name)
        assert system_text(recall_desired(spec).on(HERE)) == f"You are {name}."


def test_a_linked_kit_yaml_reads_the_files_beside_the_link(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "You are one.")
    write_project(tmp_path / "two", "You are two.")
    linked = tmp_path / "two/kit.yaml"
    linked.unlink()
    linked.symlink_to(spec)
    assert system_text(recall_desired(spec).on(HERE)) == "You are one."
    assert system_text(recall_desired(linked).on(HERE)) == "You are two."


def test_a_moved_folder_is_read_where_it_lies_now(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "You are one.")
    recall_desired(spec)
    spec.parent.rename(tmp_path / "moved")
    write_project(tmp_path / "one", "You are another.")
    assert system_text(recall_desired(tmp_path / "moved/kit.yaml").on(HERE)) == "You are one."
    assert system_text(recall_desired(spec).on(HERE)) == "You are another."


def test_a_linked_folder_that_leads_elsewhere_is_another_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_project(tmp_path / name, f"You are {name}.")
    here = tmp_path / "here"
    for name in ("one", "two", "one"):
        here.unlink(missing_ok=True)
        here.symlink_to(name)
        assert system_text(recall_desired(here / "kit.yaml").on(HERE)) == f"You are {name}."
        assert system_text(recall_desired(here / ".." / name / "kit.yaml").on(HERE)) == f"You are {name}."


@pytest.mark.parametrize("mask", [0, 0o077, 0o277])
def test_what_is_kept_under_any_umask_is_recalled_by_its_user_alone(tmp_path: Path, cache: Path, mask: int) -> None:
    spec = write_project(tmp_path / "one", "You are one.")
    before = os.umask(mask)
    try:
        recall_desired(spec)
        assert recall(spec) is not None
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o077 for path in (cache, *cache.iterdir())} == {0}


def test_a_second_worktree_has_files_of_its_own(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "You are one.")
    git = ["git", "-C", str(spec.parent), "-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"], ["worktree", "add", "-q", "../two"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    recall_desired(spec)
    (tmp_path / "two/prompt.txt").write_text("You are two.")
    assert system_text(recall_desired(tmp_path / "two/kit.yaml").on(HERE)) == "You are two."
    assert system_text(recall_desired(spec).on(HERE)) == "You are one."


@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_template_that_appears_beside_the_spec_counts(tmp_path: Path, through_a_link: bool) -> None:
    spec = write_project(tmp_path / "one", "Be kind.")
    before = recall_desired(spec).on(HERE).bundle
    folder = tmp_path / "elsewhere" if through_a_link else spec.parent / "templates/compose"
    folder.mkdir(parents=True)
    if through_a_link:
        (spec.parent / "templates").mkdir()
        (spec.parent / "templates/compose").symlink_to(folder)
        assert recall_desired(spec).on(HERE).bundle == before
    own = Path(__file__).parents[3] / "templates/compose/compose.yaml.j2"
    (folder / own.name).write_text(own.read_text() + "# mine\n")
    assert recall_desired(spec).on(HERE).bundle.files[0].content.endswith("# mine\n")
    (folder / own.name).unlink()
    assert recall_desired(spec).on(HERE).bundle == before


def test_another_model_in_the_lock_is_another_result(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "Be kind.")
    recall_desired(spec)
    lock = lock_of(load_spec(spec))
    model = lock.models["main/guide"]
    assert isinstance(model, TagModelLock)
    moved = lock.model_copy(update={"models": {"main/guide": model.model_copy(update={"digest": "f" * 64})}})
    write_lock(moved, spec.parent / "kit.lock")
    base = recall_desired(spec).on(HERE).deployment.engines[0].models[0].base
    assert base is not None
    assert base.digest == "f" * 64


def test_a_reading_records_its_files_and_the_next_one_begins_anew(tmp_path: Path) -> None:
    spec = write_project(tmp_path / "one", "Be kind.")
    with recorded() as first:
        load_spec(spec)
    with recorded() as second:
        pass
    assert sorted(Path(path).name for path in first) == ["kit.yaml", "prompt.txt", "talk.txt"]
    assert second == {}


OPENED = """
import json, sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from deploy.decide.desired import recall_desired
recall_desired(Path(sys.argv[1]))
print(json.dumps(opened))
"""


def test_every_file_that_is_opened_while_the_spec_is_read_is_an_input(tmp_path: Path, cache: Path) -> None:
    """The interpreter itself tells what was opened: a reader that records nothing is found here."""
    spec = write_project(tmp_path / "one", "Be kind.")
    (spec.parent / "templates/compose").mkdir(parents=True)
    shutil.copy(Path(__file__).parents[3] / "templates/compose/compose.yaml.j2", spec.parent / "templates/compose")
    done = subprocess.run([sys.executable, "-c", OPENED, str(spec)], capture_output=True, text=True, check=True)
    opened = {path for path in json.loads(done.stdout) if path.startswith(f"{spec.parent}/")}
    (kept,) = cache.iterdir()
    inputs = set(json.loads(kept.read_text().partition("\n")[2])["inputs"])
    own = {path for path in opened if path.startswith(f"{spec.parent}/templates/")}
    assert {Path(path).name for path in inputs} == {"kit.yaml", "kit.lock", "prompt.txt", "talk.txt"}
    assert opened - own == inputs
    assert own
