"""A model file that the control node sends."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.sources import models
from tests.unit.sending import NODE, beside

GGUF = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(GGUF).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(GGUF)
    return path


def request(folder: Path, file: Path) -> Any:
    model = {"name": "tiny", "path": str(folder / "models" / "m.gguf"), "uid": os.getuid(), "gid": os.getgid()}
    model |= {"sha256": SHA256, "size": len(GGUF), "source": beside(file)}
    cache = str(folder / "cache")
    return {"root": str(folder / "root"), "run": "run-1", "cache": cache, "models": [model]}


def test_a_sent_file_is_placed_and_not_asked_for_again(tmp_path: Path, file: Path, journal: Journal) -> None:
    asked = request(tmp_path, file)
    assert models.run(asked, journal)["changed"] is True
    path = tmp_path / "models" / "m.gguf"
    assert path.read_bytes() == GGUF
    assert path.stat().st_mode & 0o777 == 0o444
    assert models.run(asked, journal)["changed"] is False
    assert NODE.asked == [SHA256]


def test_another_file_leaves_nothing(tmp_path: Path, file: Path, journal: Journal) -> None:
    asked = request(tmp_path, file)
    file.write_bytes(GGUF[::-1])
    with pytest.raises(AgentError, match=f"expected sha256 {SHA256}, .* from m.gguf"):
        models.run(asked, journal)
    assert list((tmp_path / "models").iterdir()) == []


def test_the_part_that_arrived_stays_until_a_later_run_goes_on_with_it(
    tmp_path: Path, file: Path, journal: Journal
) -> None:
    asked = request(tmp_path, file)
    file.write_bytes(GGUF[:99])
    with pytest.raises(AgentError, match=f"m.gguf ended {len(GGUF) - 99} bytes before its end"):
        models.run(asked, journal)
    (part,) = (tmp_path / "models").iterdir()
    assert (part.name, part.read_bytes()) == (f".m.gguf.{SHA256}.part", GGUF[:99])
    # The bytes before the place where it stopped are not read again.
    file.write_bytes(bytes(99) + GGUF[99:])
    models.run(asked, journal)
    assert [path.name for path in part.parent.iterdir()] == ["m.gguf"]


def test_a_part_that_a_host_has_lost_is_sent_again(tmp_path: Path, file: Path, journal: Journal) -> None:
    part = tmp_path / "models" / f".m.gguf.{SHA256}.part"
    part.parent.mkdir()
    part.write_bytes(bytes(99))
    asked = request(tmp_path, file)
    models.run(asked, journal)
    assert NODE.asked == [SHA256, SHA256]
    assert (tmp_path / "models" / "m.gguf").read_bytes() == GGUF


def test_a_file_that_breaks_off_before_its_first_byte_leaves_nothing(
    tmp_path: Path, file: Path, journal: Journal
) -> None:
    asked = request(tmp_path, file)
    file.write_bytes(b"")
    with pytest.raises(AgentError, match="bytes before its end"):
        models.run(asked, journal)
    assert list((tmp_path / "models").iterdir()) == []
