from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.inputs import wheels
from deploy.agent.inputs.archive import (
    EPOCH,
    Layer,
    LayerWriter,
    archive_parts,
    archive_size,
    configuration,
    entry,
    stream,
)
from tests.documents import with_keys

IMAGE: Any = {
    "kind": "thing",
    "digest": "d" * 64,
    "entrypoint": [],
    "environment": {"PATH": "/bin", "LANG": "C.UTF-8"},
    "workdir": "/",
    "labels": {},
}


def site_in(folder: Path, order: list[str], mode: int, time: int) -> Path:
    """The same packages, unpacked in another order, at another time, under another umask."""
    content = {
        "thing/__init__.py": b"x = 1\n",
        "thing/data.bin": b"\0" * 1000,
        "thing-1.dist-info/RECORD": b"bin/thing,sha256=a,3\nthing/__init__.py,sha256=b,6\n"
        b"thing-1.dist-info/INSTALLER,,\n",
        "thing-1.dist-info/INSTALLER": b"uv",
        "bin/thing": b"#!/usr/bin/python3.9\n",
        ".lock": b"",
    }
    for name in order or sorted(content):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[name])
        path.chmod(mode)
        os.utime(path, (time, time))
    return folder


def venv_of(site: Path) -> tuple[str, bytes]:
    output = io.BytesIO()
    writer = LayerWriter(output)
    wheels.write_venv(writer, site, "3.11")
    return writer.close(), output.getvalue()


def test_the_same_files_give_the_same_layer_whatever_their_order_time_and_mode(tmp_path: Path) -> None:
    names = ["thing/data.bin", ".lock", "bin/thing", "thing/__init__.py"]
    names += ["thing-1.dist-info/INSTALLER", "thing-1.dist-info/RECORD"]
    first = venv_of(site_in(tmp_path / "a", [], 0o644, 1))
    assert first == venv_of(site_in(tmp_path / "b", names, 0o600, 2_000_000_000))


def test_a_layer_is_named_by_the_sha256_of_its_bytes_and_read_by_tar(tmp_path: Path) -> None:
    diff_id, data = venv_of(site_in(tmp_path / "a", [], 0o644, 1))
    assert diff_id == f"sha256:{hashlib.sha256(data).hexdigest()}"
    listed = subprocess.run(["tar", "tf", "-"], input=data, capture_output=True, check=True).stdout.decode().split()
    assert "opt/venv/lib/python3.11/site-packages/thing/__init__.py" in listed


def test_a_layer_holds_one_time_numeric_root_and_no_script_of_the_hosts_python(tmp_path: Path) -> None:
    _, data = venv_of(site_in(tmp_path / "a", [], 0o644, 1))
    with tarfile.open(fileobj=io.BytesIO(data)) as layer:
        members = layer.getmembers()
        record = layer.extractfile("opt/venv/lib/python3.11/site-packages/thing-1.dist-info/RECORD")
        assert record is not None
        assert record.read() == b"thing/__init__.py,sha256=b,6\n"
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(EPOCH, 0, 0, "")}
    assert not [member.name for member in members if "INSTALLER" in member.name or member.name.endswith("bin/thing")]


def test_a_file_that_ends_early_is_an_error_and_no_layer() -> None:
    info = tarfile.TarInfo("file")
    info.size = 10
    with pytest.raises(OSError, match="10 bytes early"):
        LayerWriter(io.BytesIO()).add(info, io.BytesIO(b""))


def test_an_images_id_is_the_sha256_of_a_configuration_without_time_or_host() -> None:
    layers = [Layer("sha256:" + "1" * 64, 512, Path("/nowhere"))]
    config = configuration(IMAGE, layers)
    assert config == configuration(with_keys(IMAGE, environment=dict(reversed(IMAGE["environment"].items()))), layers)
    document = json.loads(config)
    assert document["config"]["Labels"] == {"kit.recipe": "d" * 64}
    assert document["config"]["Env"] == ["LANG=C.UTF-8", "PATH=/bin"]
    assert document["rootfs"]["diff_ids"] == ["sha256:" + "1" * 64]


def test_an_archive_is_streamed_with_the_size_that_was_announced(tmp_path: Path) -> None:
    path = tmp_path / "layer.tar"
    with path.open("wb") as output:
        writer = LayerWriter(output)
        writer.add(*entry("etc", 0o755))
        writer.add(*entry("etc/name", 0o644, data=b"x" * 700))
        diff_id = writer.close()
    parts = archive_parts("kit/thing:tag", b"{}", [Layer(diff_id, writer.size, path)])
    data = b"".join(stream(parts, lambda: None))
    assert len(data) == archive_size(parts)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        assert json.load(manifest)[0]["RepoTags"] == ["kit/thing:tag"]
        layer = archive.extractfile(f"{diff_id.split(':')[1]}/layer.tar")
        assert layer is not None
        assert f"sha256:{hashlib.sha256(layer.read()).hexdigest()}" == diff_id
