"""An Ollama as a program asks it over its API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.waiting import PATIENCE_SECONDS, wait_until


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

    def chat(self, model: str) -> tuple[int, str]:
        """Ask a model something short; return the status and the answer's text."""
        question = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "stream": False}
        body = json.dumps({**question, "options": {"num_predict": 4}}).encode()
        request = urllib.request.Request(f"{self.address}/api/chat", body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def unload(self, model: str) -> None:
        """Let a model leave the memory: one that is in it answers without its file."""
        self._asked("POST", "/api/generate", {"model": model, "keep_alive": 0, "stream": False})
        wait_until(lambda: model not in self._loaded(), f"{model} has left the memory", saw=self._loaded)

    def _loaded(self) -> set[str]:
        return {one["name"].removesuffix(":latest") for one in self._asked("GET", "/api/ps")["models"]}

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
