"""A file whose size and time were reset still counts as another file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.releases import Copy
from deploy.agent.data.copy import take_copy
from deploy.agent.docker import installed as engine
from deploy.agent.inputs.archive import LayerWriter, entry
from deploy.agent.inputs.cache import OVER, Cache
from deploy.agent.journal import Journal
from deploy.agent.observing import probe
from deploy.agent.remembered import read_json, stamp
from deploy.agent.sources import models
from tests.unit.sending import beside

Change = Callable[[Path, bytes], None]


def in_place(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def replaced(path: Path, content: bytes) -> None:
    beside = path.with_name("beside")
    beside.write_bytes(content)
    beside.chmod(path.stat().st_mode)
    beside.replace(path)


def disguise(path: Path, content: bytes, change: Change) -> None:
    """Give a file other bytes, and the size and time that it had."""
    before = path.stat()
    path.chmod(before.st_mode | 0o200)
    change(path, content)
    path.chmod(before.st_mode)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


both_ways = pytest.mark.parametrize("change", [in_place, replaced])


@both_ways
def test_a_model_file_is_hashed_again_and_mended(tmp_path: Path, journal: Journal, change: Change) -> None:
    own, placed = tmp_path / "own.gguf", tmp_path / "models" / "placed.gguf"
    own.write_bytes(b"GGUF one")
    model = {
        "name": "tiny",
        "path": str(placed),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "sha256": hashlib.sha256(b"GGUF one").hexdigest(),
        "size": 8,
        "source": beside(own),
    }
    request: Any = {"root": str(tmp_path / "root"), "cache": str(tmp_path / "cache"), "models": [model]}
    models.run(request, journal)
    assert probe._models(tmp_path / "root", [str(placed)])[str(placed)]["sha256"] == model["sha256"]
    disguise(placed, b"GGUF two", change)
    assert probe._models(tmp_path / "root", [str(placed)])[str(placed)]["sha256"] is None
    assert models.run(request, journal)["changed"] is True
    assert placed.read_bytes() == b"GGUF one"
    assert models.run(request, journal)["changed"] is False


@both_ways
def test_user_data_is_copied_again(tmp_path: Path, change: Change) -> None:
    data = tmp_path / "data"
    (data / "uploads").mkdir(parents=True)
    letter = data / "uploads" / "letter"
    letter.write_bytes(b"first")
    request: Copy = {
        "service": "one",
        "host_path": str(data),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "items": [{"tree": "uploads"}],
    }
    take_copy(request, tmp_path / "copy", Journal("", ""))
    disguise(letter, b"other", change)
    take_copy(request, tmp_path / "copy", Journal("", ""))
    assert (tmp_path / "copy/data/uploads/letter").read_bytes() == b"other"


@both_ways
def test_a_plugin_is_asked_again_for_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "cli-plugins").mkdir()
    (tmp_path / "run").mkdir()
    plugin = tmp_path / "cli-plugins" / "docker-thing"
    plugin.write_text('#!/bin/sh\necho \'{"Version": "1.0"}\'\n')
    plugin.chmod(0o755)
    assert [engine.plugin_version("docker-thing", tmp_path) for _ in range(2)] == ["1.0", "1.0"]
    disguise(plugin, b'#!/bin/sh\necho \'{"Version": "2.0"}\'\n', change)
    assert engine.plugin_version("docker-thing", tmp_path) == "2.0"
    known = read_json(tmp_path / "run" / "plugins.json")
    assert known is not None
    assert known[" ".join(map(str, (plugin, *stamp(plugin.stat()).values())))] == "2.0"


def test_a_layer_is_usable_only_over_the_very_layers_that_it_was_made_of(tmp_path: Path, journal: Journal) -> None:
    cache = Cache(str(tmp_path / "cache"))

    def make(content: bytes, **facts: dict[str, str]) -> Callable[[LayerWriter], dict[str, Any]]:
        def write(writer: LayerWriter) -> dict[str, Any]:
            writer.add(*entry("file", 0o644, data=content))
            return facts

        return write

    with cache.held(journal):
        root, _ = cache.keep("root", make(b"Python 3.13.5"))
        cache.keep("compiled", make(b"bytecode", **{OVER: {"root": root.diff_id}}))
        assert cache.usable() == {"root", "compiled"}
        cache.keep("root", make(b"Python 3.13.6"))
        assert cache.usable() == {"root"}
        assert cache.usable({"root": root.diff_id}) == {"root", "compiled"}
