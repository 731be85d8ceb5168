"""Packages in images move only if they are asked for, or must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.components import room_of
from deploy.deployment.recipe import Recipe
from deploy.lock.model import BuiltImageLock, Lock
from deploy.lock.pinned import Pinned, upgrade_of
from deploy.lock.pinning import make_lock
from deploy.sources.weights.measured import Said
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from tests.wheelhouse import Wheelhouse


def silent(_step: str) -> Said:
    return lambda _text, _done, _total: None


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Iterator[Wheelhouse]:
    (tmp_path / "index" / "simple").mkdir(parents=True)
    with Wheelhouse(tmp_path / "index").served() as served:
        yield served


class Home:
    """A gateway whose image holds two packages of an index of our own."""

    def __init__(self, wheelhouse: Wheelhouse, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wheelhouse, self.folder, self.monkeypatch = wheelhouse, folder, monkeypatch
        self.want("asked")
        self.release("1.0")

    def want(self, *requirements: str) -> None:
        recipe = Recipe("litellm", "bookworm", (), "3.11", requirements)
        self.monkeypatch.setitem(room_of("litellm").__dict__, "image", lambda _spec, _origin: recipe)

    def release(self, version: str) -> None:
        self.wheelhouse.add("asked", version, {"asked.py": b""}, needs="needed")
        self.wheelhouse.add("needed", version, {"needed.py": b""})

    @property
    def spec(self) -> Spec:
        path = self.folder / "kit.yaml"
        path.write_text(
            "kit: 1\nstack: home\nengines: [{name: mac, kind: external, api: openai, url: 'http://mac.lan:1/v1'}]\n"
            "models: [{name: qwen, engine: mac}]\ngateway: {kind: litellm}\nwebui: null\nbackup: null\n"
            f"mirrors: {{pypi: '{self.wheelhouse.url}'}}\n"
        )
        return load_spec(path)

    def lock(self, before: Lock | None = None, *names: str, upgrade: bool = False) -> Lock:
        spec = self.spec
        chosen = upgrade_of(names, spec, before) if names or upgrade else None
        return make_lock(spec, self.folder, silent, Pinned(before, chosen) if chosen else Pinned(before))


def versions(lock: Lock) -> dict[str, str]:
    image = lock.images["litellm"]
    assert isinstance(image, BuiltImageLock)
    return {wheel.name: wheel.version for wheel in image.wheels}


@pytest.fixture
def home(wheelhouse: Wheelhouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return Home(wheelhouse, tmp_path, monkeypatch)


def test_new_releases_move_nothing_by_themselves(home: Home) -> None:
    before = home.lock()
    home.release("2.0")
    assert home.lock(before) == before
    assert versions(home.lock(before, upgrade=True)) == {"asked": "2.0", "needed": "2.0"}


def test_a_package_is_moved_by_its_name_alone(home: Home) -> None:
    before = home.lock()
    home.release("2.0")
    assert versions(home.lock(before, "needed")) == {"asked": "1.0", "needed": "2.0"}
    assert versions(home.lock(before, "litellm")) == {"asked": "2.0", "needed": "2.0"}


def test_another_requirement_moves_what_it_must_and_no_more(home: Home) -> None:
    before = home.lock()
    home.release("2.0")
    home.want("asked>=2")
    assert versions(home.lock(before)) == {"asked": "2.0", "needed": "1.0"}
