"""Models as an engine shall have them: equal ones are left alone, others are made, the kit's former ones removed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.protocols.caller import UnansweredError
from deploy.agent.protocols.ollama.engine import Engine, Live
from deploy.agent.protocols.ollama.full import telling_full_disk
from deploy.agent.protocols.ollama.memory import Memory
from deploy.agent.protocols.ollama.mending import Mending
from deploy.agent.protocols.ollama.names import LOCAL, plain, same, suffix
from deploy.agent.protocols.ollama.pulling import pull
from deploy.agent.protocols.ollama.store import drop_cut

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Base, Blob, Done, Model, SyncedEngine, SyncRequest
    from deploy.agent.protocols.ollama.blobs import Blobs


def ordered(models: list[Model]) -> list[Model]:
    """Return models with each one after its base; a cycle is cut where it closes."""
    named = {same(model["name"]): model for model in models}
    placed: dict[str, Model] = {}
    for name in named:
        # Not recursive: a chain may be longer than Python's stack is deep.
        line: dict[str, None] = {}
        base = name
        while base in named and base not in placed and base not in line:
            line[base] = None
            base = same(named[base]["request"].get("from", ""))
        placed.update((name, named[name]) for name in reversed(list(line)))
    return list(placed.values())


class Sync:
    """One engine's part of a sync; its progress is recorded, so that a rerun after a failure continues."""

    def __init__(
        self,
        engine: Engine,
        described: SyncedEngine,
        memory: Memory,
        done: Done,
        journal: Journal,
    ) -> None:
        self._engine = engine
        self._folder: str | None = described.get("models_dir")
        self._models: list[Model] = described["models"]
        self._prunes: bool = described["prune"]
        self._memory = memory
        self._done = done
        self._journal = journal
        self._live: dict[str, Live] = {}
        self._made: list[Model] = []
        self._mirror: str | None = None
        self.mending = Mending(engine, self._folder, memory, journal)

    def run(self, request: SyncRequest) -> None:
        """Make missing and different models, then remove those that the kit made and the spec no longer has."""
        self._mirror = (request.get("mirrors") or {}).get("models")
        if not self._is_there():
            return
        self.mending.look(self._models, self._live)
        wanted = [model for model in self._models if not self._is_equal(model) or self.mending.is_damaged(model)]
        if wanted:
            self.mending.begin(wanted, self._live)
            self._make_all(ordered(wanted), request)
        for name in self._unwanted() if self._prunes else ():
            self._remove(name)
        if self._folder is not None:
            self._memory.keep_place(self._engine.name, self._folder)

    def _is_there(self) -> bool:
        """Ask for the present models; an unmanaged engine that is down and lacks nothing is no failure."""
        try:
            self._live = self._engine.models()
        except UnansweredError as silence:
            known = {name: pair["request"] for name, pair in self._memory.pairs(self._engine.name).items()}
            if self._folder is not None or any(known.get(model["name"]) != model["digest"] for model in self._models):
                raise
            self._journal.say(f"{silence.problem}; its models are as the kit made them, and stay so")
            return False
        return True

    def _make_all(self, models: list[Model], request: SyncRequest) -> None:
        # Only where there is something to make: an unchanged engine costs one request and no imports.
        from deploy.agent.inputs.children import Children
        from deploy.agent.protocols.ollama.blobs import Blobs

        children = Children()
        try:
            blobs = Blobs(request, self._journal, children)
            for model in models:
                with self._journal.step(f"model {model['name']}"), telling_full_disk(self._engine, self._folder, model):
                    self._make(model, blobs)
        except BaseException as problem:
            children.stop()
            if isinstance(problem, AgentError):
                with suppress(AgentError):
                    self._remember()
            raise
        self._remember()

    def _is_equal(self, model: Model) -> bool:
        live = self._live.get(same(model["name"]))
        return live is not None and self._memory.is_kept(self._engine.name, model["name"], model["digest"], live.digest)

    def _make(self, model: Model, blobs: Blobs) -> None:
        origin = model["request"].get("from")
        if origin is not None:
            self._ensure_base(model, origin)
        if origin is None or same(origin) != same(model["name"]):
            self.mending.prepare(model["name"])
            for blob in model.get("blobs", []):
                self._upload(model["name"], blob, blobs)
            self._create(model)
        elif set(model["request"]) - {"model", "from", "stream"}:
            raise self._engine.failure(
                f"making {model['name']}",
                "it would replace the tag that it is made from",
                "give the model another name in kit.yaml",
            )
        self._made.append(model)

    def _ensure_base(self, model: Model, origin: str) -> None:
        """Make sure that a model's base exists; otherwise the engine would start an unseen pull of its own."""
        live = self._live.get(same(origin))
        if live is not None and not live.digest:
            self._live = self._engine.models()
            live = self._live.get(same(origin))
        base = model.get("base")
        if base is None:
            if live is None:
                raise self._engine.failure(
                    f"making {model['name']}", f"it has no {origin}", f"give {origin} to this engine in kit.yaml"
                )
            return
        is_own = same(origin) == same(model["name"])
        known = self._memory.pulled(self._engine.name, origin)
        # A tag that kit.yaml names, or that the kit pulled and nobody changed, follows the lock; others are reported.
        is_damaged = self.mending.has_lost(origin)
        self.mending.prepare(origin)
        has_moved = live is not None and live.digest != base["digest"] and (is_own or live.digest == known)
        if live is None or is_damaged or has_moved:
            live = self._pull(base)
        if live.digest != base["digest"]:
            raise self._engine.failure(
                f"making {model['name']}",
                f"the tag {origin} has moved: kit.lock says {base['digest'][:12]}, the engine has {live.digest[:12]}",
                f"`{Line('lock', '--upgrade', model['name'])}` locks the tag's present digest"
                + ("" if is_own else f"; `{Line('models', 'pull', origin)}` pulls it to the engine"),
            )

    def _pull(self, base: Base) -> Live:
        live = pull(self._engine, base["name"], base["size"], self._mirror, self._journal, self._folder)
        self._memory.keep_base(self._engine.name, base["name"], live.digest)
        self._done["pulled"].append(f"{self._engine.name}/{base['name']}")
        self._live[same(base["name"])] = live
        return live

    def _upload(self, model: str, blob: Blob, blobs: Blobs) -> None:
        if self._folder is not None:
            # The engine asks only whether there is a file of that name.
            drop_cut(f"{self._folder}/blobs/sha256-{blob['sha256']}", blob["size"])
        if not self._engine.has_blob(blob["sha256"]):
            with blobs.opened(model, blob) as pieces:
                self._engine.upload(blob["sha256"], blob["size"], pieces)

    def _create(self, model: Model) -> None:
        self._journal.say(f"creating {model['name']}")
        request = dict(model["request"])
        if "from" in request:
            # As the engine spells it: it finds a base only by the letters of its file, or starts a pull.
            request["from"] = self._live[same(request["from"])].name
        self._engine.create(request, lambda said: self._journal.say(str(said.get("status", ""))))
        self._done["created"].append(f"{self._engine.name}/{model['name']}")
        # Its digest is asked for once, for all, or when another model is made from it.
        self._live[same(model["name"])] = Live(model["name"], "", 0, "")

    def _remember(self) -> None:
        live = self._engine.models() if self._made else {}
        for model in self._made:
            live_model = live.get(same(model["name"]))
            if live_model is None:
                raise self._engine.failure(f"making {model['name']}", "it was made, but the engine does not list it")
            self.mending.ensure_whole(model, live_model)
            more = {"parts": model.get("parts"), "shown": self._shown(live_model)}
            self._memory.keep(self._engine.name, model["name"], model["digest"], live_model.digest, **more)

    def _shown(self, live: Live) -> dict[str, Any] | None:
        # It only names the cause of a drift one day: a model that is made is made without it.
        with suppress(AgentError):
            return self._engine.shown(live.name)
        return None

    def _unwanted(self) -> list[str]:
        kept = {same(model["name"]) for model in self._models}
        kept |= {same(model["request"]["from"]) for model in self._models if "from" in model["request"]}
        # A tag that somebody moved since then is theirs.
        bases = self._memory.bases(self._engine.name).items()
        pulled = [
            self._live[name].name for name, digest in bases if name in self._live and self._live[name].digest == digest
        ]
        made = self._memory.pairs(self._engine.name)
        left = [name for name in dict.fromkeys((*made, *map(plain, pulled))) if same(name) not in kept]
        # No engine can be asked to delete one of these: it would delete another.
        return [name for name in left if suffix(name) != LOCAL]

    def _remove(self, name: str) -> None:
        with self._journal.step(f"model {name}"):
            self._journal.say("removing it, because kit.yaml no longer has it")
            if self._engine.remove(name):
                self._done["removed"].append(f"{self._engine.name}/{name}")
            self._memory.forget(self._engine.name, name)
