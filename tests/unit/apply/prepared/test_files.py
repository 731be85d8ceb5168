"""Model files beside kit.yaml, as the control node measures and opens them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from deploy.apply.prepared import files
from deploy.apply.prepared.files import measured, opener, read
from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import Blob, CreatedModel
from deploy.errors import KitError

NAME = "models/own.gguf"
SHA256 = hashlib.sha256(b"GGUF").hexdigest()
LONG_AGO = 10**18


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """An engine with a model from a file and one from an address."""
    (tmp_path / "models").mkdir()
    (tmp_path / NAME).write_bytes(b"GGUF")
    own = Blob("model.gguf", SHA256, 4, {"file": {"path": NAME}})
    far = Blob("model.gguf", "b" * 64, 9, {"url": {"url": "https://models.example/m.gguf"}})
    models = tuple(CreatedModel(name, {}, name, {}, "", (blob,)) for name, blob in (("own", own), ("far", far)))
    return Deployment(
        "home", (), (), (Engine("main", "ollama", "ollama", "http://localhost", models, None, None, False),)
    )


def dated(path: Path, stamp: int) -> None:
    os.utime(path, ns=(stamp, stamp))


def test_only_files_beside_kit_yaml_are_measured(deployment: Deployment, tmp_path: Path) -> None:
    assert measured(deployment, tmp_path).sizes == {NAME: 4}
    (tmp_path / NAME).unlink()
    assert measured(deployment, tmp_path).sizes == {NAME: None}


def test_a_file_is_read_once_until_it_changes(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dated(tmp_path / NAME, LONG_AGO)
    found = read(measured(deployment, tmp_path), tmp_path, [NAME])
    assert found.digests == {NAME: SHA256} == measured(deployment, tmp_path).digests
    # The same size and time as before: only the inode's own time tells.
    (tmp_path / NAME).write_bytes(b"GGUX")
    dated(tmp_path / NAME, LONG_AGO)
    assert measured(deployment, tmp_path).digests == {}
    assert read(found, tmp_path, [NAME]).digests == {NAME: hashlib.sha256(b"GGUX").hexdigest()}
    monkeypatch.setattr(files, "_DIGESTS", {})
    assert measured(deployment, tmp_path).digests == {}


def test_a_file_that_has_just_changed_is_read_each_time(deployment: Deployment, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"GGUF")
    assert read(measured(deployment, tmp_path), tmp_path, [NAME]).digests == {NAME: SHA256}
    assert measured(deployment, tmp_path).digests == {}


def test_a_file_is_opened_by_its_sha256_and_an_unreadable_one_named(deployment: Deployment, tmp_path: Path) -> None:
    opened = opener(deployment, tmp_path)
    with opened(SHA256, 0) as pieces:
        assert b"".join(pieces) == b"GGUF"
    with opened(SHA256, 3) as pieces:
        assert b"".join(pieces) == b"F"
    (tmp_path / NAME).unlink()
    with pytest.raises(KitError, match=rf"{tmp_path / NAME} cannot be read: No such file"), opened(SHA256, 0):
        pass
