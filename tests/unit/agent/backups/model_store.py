"""The models of an engine on a played host, as files."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from deploy.agent.contract.backups import Weights
from tests.unit.agent.backups.conftest import Host

LIBRARY = "manifests/registry.ollama.ai/library"
MINE, BASE = b"weights of a fine-tune", b"weights of a library"


class Store:
    """The models of an engine whose release has one of a library's."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host, self.folder = host, folder
        (folder / "blobs").mkdir(parents=True)
        self.put("llama3.2/3b", BASE)
        self.make("mine/latest", BASE, MINE)

    def ask(self, wanted: Weights | None) -> None:
        """Let the release ask for weights; None for the release of kit.yaml's `none`, and of a former kit."""
        self.host.stores = [{"service": "main", "models_dir": str(self.folder), "protocol": "ollama"}]
        self.host.release()
        model = {"name": "llama3.2:3b", "base": None}
        document = {"services": [], "engines": [{"name": "main", "models": [model]}]}
        (self.host.root / "current/deployment.json").write_text(json.dumps(document))
        released = self.host.root / "current/backup.json"
        asked = {"weights": wanted} if wanted else {}
        released.write_text(json.dumps(json.loads(released.read_text()) | asked))

    def put(self, name: str, *contents: bytes, end: str = "") -> None:
        """Have a model as an engine pulls it: with the bytes of its library's manifest."""
        path = self.folder / LIBRARY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        layers = [self.blob(content) for content in contents]
        path.write_text(json.dumps({"layers": layers, "config": None}) + end)

    def make(self, name: str, *contents: bytes) -> None:
        """Have a model as an engine makes it."""
        self.put(name, *contents, end="\n")

    def remove(self, name: str, *contents: bytes) -> None:
        (self.folder / LIBRARY / name).unlink()
        for content in contents:
            self.path(content).unlink()

    def blob(self, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (self.folder / "blobs" / f"sha256-{digest}").write_bytes(content)
        kind = "application/vnd.ollama.image.model"
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    def path(self, content: bytes) -> Path:
        return self.folder / "blobs" / f"sha256-{hashlib.sha256(content).hexdigest()}"

    @property
    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    def lose(self) -> None:
        for part in ("blobs", "manifests"):
            shutil.rmtree(self.folder / part)


def parts_of(host: Host) -> dict[str, int]:
    return {part["path"]: part["files"] for part in host.listed("latest")["parts"]}


def saved_names(host: Host) -> set[str]:
    """Return the names of the weights' files in the newest backup."""
    listed = host.restic("ls", "latest", "/data/main/data/blobs").splitlines()
    return {Path(document["path"]).name for document in map(json.loads, listed[1:]) if document["type"] == "file"}
