"""Archives as Docker writes them, and what of them goes to another Docker."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.inputs.saved import BLOBS, Outgoing, chain_ids, read_saved

TAG = "kit/main:0123"
CONTENTS = [f"content of layer {number}".encode() * 1000 * (number + 1) for number in range(3)]


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


DIFF_IDS = [digest(content) for content in CONTENTS]
CONFIG = json.dumps({"config": {}, "rootfs": {"type": "layers", "diff_ids": DIFF_IDS}}).encode()


def tar_of(files: Mapping[str, bytes | str]) -> bytes:
    """A tar of files; a text is a link's target."""
    output = io.BytesIO()
    with tarfile.open(mode="w", fileobj=output) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return output.getvalue()


def as_docker_20_writes() -> bytes:
    """Layers under names that say nothing, and the one description that tells them apart at the end."""
    names = ["c1/layer.tar", "a2/layer.tar", "b3/layer.tar"]
    manifest = json.dumps([{"Config": "cfg.json", "RepoTags": [TAG], "Layers": names}]).encode()
    layers = dict(sorted(zip(names, CONTENTS, strict=True)))
    return tar_of({**layers, "cfg.json": CONFIG, "manifest.json": manifest, "repositories": b"{}"})


def as_docker_26_writes(contents: Collection[bytes] = CONTENTS) -> bytes:
    blobs = {BLOBS + digest(content)[7:]: content for content in (*contents, CONFIG)}
    *names, config = blobs
    manifest = json.dumps([{"Config": config, "RepoTags": [TAG], "Layers": names}]).encode()
    return tar_of({**dict(sorted(blobs.items())), "index.json": b"{}", "manifest.json": manifest})


def sent(archive: bytes, there: Collection[str]) -> dict[str, bytes]:
    """The files of the archive for a Docker that has some layers."""
    outgoing = Outgoing.of(TAG, read_saved(io.BytesIO(archive)), there)
    content = b"".join(outgoing.pieces(io.BytesIO(archive)))
    assert len(content) == outgoing.size
    with tarfile.open(fileobj=io.BytesIO(content)) as entries:
        return {member.name: entries.extractfile(member).read() for member in entries}  # type: ignore[union-attr]


def layers_of(files: Mapping[str, bytes]) -> list[bytes]:
    """The layers in the archive that a Docker finds, by both descriptions."""
    (manifest,) = json.loads(files["manifest.json"])
    assert manifest["RepoTags"] == [TAG]
    assert files[manifest["Config"]] == CONFIG
    (index,) = json.loads(files["index.json"])["manifests"]
    described: dict[str, Any] = json.loads(files[BLOBS + index["digest"][7:]])
    assert described["config"]["digest"] == digest(CONFIG)
    assert [BLOBS + layer["digest"][7:] for layer in described["layers"]] == manifest["Layers"]
    found = [files[name] for name in manifest["Layers"] if name in files]
    sizes = {layer["digest"]: layer["size"] for layer in described["layers"]}
    assert all(sizes[digest(content)] == len(content) for content in found)
    return found


@pytest.mark.parametrize("archive", [as_docker_20_writes(), as_docker_26_writes()], ids=["20.10", "26.1"])
def test_layers_that_are_there_are_left_out(archive: bytes) -> None:
    assert layers_of(sent(archive, ())) == CONTENTS
    assert layers_of(sent(archive, chain_ids(DIFF_IDS)[:2])) == CONTENTS[2:]
    assert layers_of(sent(archive, chain_ids(DIFF_IDS))) == []


def test_a_layer_over_other_layers_is_another_one() -> None:
    assert chain_ids(DIFF_IDS)[0] == DIFF_IDS[0]
    over_another = chain_ids([DIFF_IDS[2], DIFF_IDS[1]])
    assert layers_of(sent(as_docker_26_writes(), over_another)) == CONTENTS


def test_the_chain_of_two_layers_is_dockers_own() -> None:
    assert chain_ids(["sha256:a", "sha256:b"]) == ["sha256:a", digest(b"sha256:a sha256:b")]


def test_a_packed_layer_keeps_its_bytes_and_says_so() -> None:
    packed = [gzip.compress(content, mtime=0) for content in CONTENTS]
    files = sent(as_docker_26_writes(packed), ())
    assert layers_of(files) == packed
    (index,) = json.loads(files["index.json"])["manifests"]
    kinds = {layer["mediaType"] for layer in json.loads(files[BLOBS + index["digest"][7:]])["layers"]}
    assert kinds == {"application/vnd.oci.image.layer.v1.tar+gzip"}


def test_a_layer_that_stands_twice_is_sent_once() -> None:
    config = json.dumps({"rootfs": {"diff_ids": [DIFF_IDS[0], DIFF_IDS[1], DIFF_IDS[0]]}}).encode()
    names = ["a/layer.tar", "b/layer.tar", "c/layer.tar"]
    manifest = json.dumps([{"Config": "cfg.json", "RepoTags": [TAG], "Layers": names}]).encode()
    layers: dict[str, bytes | str] = {names[0]: CONTENTS[0], names[1]: CONTENTS[1], names[2]: "../a/layer.tar"}
    files = sent(tar_of({**layers, "cfg.json": config, "manifest.json": manifest}), ())
    assert [content for content in files.values() if content in CONTENTS] == CONTENTS[:2]


@pytest.mark.parametrize("left", [0, 5000, 40000])
def test_a_cut_archive_of_dockers_is_a_failure(left: int) -> None:
    with pytest.raises((AgentError, tarfile.TarError)):
        read_saved(io.BytesIO(as_docker_20_writes()[:left]))


def test_an_archive_that_lost_a_layer_meanwhile_is_never_ended() -> None:
    outgoing = Outgoing.of(TAG, read_saved(io.BytesIO(as_docker_26_writes())), ())
    with pytest.raises(AgentError, match="changed while it was read"):
        list(outgoing.pieces(io.BytesIO(as_docker_26_writes(CONTENTS[:1]))))
