"""A library of models on this machine, as an engine in a container reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.doubles.ollama.create import create
from tests.doubles.ollama.names import parse
from tests.doubles.ollama.store import PIECE, Store
from tests.doubles.registry.models import ModelRegistry, running_registry
from tests.e2e.addresses import bridge_address, own_address

TAG = "llama3.2:3b"


class Library:
    """A library with one tag; it answers at one address, or not."""

    def __init__(self, folder: Path, port: int) -> None:
        self.store = Store(folder)
        self._port = port
        # An engine wants the bytes from another name than the one that it asked.
        self._name, self._other = bridge_address(), own_address()

    def fill(self, model: Path) -> None:
        """Have a file under the tag."""
        with model.open("rb") as content:
            blob = self.store.keep(iter(lambda: content.read(PIECE), b""))
        request = {"files": {"model.gguf": blob.digest}, "parameters": {"num_predict": 24}}
        for _ in create(self.store, parse(TAG), request, prune=False):
            pass
        made = self.store.manifests / parse(TAG).path
        # An engine that pushes a model leaves out the end of the line.
        self.store.write_bytes(parse(TAG), made.read_bytes().removesuffix(b"\n"))

    @property
    def url(self) -> str:
        """Its address, for who asks on this machine and for containers."""
        return f"http://{self._name}:{self._port}"

    @property
    def digest(self) -> str:
        """The digest of the tag's manifest."""
        return self.store.manifest(parse(TAG)).digest

    @property
    def size(self) -> int:
        """Bytes of the tag's largest part, the weights."""
        return max(part.size for part in self.store.manifest(parse(TAG)).parts)

    @contextmanager
    def open(self) -> Iterator[ModelRegistry]:
        """Answer for a while."""
        with running_registry(self.store.root, "0.0.0.0", self._port, self._name, self._other) as registry:
            yield registry
