from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.inputs import bytecode
from deploy.agent.inputs.archive import LayerWriter
from deploy.agent.inputs.children import Children
from deploy.agent.journal import Journal

SITE = "opt/venv/lib/python3.11/site-packages"
SOURCES = {
    "thing/__init__.py": "from thing.part import answer\nNAMES = frozenset({'a', 'b', 'c', 'd'})\n",
    "thing/part.py": "def answer():\n    return 42\n",
    "thing/of_another_python.py": "print 'hello'\n",
    "thing/notes.txt": "no Python\n",
}
UNCHECKED_HASH = (1).to_bytes(4, "little")


def compiled(folder: Path, seed: str) -> Path:
    """A root of an image with packages, compiled as in an image; by the Python that runs this test."""
    for name, text in SOURCES.items():
        path = folder / SITE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    argv = [sys.executable, *bytecode.OPTIONS, "-c", bytecode.PROGRAM, SITE]
    subprocess.run(argv, cwd=folder, env={"PYTHONHASHSEED": seed}, check=True)
    return folder


def layer_of(folder: Path) -> bytes:
    output = io.BytesIO()
    writer = LayerWriter(output)
    bytecode._pack(writer, folder, SITE)
    writer.close()
    return output.getvalue()


def test_the_same_sources_give_the_same_bytecode_under_every_hash_seed(tmp_path: Path) -> None:
    assert layer_of(compiled(tmp_path / "a", "0")) == layer_of(compiled(tmp_path / "b", "1"))


def test_bytecode_holds_whatever_a_files_time_says_and_lies_where_python_looks(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(layer_of(compiled(tmp_path, "0")))) as layer:
        files = {member.name: layer.extractfile(member) for member in layer if member.isreg()}
        folders = [member.name for member in layer if member.isdir()]
    tag = sys.implementation.cache_tag
    wanted = {f"{SITE}/thing/__pycache__/{name}.{tag}.pyc" for name in ("__init__", "part")}
    # What is no Python of this version is left to whoever loads it.
    assert set(files) == wanted
    assert {content.read(8)[4:] for content in files.values() if content} == {UNCHECKED_HASH}
    # Every folder above is named, or Docker would make it with a mode of its own.
    assert {"opt", "opt/venv", SITE, f"{SITE}/thing", f"{SITE}/thing/__pycache__"} <= set(folders)


def test_only_packages_that_are_named_are_compiled() -> None:
    def is_taken(name: str) -> bool:
        return bytecode._is_source_of(["thing", "alone"], PurePosixPath(name), SITE)

    assert is_taken(f"{SITE}/thing/deep/part.py")
    assert is_taken(f"{SITE}/alone.py")
    assert not is_taken(f"{SITE}/thing/notes.txt")
    assert not is_taken(f"{SITE}/things/part.py")
    assert not is_taken("usr/lib/python3.11/thing.py")


def test_a_root_that_cannot_be_unpacked_is_told_with_the_words_of_who_tried_and_what_to_do(tmp_path: Path) -> None:
    root = tmp_path / "root.tar"
    root.write_text("no archive")
    with pytest.raises(AgentError, match=f"could not be unpacked in {tmp_path}: .*tar") as wrong:
        bytecode._unpack_root(root, tmp_path, Children(), Journal(str(tmp_path), "run-1"))
    assert "`kit rebuild`" in wrong.value.next_step
