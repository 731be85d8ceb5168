from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.event import Event
from deploy.assets import inventories_dir
from deploy.errors import KitError
from deploy.lifecycle.locking import Renewed, renew_lock
from deploy.lock.model import Lock, read_lock
from deploy.lock.text import lock_text
from deploy.sources.tag.locked import TagModelLock
from tests.little_registry import LittleRegistry, manifest
from tests.unit.cli.conftest import Kit

SPEC = """
kit: 1
stack: home
engines:
  - {{name: main, kind: ollama, image: "{host}/ollama/ollama:0.32.15"}}
models:
  - {{name: assistant, engine: main, from: "{host}/library/llama3.2:3b"}}
{models}
gateway: null
webui: null
backup: null
"""


def nothing(_event: Event) -> None:
    """Take no notice of steps."""


@dataclass
class Project:
    """A kit.yaml whose image and tags a registry of this machine has."""

    folder: Path
    registry: LittleRegistry
    models: list[str] = field(default_factory=list)

    def model(self, name: str, tag: str, more: str = "") -> str:
        return f'{{name: {name}, engine: main, from: "{self.registry.host}/library/{tag}"{more}}}'

    @property
    def spec(self) -> Path:
        return self.folder / "kit.yaml"

    @property
    def lock(self) -> Lock:
        return read_lock(self.folder / "kit.lock")

    def write(self) -> None:
        host = f"{self.registry.url}"
        lines = "\n".join(f"  - {line}" for line in self.models)
        self.spec.write_text(SPEC.format(host=host.removeprefix("http://"), models=lines))

    def renew(self, *names: str, upgrade: bool = False) -> Renewed:
        self.write()
        return renew_lock(self.spec, nothing, names if upgrade or names else None)

    def digest(self, key: str) -> str:
        model = self.lock.models[key]
        assert isinstance(model, TagModelLock)
        return model.digest


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with LittleRegistry().served() as registry:
        made = Project(tmp_path, registry)
        move(registry, 1)
        yield made


def move(registry: LittleRegistry, number: int) -> None:
    """Let every tag of the registry mean other bytes."""
    registry.put("ollama/ollama", "0.32.15", manifest(1000 + number))
    registry.put("library/llama3.2", "3b", manifest(2000 + number, 50))
    registry.put("library/qwen3", "4b", manifest(3000 + number))


def test_a_first_lock_names_what_each_part_pins(project: Project) -> None:
    renewed = project.renew()
    assert renewed.is_written
    assert [line.partition(": ")[0] for line in renewed.lines] == [
        f"image {next(iter(project.lock.images))}",
        "model main/assistant",
    ]
    assert f"digest {project.digest('main/assistant')[:12]}" in renewed.lines[-1]
    assert "2 layers" in renewed.lines[-1]


def test_what_is_pinned_stays_though_every_tag_moved_and_nobody_is_asked(project: Project) -> None:
    project.renew()
    before, asked = (project.folder / "kit.lock").read_bytes(), len(project.registry.asked)
    move(project.registry, 2)
    renewed = project.renew()
    assert (renewed.is_written, renewed.lines) == (False, ())
    assert (project.folder / "kit.lock").read_bytes() == before
    assert len(project.registry.asked) == asked


def test_a_further_model_is_added_and_moves_nothing_else(project: Project) -> None:
    project.renew()
    before = project.lock
    move(project.registry, 2)
    project.models = [project.model("other", "qwen3:4b")]
    renewed = project.renew()
    assert [line.partition(": ")[0] for line in renewed.lines] == ["model main/other"]
    assert project.lock.images == before.images
    assert project.lock.models["main/assistant"] == before.models["main/assistant"]


def test_a_model_that_is_no_longer_needed_is_dropped_and_told(project: Project) -> None:
    project.models = [project.model("other", "qwen3:4b")]
    project.renew()
    project.models = []
    assert project.renew().lines == ("model main/other: no longer needed",)


def test_a_second_model_of_a_pinned_tag_gets_the_same_digest(project: Project) -> None:
    project.renew()
    move(project.registry, 2)
    project.models = [project.model("twin", "llama3.2:3b", ", num_ctx: 8192")]
    project.renew()
    assert project.digest("main/twin") == project.digest("main/assistant")


@pytest.mark.parametrize("name", ["assistant", "main/assistant", "child", "twin"])
def test_one_model_is_moved_with_all_of_its_tag_and_nothing_else(project: Project, name: str) -> None:
    project.models = [
        "{name: child, engine: main, from: assistant, temperature: 0.1}",
        project.model("twin", "llama3.2:3b", ", num_ctx: 8192"),
        project.model("other", "qwen3:4b"),
    ]
    project.renew()
    before = project.lock
    move(project.registry, 2)
    renewed = project.renew(name)
    assert [line.partition(": ")[0] for line in renewed.lines] == ["model main/assistant", "model main/twin"]
    assert project.digest("main/assistant") == project.digest("main/twin")
    assert project.lock.models["main/other"] == before.models["main/other"]
    assert project.lock.images == before.images


