"""An Ollama as a program asks it over its API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.waiting import PATIENCE_SECONDS


@dataclass(frozen=True)
class Ollama:
    """One engine by its address."""

    address: str

    def digests(self) -> dict[str, str]:
        """Return every model's digest by its name."""
        return {one["name"].removesuffix(":latest"): one["digest"] for one in self._asked("GET", "/api/tags")["models"]}

    def show(self, model: str) -> dict[str, Any]:
        """Return what it tells of a model."""
        found: dict[str, Any] = self._asked("POST", "/api/show", {"model": model})
        return found

    def create(self, model: str, **fields: object) -> None:
        """Make a model by hand."""
        done = self._asked("POST", "/api/create", {"model": model, "stream": False, **fields})
        assert done == {"status": "success"}, done

    def delete(self, *models: str) -> None:
        """Delete models by hand."""
        for model in models:
            self._asked("DELETE", "/api/delete", {"model": model})

    def _asked(self, method: str, path: str, value: object = None) -> Any:
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"{self.address}{path}", body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{method} {path}: {refused.code} {refused.read().decode()}") from None
