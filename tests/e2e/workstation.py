"""The workstation of inventories/, on this machine: its image and its tags come from registries of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from deploy.components.ollama.spec import VERSION
from tests.doubles.registry.images import publish
from tests.e2e.evidence import Evidence
from tests.e2e.image_registry import running_registry
from tests.e2e.library import Library
from tests.e2e.ollama_api import Ollama
from tests.e2e.place import NAME, PATIENCE, QUICKSTART, Document, Place, free_ports
from tests.e2e.stack import Stack
from tests.tree import REPOSITORY
from tests.weights import weights

WORKSTATION = REPOSITORY / "inventories" / "workstation"
OWN_NAME = NAME.replace("e2e", "ws")
FOLDER = REPOSITORY / ".cache" / "workstation"
CAPITALS = "Story-Teller"
SPARE = "spare"
FRONTS = ("gateway", "webui")


class WorkstationPlace(Place):
    """A folder as `kit init --from workstation` writes it, with what its comments ask for put in."""

    def __init__(self) -> None:
        super().__init__(FOLDER / "place")

    def lay_down(self, registry: str, library: str, model: Path) -> None:
        """Write the workstation down under a name and on ports of its own, with an engine to spare."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(WORKSTATION, self.folder)
        spec = self.spec | {"stack": OWN_NAME, "mirrors": {"registry": f"http://{registry}", "models": library}}
        spec["models"][-1] |= {"name": CAPITALS, "from": {"file": str(model), "sha256": sha256_of(model)}}
        for one in spec["models"]:
            # The small model ends no answer by itself.
            one["num_predict"] = 16
        spec["engines"].append({"name": SPARE, "kind": "ollama"})
        spec["models"].append(spec["models"][0] | {"engine": SPARE})
        spec["gateway"]["routes"] = [{"model": CAPITALS, "fallbacks": ["assistant"]}]
        ports = free_ports(4, OWN_NAME)
        for service in (*spec["engines"], *(spec[front] for front in FRONTS)):
            service |= {"port": next(ports), "health_timeout": PATIENCE}
        self._original = spec
        self.write(spec)

    def mend(self) -> None:
        """Put kit.yaml back to what it was at first."""
        self.write(self._original)


class Workstation(Stack):
    """The workstation's stack."""

    name = OWN_NAME
    root = Path("/opt/kit") / OWN_NAME
    data = Path("/srv/kit") / OWN_NAME

    def __init__(self, place: WorkstationPlace, evidence: Evidence, library: Library) -> None:
        super().__init__(place, evidence)
        self.library = library
        self.image_digest = ""

    @property
    def engine(self) -> Ollama:
        """Ask the first engine as any program does."""
        return self.engine_of("main")

    def engine_of(self, name: str) -> Ollama:
        """Ask an engine."""
        return Ollama(f"http://127.0.0.1:{self.ports[name]}")

    @property
    def blobs(self) -> Path:
        """Folder of the engine's files."""
        return self.data / "main" / "models" / "blobs"

    def layers(self, model: str) -> list[Path]:
        """Return the files that a model of the first engine is made of."""
        path = self.blobs.parent / "manifests" / "registry.ollama.ai" / "library" / model / "latest"
        return [self.blobs / one["digest"].replace(":", "-") for one in json.loads(path.read_text())["layers"]]

    def lock(self) -> Any:
        """Write kit.lock; images that are assembled are the quickstart's, so that none is resolved and built twice."""
        with self.place.changed(lambda spec: spec.update(dict.fromkeys(FRONTS))):
            self.kit("lock")
        lock, other = (yaml.safe_load(path.read_text()) for path in (self.place.lock_path, QUICKSTART / "kit.lock"))
        lock["images"] |= {kind: other["images"][kind] for kind in ("litellm", "open_webui")}
        self.place.lock_path.write_text(yaml.safe_dump(lock, sort_keys=False))
        return lock

    def planned_models(self) -> dict[str, tuple[str, str]]:
        """Return what an apply would do to which model, and why."""
        operations = self.kit("plan", "--json").here["operations"]
        found = {one["resource"]: (one["action"], one["cause"]) for one in operations}
        models = {name.removeprefix("model "): what for name, what in found.items() if name.startswith("model ")}
        # The spare engine has a model of one name: where it is meant, its own name stays.
        return {name.removesuffix(" on main"): what for name, what in models.items()}

    def settle(self) -> None:
        """Make the host as kit.yaml says; what a scenario that failed has left undone may want the library."""
        with self.library.open():
            super().settle()


@contextmanager
def prepared_workstation(evidence: Evidence, keep: bool) -> Iterator[Workstation]:
    """Give the stack, not applied, and its registries; one that was kept is taken over with what it has."""
    place = WorkstationPlace()
    if keep and place.reuse():
        port = urlsplit(place.spec["mirrors"]["models"]).port or 0
        yield Workstation(place, evidence, Library(FOLDER / "library", port))
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    *_, port = free_ports(5, OWN_NAME)
    stack = Workstation(place, evidence, Library(FOLDER / "library", port))
    model = weights(FOLDER)
    stack.library.fill(model)
    # Another file than the library's, so that it is uploaded.
    with model.open("ab") as more:
        more.write(bytes(32))
    with running_registry(FOLDER) as registry:
        stack.image_digest = publish(registry.host, VERSION)
        place.lay_down(registry.host, stack.library.url, model)
        stack.destroy()
        try:
            yield stack
        finally:
            with suppress(Exception):
                stack.keep_logs()
            if not keep:
                place.mend()
                stack.destroy()
                shutil.rmtree(FOLDER)


def change_model(spec: Document, name: str, **fields: object) -> None:
    """Change fields of one model of kit.yaml."""
    next(model for model in spec["models"] if model["name"] == name).update(fields)


def sha256_of(path: Path) -> str:
    """Return a file's sha256."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
