"""An engine's memory of its models for as long as it runs, each under the digest of its manifest."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from tests.doubles.ollama import show
from tests.doubles.ollama.names import Name
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.store import Manifest, Store

Document = dict[str, Any]


class Remembered:
    """Three memories: the list of models, how a model is shown, and what can be asked of it.

    A layer that is lost changes no manifest, so what was remembered before goes on being told.
    """

    def __init__(self, store: Store, go_template: bool | None = None) -> None:
        self._store = store
        self._load = functools.partial(show.load, store, go_template=go_template)
        self._known: dict[tuple[str, ...], tuple[str, Any]] = {}
        self._held = threading.Lock()

    def listed(self) -> list[tuple[Manifest, Name, Document]]:
        """Return each model as lists tell it, the last written first; what was never readable is left out."""
        found = []
        for name, manifest in self._store.models().items():
            try:
                made = self._told(("list", str(name)), manifest, functools.partial(self._summary, name))
            except (OSError, Refused):
                continue
            found.append((manifest, name, made))
        return sorted(found, key=lambda one: -int(one[0].modified))

    def shown(self, name: Name, request: Document) -> Document:
        """Return a model as /api/show tells it; a request with a text or options of its own is answered anew."""
        system, verbose = request.get("system", ""), bool(request.get("verbose"))

        def look() -> Document:
            return show.shown(self._load(name), system, verbose)

        if system or request.get("options"):
            return look()
        return dict(self._told(("show", str(name), str(verbose)), self._store.manifest(name), look))

    def model(self, name: Name) -> show.Model:
        """Return a model to be asked; one whose file was missing when it was first asked can do nothing ever since."""

        def look() -> show.Model:
            return self._load(name, is_file_wanted=False)

        found: show.Model = self._told(("model", str(name)), self._store.manifest(name), look)
        return found

    def _summary(self, name: Name) -> Document:
        return show.listed(self._load(name, is_file_wanted=False))

    def _told(self, key: tuple[str, ...], manifest: Manifest, look: Callable[[], Any]) -> Any:
        with self._held:
            digest, known = self._known.get(key, ("", None))
            if digest != manifest.digest:
                known = look()
                self._known[key] = (manifest.digest, known)
            return known
