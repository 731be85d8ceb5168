"""One engine on which models can be made, asked over its HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from deploy.agent.errors import AgentError
from deploy.agent.protocols.caller import Caller, RefusedError, UnansweredError, json_body, words_of
from deploy.agent.protocols.ollama.names import LOCAL, PROTOCOL, same, suffix
from deploy.agent.protocols.ollama.shown import lost_texts, summary

CREATED = 201
ABSENT = 404
BROKEN = 500


class Live(NamedTuple):
    """A model as the engine lists it."""

    name: str
    digest: str
    size: int
    modified: str
    is_in_cloud: bool = False
    """True if its questions go to another host, such as the vendor's cloud."""


class Engine(Caller):
    """One engine, managed or not."""

    protocol = PROTOCOL

    def models(self) -> dict[str, Live]:
        """Return the engine's models by a key that ignores how a name is spelled."""
        models = {}
        for listed in self._object("GET", "/api/tags", None, "listing its models").get("models") or []:
            digest = str(listed.get("digest", "")).rpartition(":")[2]
            size, modified = int(listed.get("size", 0)), str(listed.get("modified_at", ""))
            live = Live(listed["name"], digest, size, modified, bool(listed.get("remote_host")))
            models[same(live.name)] = live
        return models

    def loaded(self) -> dict[str, dict[str, Any]]:
        """Return the loaded models, by the same key."""
        listed = self._object("GET", "/api/ps", None, "asking what is loaded").get("models") or []
        return {same(model["name"]): model for model in listed}

    def shown(self, name: str) -> dict[str, Any]:
        """Return the facts of a model that are recorded and compared, as the engine shows it."""
        return summary(self.show(name))

    def show(self, name: str) -> dict[str, Any]:
        """Return all that the engine says of a model."""
        return self._object("POST", "/api/show", {"model": name}, f"looking at {name}")

    def rendered(self, question: dict[str, Any]) -> str | None:
        """Return the prompt that the engine would hand to a model; None where it does not tell prompts."""
        doing = f"asking for a prompt of {question['model']}"
        answer = self._object("POST", "/api/generate", {**question, "_debug_render_only": True}, doing)
        told: str | None = (answer.get("_debug_info") or {}).get("rendered_template")
        return told

    def damages_of(self, name: str, made: dict[str, Any]) -> dict[str, str]:
        """Return the damages of a listed model in words, by the damaged text; empty if it is whole.

        A key without letters stands for the whole model. `made` is how the engine showed it when it was made.
        """
        # With an option of its own the question is not answered from what the engine remembers.
        question = {"model": name, "options": {"num_ctx": 1}}
        try:
            return lost_texts(made, self._object("POST", "/api/show", question, f"looking at {name}"))
        except RefusedError as answer:
            if answer.status == ABSENT:
                return {"": "the engine lists it and lacks a part of it"}
            if answer.status == BROKEN:
                return {"": f"the engine cannot read it ({answer.problem.rpartition(': ')[2]})"}
            raise

    def capabilities(self, name: str) -> list[str]:
        """Return a model's capabilities as the engine states them; empty if it states none."""
        return list(self.show(name).get("capabilities") or ())

    def has_blob(self, sha256: str) -> bool:
        """True if the engine has this file already."""
        doing = f"asking for sha256:{sha256[:12]}"
        try:
            with self._asked("HEAD", _blob(sha256), doing):
                return True
        except RefusedError as answer:
            if answer.status == 404:
                return False
            raise

    def upload(self, sha256: str, size: int, pieces: Iterable[bytes]) -> None:
        """Send a file; the engine checks its sha256 as well and keeps nothing of an interrupted upload."""
        doing = f"uploading sha256:{sha256[:12]}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        try:
            with self._asked("POST", _blob(sha256), doing, headers, pieces) as reply:
                if reply.status == CREATED:
                    return
            problem = self.failure(doing, f"it answered {reply.status} and does not have the file")
        except UnansweredError as silence:
            problem = silence
        # A file that is there is answered before it is read, and the sender may see no more than a broken pipe.
        if not self._has_after_all(sha256):
            raise problem

    def _has_after_all(self, sha256: str) -> bool:
        try:
            return self.has_blob(sha256)
        except AgentError:
            return False

    def create(self, request: dict[str, Any], hear: Callable[[dict[str, Any]], None]) -> None:
        """Create a model, or replace it."""
        self._told("/api/create", {**request, "stream": True}, f"creating {request['model']}", hear)

    def pull(self, name: str, hear: Callable[[dict[str, Any]], None]) -> None:
        """Let the engine pull a model; an interrupted pull continues where it stopped."""
        insecure = name.lower().startswith("http://")
        self._told("/api/pull", {"model": name, "insecure": insecure, "stream": True}, f"pulling {name}", hear)

    def copy(self, name: str, new: str) -> None:
        """Give a model a second name."""
        with self._asked("POST", "/api/copy", f"naming {new}", *json_body({"source": name, "destination": new})):
            pass

    def remove(self, name: str) -> bool:
        """Delete a model; False if there is none."""
        if suffix(name) == LOCAL:
            # It would take the tag off, and delete the model without it.
            wrong = f"it takes the tag {LOCAL} off a name, and would delete another model"
            raise self.failure(f"deleting {name}", wrong, "remove its manifest in the engine's folder by hand")
        try:
            with self._asked("DELETE", "/api/delete", f"deleting {name}", *json_body({"model": name})):
                return True
        except RefusedError as answer:
            if answer.status == 404:
                return False
            raise

    def _told(self, path: str, request: dict[str, Any], doing: str, hear: Callable[[dict[str, Any]], None]) -> None:
        with self._asked("POST", path, doing, *json_body(request)) as reply:
            for line in reply.lines():
                said = self._read(line, doing) if line.strip() else {}
                if "error" in said:
                    # The status was sent before the work began: a failure comes as a line.
                    raise RefusedError(f"engine {self.name}: {doing}: {words_of(line)}", self._mend, reply.status)
                if said.get("status") == "success":
                    return
                hear(said)
        raise self.failure(doing, "its answer ended before it said that it was done")


def _blob(sha256: str) -> str:
    return f"/api/blobs/sha256:{quote(sha256)}"