@pytest.mark.parametrize("name", ["main", "ollama"])
def test_an_image_is_moved_by_its_services_name_or_kind(project: Project, name: str) -> None:
    project.renew()
    before = project.lock
    move(project.registry, 2)
    (line,) = project.renew(name).lines
    (image,) = before.images.values()
    digest = image.model_dump()["digest"]
    assert f"digest {digest[:12]} -> " in line
    assert project.lock.models == before.models
    assert project.lock.images != before.images


def test_everything_is_moved_where_nothing_is_named_and_all_of_it_is_told(project: Project) -> None:
    project.renew()
    move(project.registry, 2)
    image, model = project.renew(upgrade=True).lines
    assert image.startswith("image ")
    assert "digest " in image
    assert model.startswith("model main/assistant: digest ")
    assert f"layers {2001:064x}"[:19] in model
    assert f"-> {2002:064x}"[:15] in model
    assert "size " in model


def test_a_name_of_nothing_is_refused_with_the_names_that_there_are(project: Project) -> None:
    project.renew()
    before = (project.folder / "kit.lock").read_bytes()
    with pytest.raises(KitError, match=r"assistent \(did you mean assistant\?\)") as error:
        project.renew("assistent")
    assert "main/assistant" in error.value.next_step
    assert error.value.exit_code == 2
    assert (project.folder / "kit.lock").read_bytes() == before


def test_another_release_of_the_kit_alone_leaves_the_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.renew()
    monkeypatch.setattr("deploy.lock.pinning.__version__", "99.0")
    assert not project.renew().is_written
    move(project.registry, 2)
    assert project.renew(upgrade=True).lines[0] == f"kit {read_version()} -> 99.0"


def read_version() -> str:
    from deploy import __version__

    return __version__


@pytest.mark.parametrize("content", ["format: 1\nimages: 7\n", "<<<<<<< HEAD\nformat: 1\n=======\n>>>>>>> other\n"])
def test_a_lock_that_cannot_be_read_is_written_over_only_where_all_of_it_moves(project: Project, content: str) -> None:
    project.renew()
    (project.folder / "kit.lock").write_text(content)
    with pytest.raises(KitError) as refused:
        project.renew()
    assert f"kit lock --upgrade {project.spec}" in refused.value.next_step
    assert (project.folder / "kit.lock").read_text() == content
    assert project.renew(upgrade=True).is_written
    assert project.lock.models


def test_a_lock_of_a_newer_kit_is_never_written_over(project: Project) -> None:
    project.renew()
    text = (project.folder / "kit.lock").read_text().replace("format: 1", "format: 2")
    (project.folder / "kit.lock").write_text(text)
    with pytest.raises(KitError, match="newer than this kit knows"):
        project.renew()
    assert (project.folder / "kit.lock").read_text() == text


def test_json_says_changed_exactly_where_bytes_changed(project: Project, kit: Kit) -> None:
    project.write()

    def asked(*words: str) -> dict[str, Any]:
        before = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
        document: dict[str, Any] = json.loads(kit("lock", "--json", *words, str(project.spec)).out)
        assert document["changed"] == (hashlib.sha256(path.read_bytes()).hexdigest() != before)
        return document

    path = project.folder / "kit.lock"
    assert asked()["changed"]
    assert not asked()["changed"]
    assert not asked("--upgrade")["changed"]
    move(project.registry, 2)
    assert not asked()["changed"]
    moved = asked("--upgrade", "assistant")
    assert moved["changed"]
    values = {tuple(one["path"]): (one["before"], one["after"]) for one in moved["differences"]}
    assert values[("models", "main/assistant", "digest")][1] == project.digest("main/assistant")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert asked()["changed"]
    assert "\r" not in path.read_text()
    assert path.read_text() == lock_text(project.lock)


def test_names_without_upgrade_are_refused_with_what_to_write(project: Project, kit: Kit) -> None:
    project.write()
    shown = kit("lock", "assistant", str(project.spec))
    assert shown.code == 2
    assert "--upgrade" in shown.err
    assert not (project.folder / "kit.lock").exists()


def test_a_step_that_failed_is_not_told_as_done(tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    spec.write_text(
        (inventories_dir() / "quickstart/kit.yaml").read_text() + "mirrors: {pypi: 'http://127.0.0.1:9/'}\n"
    )
    events: list[Event] = []
    with pytest.raises(KitError, match="does not answer"):
        renew_lock(spec, events.append)
    assert [event.state for event in events if event.state != "progress"] == ["start", "failed"]


def test_a_step_of_a_lock_that_was_interrupted_is_not_told_as_failed(tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    spec.write_text((inventories_dir() / "quickstart/kit.yaml").read_text())
    events: list[Event] = []

    def interrupt(event: Event) -> None:
        events.append(event)
        if event.state == "progress":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        renew_lock(spec, interrupt)
    assert [event.state for event in events] == ["start", "progress", "interrupted"]
