"""A library's tag in kit.lock has the sizes that its memory depends on, from the head of its file."""

from __future__ import annotations

from pathlib import Path

from deploy.deployment.fetch import Fetch
from deploy.lock.model import read_lock
from deploy.lock.text import lock_text, write_lock
from deploy.sources.tag.locked import pin
from deploy.sources.weights.locked import Asking
from tests.gguf import gguf
from tests.little_registry import LittleRegistry, manifest
from tests.locks import lock_of
from tests.unit.fit.shapes import QWEN_32B
from tests.unit.rooms.test_ollama import spec_of

MODEL = "application/vnd.ollama.image.model"
TAG = {"name": "qwen3:32b", "engine": "main"}


def test_the_sizes_of_a_tag_are_pinned_and_read_back(tmp_path: Path) -> None:
    more = {"general.name": "Qwen3", "qwen3.rope.freq_base": 0.5, "tokenizer.ggml.tokens": ["a"] * 50}
    with LittleRegistry().served() as library:
        library.put("library/qwen3", "32b", manifest(100, kind=MODEL))
        library.has[f"/v2/library/qwen3/blobs/sha256:{100:064x}"] = gguf({**QWEN_32B, **more})
        locked = pin("qwen3:32b", Asking("qwen3:32b", tmp_path, Fetch(models=library.url), lambda *_: None))
        del library.has[f"/v2/library/qwen3/blobs/sha256:{100:064x}"]
        silent = pin("qwen3:32b", Asking("qwen3:32b", tmp_path, Fetch(models=library.url), lambda *_: None))
    assert locked.header == QWEN_32B | {"tokenizer.ggml.tokens": 50}
    assert (locked.context_length, locked.trained_length) == (40_960, 40_960)
    assert (silent.header, silent.context_length) == ({}, None)
    lock = lock_of(spec_of(TAG)).model_copy(update={"models": {"main/qwen3:32b": locked}})
    write_lock(lock, tmp_path / "kit.lock")
    assert read_lock(tmp_path / "kit.lock") == lock
    without = lock.model_copy(update={"models": {"main/qwen3:32b": silent}})
    assert "header" not in lock_text(without)
