"""An absent stack: nothing is removed, and nothing is made in order to remove it."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.protocols.ollama.memory import Memory
from deploy.agent.stack.backup_memory import remember
from deploy.agent.stack.secrets import secret_path
from deploy.assets import inventories_dir
from deploy.hosts.reach import Hosts
from deploy.lifecycle.applied import Applied, applied
from deploy.lifecycle.remove import is_there, remains
from deploy.stack import HERE
from tests.unit.cli.conftest import Kit
from tests.unit.played import Played

REMOVED = {"changed": True, "shared": [], "packages": []}
Found = Callable[[bool], bool]


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let root ask a machine without Docker."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setattr("os.geteuid", lambda: 0)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A kit.yaml whose stack was never applied anywhere."""
    path = tmp_path / "kit.yaml"
    shutil.copy(inventories_dir() / "quickstart/kit.lock", tmp_path)
    text = (inventories_dir() / "quickstart/kit.yaml").read_text()
    path.write_text(text.replace("stack: quickstart", "stack: never-applied"))
    return path


@pytest.fixture
def there(spec: Path, tmp_path: Path, machine: Path) -> Applied:
    """The stack as kit.yaml says, with its data in a folder of this test's."""
    return replace(applied(spec, Hosts({HERE: Played(machine)}))[HERE], data_roots=(str(tmp_path / "data"),))


@pytest.mark.parametrize("words", [("--yes",), ("--data", "--confirm", "never-applied"), ("--data", "--confirm", "x")])
def test_a_stack_that_is_not_there_is_told_as_nothing_to_remove(
    words: tuple[str, ...], kit: Kit, spec: Path, machine: Path
) -> None:
    shown = kit("destroy", *words, str(spec))
    assert (shown.code, shown.out, shown.err) == (0, "There is nothing of never-applied to remove.\n", "")
    document = kit("destroy", *words, "--json", str(spec)).document
    nothing = {
        "changed": False,
        "data_removed": False,
        "backups": "",
        "shared": [],
        "models_outside": [],
        "backup": None,
    }
    assert document == {"format": 2, "stack": "never-applied", "hosts": {"here": nothing}}
    assert not machine.exists()


@pytest.fixture
def root(machine: Path) -> Path:
    """The stack's own folder."""
    return machine / "never-applied"


@pytest.fixture
def found(there: Applied, machine: Path) -> Found:
    """Return whether destroy finds anything, with the data or without."""
    return lambda data: is_there(remains(there, Played(machine)), data=data)


@pytest.mark.parametrize("made", ["run", "releases", "files"])
def test_what_a_run_left_is_something(made: str, root: Path, found: Found) -> None:
    (root / made).mkdir(parents=True)
    assert found(False)


def test_data_and_its_secrets_are_something_only_where_data_goes(there: Applied, root: Path, found: Found) -> None:
    Path(root, "secrets").mkdir(parents=True)
    assert (found(False), found(True)) == (False, True)
    shutil.rmtree(root)
    Path(there.data_roots[0]).mkdir()
    assert (found(False), found(True)) == (False, True)


def test_an_engine_that_does_not_answer_is_left_to_the_agent_to_tell(found: Found, tmp_path: Path) -> None:
    assert not found(True)
    (tmp_path / "docker.sock").touch()
    assert found(True)


def test_of_the_folders_with_user_data_only_those_that_are_there_stay(
    there: Applied, root: Path, tmp_path: Path, kit: Kit, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "run").mkdir(parents=True)
    absent, data = str(tmp_path / "absent"), str(tmp_path / "data")
    monkeypatch.setattr(
        "deploy.cli.verbs.destroy.to_remove", lambda *_: {HERE: replace(there, data_roots=(absent, data))}
    )
    monkeypatch.setattr("deploy.cli.verbs.destroy.destroy", lambda *_, **__: REMOVED)
    shown = kit("destroy", "--yes", str(spec))
    assert shown.out == "never-applied is removed.\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("never-applied\n"))
    assert "This removes the stack; it has no user data here.\n" in kit("destroy", str(spec)).err
    Path(data).mkdir()
    assert (
        kit("destroy", "--yes", str(spec)).out == f"never-applied is removed. User data stays where it was: {data}.\n"
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("never-applied\n"))
    assert f"This removes the stack. User data stays in {data}.\n" in kit("destroy", str(spec)).err


