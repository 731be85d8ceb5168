"""Models that somebody made on an engine, told from pulled ones by the bytes of real engines' manifests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.protocols.doors.making import stored
from tests.contract.replay import RECORDINGS
from tests.doubles.ollama.golang import compact

TARGET = "0.32.15"
"""The recordings of an earlier engine name another folder than theirs in the manifests."""


def recorded() -> list[Any]:
    """Return each manifest that a recorded engine made, with its digest."""
    imports = json.loads((RECORDINGS / TARGET / "import.json").read_text())
    made = [each for each in imports if "manifest" in each]
    return [pytest.param(each["manifest"], each["manifest_digest"], id=each["create"]["model"]) for each in made]


def put(models: Path, content: bytes) -> None:
    path = models / "manifests/registry.ollama.ai/library/mine/latest"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize(("manifest", "digest"), recorded())
def test_a_manifest_of_a_real_engine_is_one_of_a_made_model(tmp_path: Path, manifest: Any, digest: str) -> None:
    made = f"{compact(manifest)}\n".encode()
    assert hashlib.sha256(made).hexdigest() == digest, "these are the bytes that the engine wrote"
    put(tmp_path, made)
    assert (stored(str(tmp_path)) or {})["mine"].is_made


@pytest.mark.parametrize(("manifest", "digest"), recorded())
def test_what_an_engine_pushes_is_one_of_a_librarys_model(tmp_path: Path, manifest: Any, digest: str) -> None:
    put(tmp_path, compact(manifest).encode())
    pulled = (stored(str(tmp_path)) or {})["mine"]
    assert (pulled.is_made, pulled.live.digest == digest) == (False, False)
