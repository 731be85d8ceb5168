"""A place that rooms are resolved for, and the chain of the three rooms in it."""

from __future__ import annotations

from typing import Any

from deploy.components import room_of
from deploy.components.external.spec import ExternalEngine
from deploy.components.litellm.spec import LiteLLMGateway
from deploy.components.llama_cpp.spec import LlamaCppEngine
from deploy.components.open_webui.spec import OpenWebUI
from deploy.components.room import LockedModel, Resolved, Site
from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.deployment.model_source import ModelSource
from deploy.deployment.offers import Offer
from deploy.fields.service import ServiceSpec

GEMMA = LockedModel("gemma", "a5" * 32, 253_113_024, {"pip": {"wheels": []}}, 32768, has_chat_template=False)
OWN_FILE: ModelSource = {"file": {"path": "/m.gguf"}}
TALKER = LockedModel("talker:8b", "b6" * 32, 4_900_000_000, OWN_FILE, 131072, has_chat_template=True)


def resolved(
    kind: str, spec: ServiceSpec, offers: tuple[Offer, ...] = (), models: tuple[LockedModel, ...] = ()
) -> Resolved:
    site = Site("home", Image(f"kit/{kind}:1", "build", "1", 1), models)
    return room_of(kind).resolve(spec, site, offers)


def engine(model: LockedModel = GEMMA, **fields: Any) -> Resolved:
    spec = LlamaCppEngine(**{"kind": "llama_cpp", "name": "main", "threads": 1, **fields})
    return resolved("llama_cpp", spec, models=(model,))


def outside(*models: str, embedding: str | None = None, known_as: str = "", **fields: Any) -> Resolved:
    """An engine that somebody else runs: an Ollama on another machine, where nothing else is said."""
    data = {"kind": "external", "name": "mac", "api": "ollama", "url": "http://10.0.0.7:11434", **fields}
    named = tuple((model, known_as or model) for model in models)
    return room_of("external").resolve(ExternalEngine(**data), Site("home", None, named=named, embedding=embedding), ())


def gateway(*engines: Resolved, **fields: Any) -> Resolved:
    offers = tuple(offer for one in engines for offer in one.offers)
    return resolved("litellm", LiteLLMGateway(**{"kind": "litellm", **fields}), offers)


def webui(offers: tuple[Offer, ...], **fields: Any) -> Resolved:
    return resolved("open_webui", OpenWebUI(**{"kind": "open_webui", **fields}), offers)


def chain() -> Deployment:
    first = engine()
    front = gateway(first)
    page = webui(front.offers, embedding="gemma")
    return Deployment("home", tuple(one.service for one in (first, front, page)), first.models)
