"""`clean` removes everything that no stack needs, and nothing that a stack needs."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.removals import CleanAnswer
from deploy.agent.data.restoring import brought_folder
from deploy.agent.docker.api import Docker
from deploy.agent.errors import HELD, AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases import clean
from deploy.agent.releases.clean import run
from deploy.agent.releases.collect import KEPT_AGENTS, old_agents
from deploy.agent.stack.backup_memory import backing_up

NEEDED, FORGOTTEN = "a" * 64, "b" * 64


class Images(Docker):
    """A Docker with an image that a stack needs, one that none needs, and one of a person's."""

    def __init__(self) -> None:
        super().__init__(os.devnull)
        self.gone: list[str] = []

    def images(self, reference: str | None = None) -> list[dict[str, Any]]:
        assert reference is None
        tags = (f"kit/main:{NEEDED}", f"kit/main:{FORGOTTEN}", "postgres:16")
        return [{"Id": tag, "RepoTags": [tag], "Labels": None} for tag in tags]

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        assert labels is None
        return []

    def remove_image(self, reference: str) -> None:
        self.gone.append(reference)


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Images:
    found = Images()
    monkeypatch.setattr(clean, "Docker", lambda: found)
    return found


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for folder in ("cache/layers", "cache/images", "kit/agent", "kit/tools"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cache" / "layers" / "one.tar").write_bytes(b"x" * 1000)
    for name in ("old.pyz", "old.pyz.cpython-311"):
        (tmp_path / "kit" / "agent" / name).write_text("agent")
    (tmp_path / "kit" / "docker_engine.json").write_text("{}")
    return tmp_path


def stack(machine: Path) -> Path:
    root = machine / "kit" / "home"
    release = root / "releases" / "r"
    release.mkdir(parents=True)
    (root / "run").mkdir()
    (root / "secrets" / "page").mkdir(parents=True)
    services = {"main": {"image": f"kit/main:{NEEDED}"}}
    (release / "manifest.json").write_text(
        json.dumps({"format": 1, "kit": "0", "stack": "home", "files": [], "services": services})
    )
    (root / "current").symlink_to("releases/r")
    return root


def cleaned(machine: Path, **more: Any) -> CleanAnswer:
    request: Any = {"kit": str(machine / "kit"), "cache_folder": str(machine / "cache"), **more}
    return run(request, Journal("", ""))


def test_beside_a_stack_only_images_that_no_release_names_go(machine: Path, docker: Images) -> None:
    root = stack(machine)
    answer = cleaned(machine)
    assert docker.gone == [f"kit/main:{FORGOTTEN}"]
    assert (answer["images"], answer["removed"], answer["stacks"]) == ([f"kit/main:{FORGOTTEN}"], [], ["home"])
    assert (machine / "cache" / "layers" / "one.tar").exists()
    assert (root / "secrets" / "page").is_dir()
    assert (machine / "kit" / "tools").is_dir()


@pytest.mark.usefixtures("docker")
def test_the_repository_that_a_killed_move_left_goes_unless_a_run_works_there(machine: Path) -> None:
    root = stack(machine)
    left = brought_folder(root)
    left.mkdir(parents=True)
    (left / "config").write_bytes(b"x" * 100)
    with backing_up(root):
        assert cleaned(machine)["removed"] == []
    answer = cleaned(machine)
    assert (answer["removed"], answer["freed_bytes"]) == ([str(left)], 100)
    assert not left.exists()


def test_the_cache_beside_a_stack_goes_when_it_is_asked_for(machine: Path, docker: Images) -> None:
    stack(machine)
    answer = cleaned(machine, cache=True)
    assert answer["removed"] == [str(machine / "cache" / "layers")]
    assert answer["freed_bytes"] == 1000
    assert (machine / "cache" / "images").is_dir()
    assert docker.gone == [f"kit/main:{FORGOTTEN}"]


def test_where_no_stack_is_left_all_that_they_shared_goes(machine: Path, docker: Images) -> None:
    kept = machine / "kit" / "home" / "secrets" / "page"
    kept.mkdir(parents=True)
    answer = cleaned(machine)
    assert answer["stacks"] == []
    assert docker.gone == [f"kit/main:{NEEDED}", f"kit/main:{FORGOTTEN}"]
    assert not (machine / "cache").exists()
    assert not (machine / "kit" / "tools").exists()
    assert list((machine / "kit" / "agent").iterdir()) == []
    # Keys that data needs which was kept.
    assert kept.is_dir()
    assert (machine / "kit" / "docker_engine.json").exists()


def test_an_old_agent_goes_with_what_was_compiled_of_it(machine: Path, docker: Images) -> None:
    stack(machine)
    folder = machine / "kit" / "agent"
    os.utime(folder / "old.pyz", (0, 0))
    for number in range(KEPT_AGENTS):
        (folder / f"{number}.pyz").write_text("newer")
    answer = cleaned(machine)
    assert answer["removed"] == [str(folder / "old.pyz"), str(folder / "old.pyz.cpython-311")]
    assert len(list(folder.iterdir())) == KEPT_AGENTS
    assert docker.gone


def test_a_docker_that_was_uninstalled_keeps_nothing_from_going(machine: Path, docker: Images) -> None:
    docker.path = str(machine / "nowhere.sock")
    answer = run({"kit": str(machine / "kit"), "cache_folder": str(machine / "cache")}, Journal("", ""))
    assert (answer["images"], docker.gone) == ([], [])
    assert not (machine / "cache").exists()


def test_nothing_goes_while_a_run_may_need_it(machine: Path, docker: Images) -> None:
    root = stack(machine)
    with (root / "run" / "hold").open("w") as hold:
        fcntl.flock(hold, fcntl.LOCK_EX)
        with pytest.raises(AgentError) as refused:
            cleaned(machine)
    assert refused.value.exit_code == HELD
    assert docker.gone == []


def test_an_agent_that_a_job_names_stays_however_old_it_is(machine: Path) -> None:
    root, agents = stack(machine), machine / "kit" / "agent"
    names = [f"{number:064x}.pyz" for number in range(KEPT_AGENTS + 3)]
    for age, name in enumerate(names):
        (agents / name).write_text("agent")
        os.utime(agents / name, (age, age))
    (root / "releases/r/units").mkdir()
    (root / "releases/r/units/tidy.sh").write_text(f"exec python3 {agents / names[1]} job\n")
    assert [path.name for path in old_agents(machine / "kit")] == [names[0], names[2], names[3]]
