from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.inputs.archive import LayerWriter, entry
from deploy.agent.inputs.cache import KEPT_SECONDS, Cache
from deploy.agent.journal import Journal


def make(writer: LayerWriter) -> dict[str, Any]:
    writer.add(*entry("file", 0o644, data=b"content"))
    return {"debian_versions": {"a": "1"}}


def test_a_layer_is_found_again_with_what_was_remembered_of_it(tmp_path: Path, journal: Journal) -> None:
    cache = Cache(str(tmp_path / "cache"))
    with cache.held(journal):
        made = cache.keep("key", make)
        assert cache.known("key") == made
        assert cache.usable() == {"key"}
        assert cache.known("other") is None


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "pointer", "empty", "foreign", "older"])
def test_a_damaged_entry_is_never_taken(tmp_path: Path, journal: Journal, damage: str) -> None:
    cache = Cache(str(tmp_path / "cache"))
    with cache.held(journal):
        layer, _ = cache.keep("key", make)
        whole = layer.path.read_bytes()
        pointer = tmp_path / "cache" / "keys" / "key.json"
        damages: dict[str, Callable[[], object]] = {
            "cut": lambda: layer.path.write_bytes(whole[:-512]),
            "changed": lambda: layer.path.write_bytes(whole.replace(b"content", b"CONTENT")),
            "gone": layer.path.unlink,
            "pointer": lambda: pointer.write_text('{"diff_id"'),
            "empty": lambda: pointer.write_text("{}"),
            "foreign": lambda: pointer.write_text('{"diff_id": "../../x", "size": 1, "facts": {}}'),
            "older": lambda: pointer.write_text(pointer.read_text().replace("facts", "told")),
        }
        damages[damage]()
        assert cache.known("key") is None
        cache.prune()
        assert cache.keep("key", make)[0].path.read_bytes() == whole
        assert cache.known("key")


def test_a_layer_whose_making_fails_leaves_nothing_under_its_name(tmp_path: Path, journal: Journal) -> None:
    cache = Cache(str(tmp_path / "cache"))

    def fail(writer: LayerWriter) -> dict[str, Any]:
        make(writer)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"), cache.held(journal):
        cache.keep("key", fail)
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert [path.name for path in left] == ["builder"]


def test_what_a_killed_build_left_is_cleared_by_the_next(tmp_path: Path, journal: Journal) -> None:
    cache = Cache(str(tmp_path / "cache"))
    (cache.work / "root").mkdir(parents=True)
    (cache.work / "root" / "half").write_text("x")
    with cache.held(journal):
        assert list(cache.work.iterdir()) == []
    assert not cache.work.exists()


def test_layers_that_nobody_names_and_keys_of_last_month_go(tmp_path: Path, journal: Journal) -> None:
    cache = Cache(str(tmp_path / "cache"))
    with cache.held(journal):
        layer, _ = cache.keep("new", make)
        (tmp_path / "cache" / "layers" / ("0" * 64 + ".tar")).write_bytes(b"of an older root")
        old = tmp_path / "cache" / "keys" / "old.json"
        old.write_text("{}")
        os.utime(old, (0, time.time() - KEPT_SECONDS - 60))
        cache.prune()
        assert list((tmp_path / "cache" / "layers").iterdir()) == [layer.path]
        assert not old.exists()