def test_backups_and_their_key_stay_and_a_second_removal_finds_nothing(
    root: Path, kit: Kit, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(root, repository={"path": "/mnt/kit"})
    key = secret_path(root, BACKUP_OWNER, BACKUP_KEY)
    key.parent.mkdir(parents=True)
    key.write_text("a value")
    (root / "run").mkdir()
    stay = " Backups stay in /mnt/kit, and their key in /opt/kit/never-applied."
    monkeypatch.setattr("deploy.cli.verbs.destroy.destroy", lambda *_, **__: REMOVED)
    assert kit("destroy", "--yes", str(spec)).out == f"never-applied is removed.{stay}\n"
    shutil.rmtree(root / "run")
    again = kit("destroy", "--data", "--confirm", "never-applied", "--json", str(spec))
    assert again.document["hosts"][HERE]["changed"] is False


ENGINES: list[dict[str, str | None]] = [
    {"name": "mac", "address": "http://mac.lan:11434", "models_dir": None, "key": None},
    {"name": "pc", "address": "http://pc.lan:11434", "models_dir": None, "key": None},
    {"name": "own", "address": "http://127.0.0.1:11434", "models_dir": "/srv/m", "key": None},
]


@pytest.fixture
def with_models(there: Applied, root: Path) -> Path:
    """A stack that has made models on an engine outside, and on one of its own."""
    (root / "current").mkdir(parents=True)
    decided = {"format": 1, "stack": there.stack, "services": [], "engines": ENGINES}
    (root / "current" / "deployment.json").write_text(json.dumps(decided))
    memory = Memory(root)
    for engine, name in (("mac", "poet"), ("mac", "Coder:1b"), ("own", "mine")):
        memory.keep(engine, name, "r", "m")
    memory.keep_pulled("mac", "llama3.2:3b", "d")
    return root


def test_what_stays_on_engines_outside_is_told_with_the_line_that_removes_it(
    with_models: Path, kit: Kit, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.cli.verbs.destroy.destroy", lambda *_, **__: REMOVED)
    line = (
        "mac at http://mac.lan:11434 keeps Coder:1b, poet, llama3.2:3b; typed there, this removes it: "
        "ollama rm Coder:1b poet llama3.2:3b"
    )
    assert kit("destroy", "--data", "--confirm", "never-applied", str(spec)).out == (
        f"never-applied is removed.\n{line}\n"
    )
    assert kit("destroy", "--yes", str(spec)).out.endswith(f"\n{line}\n")
    document = kit("destroy", "--yes", "--json", str(spec)).here
    assert document["models_outside"] == [
        {"engine": "mac", "address": "http://mac.lan:11434", "models": ["Coder:1b", "poet", "llama3.2:3b"]}
    ]
    (with_models / "run" / "models.json").write_text('{"format": 99}')
    assert kit("destroy", "--yes", "--json", str(spec)).here["models_outside"] == []


@pytest.mark.parametrize(
    ("words", "taken"),
    [(("--data",), True), (("--data", "--no-backup"), False), ((), False)],
    ids=str,
)
def test_a_stack_with_backups_is_backed_up_before_its_data_is_removed(
    with_models: Path, kit: Kit, spec: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], taken: bool
) -> None:
    path = with_models / "current" / "deployment.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "backup": {"repository": "/mnt/disk2/kit"}}))
    done: list[str] = []
    answer = {"changed": True, "snapshot": "0123456789", "repository": "/mnt/disk2/kit", "files": 1, "bytes": 1}

    def noting(word: str, result: dict[str, object]) -> Callable[..., dict[str, object]]:
        def run(*_: object, **__: object) -> dict[str, object]:
            done.append(word)
            return result

        return run

    verb = "deploy.cli.verbs.destroy"
    monkeypatch.setattr(f"{verb}.back_up_before_destroy", noting("backup", answer))
    monkeypatch.setattr(f"{verb}.destroy", noting("destroy", REMOVED))
    out = kit("destroy", *words, "--confirm", "never-applied", *([] if "--data" in words else ["--yes"]), str(spec)).out
    assert done == (["backup", "destroy"] if taken else ["destroy"])
    assert ("Its data is in the backup 01234567 in /mnt/disk2/kit." in out) == taken
