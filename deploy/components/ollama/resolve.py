"""Decisions about an Ollama engine: its container, the folder of its models, and the models created on it."""

from __future__ import annotations

from typing import Any

from deploy.components.cards import card_environment, card_load, devices_of, groups_of, model_memory
from deploy.components.ollama.environment import HOME, MODELS, environment
from deploy.components.ollama.memory import BATCH_BY_CONTEXT, CONTEXT, CONTEXT_BY_CARDS, memory_bytes
from deploy.components.ollama.spec import OllamaEngine
from deploy.components.room import Resolved, Site, owner_of
from deploy.deployment.engines import Engine
from deploy.deployment.folders import Folder, Owner
from deploy.deployment.memory import ModelMemory
from deploy.deployment.models import Context, CreatedModel, templated, upstream_names
from deploy.deployment.offers import ChatApi, Embeddings, Inside, Offer
from deploy.deployment.port import Port
from deploy.deployment.service import Egress, Mount, Probe, Service, Tmpfs

UID = 10104
CONTAINER_PORT = 11434
PROTOCOL = "ollama"
LOGGED = (
    r"\[GIN\] \d{4}/\d\d/\d\d - \d\d:\d\d:\d\d \| 200 \| +[\d.]+[mnµ]?s \| +127\.0\.0\.1 "
    r'\| (HEAD +"/"|GET +"/api/tags")'
)
"""Log lines of the server after `list`: it looks for the server, then asks."""
PROGRAM = "/bin/ollama"
# Default timeout of a load that stands still, and of a small machine's answer then.
LOAD_SECONDS = 300
ANSWER_SECONDS = 180


def resolve(spec: OllamaEngine, site: Site, _offers: tuple[Offer, ...]) -> Resolved:
    """Decide the engine's container, its models and its offers."""
    owner = owner_of(spec, UID)
    root = site.data_of(spec.name)
    models_dir = spec.models_dir or f"{root}/models"
    ports = site.ports(spec, spec.traits.default_port, CONTAINER_PORT)
    egress, cause = _egress(spec, site)
    service = Service(
        name=spec.name,
        kind=spec.kind,
        image=site.image,
        argv=(PROGRAM, "serve"),
        owner=owner,
        environment=environment(
            spec, CONTAINER_PORT, has_templates=bool(templated(site.created)), cards=card_environment(spec, site)
        ),
        mounts=(Mount(f"{root}/home", HOME, read_only=False), Mount(models_dir, MODELS, read_only=False)),
        ports=ports,
        folders=_folders(root, models_dir, owner),
        tmpfs=(Tmpfs("/tmp", 256 * 2**20),),
        memory_bytes=spec.memory
        or memory_bytes(site.created, spec.max_loaded_models, spec.context_length, spec.num_parallel),
        pids=1024,
        devices=devices_of(spec.card_use, spec.name, site),
        groups=groups_of(spec),
        # Its image has neither curl nor wget; with a server that is down this ends with 1.
        probe=Probe((PROGRAM, "list"), log_lines=(LOGGED,)),
        health_timeout_seconds=spec.health_timeout,
        egress=egress,
        egress_cause=cause,
        facts=_facts(spec, site),
        card_load=card_load(
            spec.card_use,
            tuple(_memory(spec, model, site) for model in site.created),
            is_resident=False,
            reserved_bytes=spec.gpu_overhead or 0,
        ),
    )
    return Resolved(service, (), _offers_of(spec, site), _engine(spec, site, ports[0], models_dir))


def _facts(spec: OllamaEngine, site: Site) -> dict[str, object]:
    weights: dict[str, int] = {}
    for model in site.created:
        weights[model.name] = model.weight_bytes + weights.get(model.request.get("from", ""), 0)
    talkers = sorted((size, name) for name, size in weights.items() if name != _embedding(site))
    on_gpu = [(size, name) for size, name in talkers if not _is_kept_off(site, name)]
    return {
        "models": [model.name for model in site.created],
        # The lightest one: it shall answer, and nobody shall wait for the heaviest.
        "talkers": [name for _, name in talkers],
        "embedding": _embedding(site),
        "cloud": spec.cloud,
        "gpu": spec.gpu,
        "on_gpu": on_gpu[0][1] if on_gpu and spec.gpu != "none" else "",
        "unloads_at_once": spec.keep_alive == 0,
        "answer_seconds": (spec.load_timeout or LOAD_SECONDS) + ANSWER_SECONDS,
    }


def _is_kept_off(site: Site, name: str) -> bool:
    """Return True if the spec keeps all layers of a model off the card."""
    return bool(_parameter(site, name, "num_gpu") == 0)


def _parameter(site: Site, name: str, key: str) -> Any:
    """Return a model's parameter, its own or its base's; None without one."""
    made = {model.name: model.request for model in site.created}
    # A tag under its own name is made from itself: each request is looked at once.
    while request := made.pop(name, None):
        value = request.get("parameters", {}).get(key)
        if value is not None:
            return value
        name = request.get("from", "")
    return None


def _memory(spec: OllamaEngine, model: CreatedModel, site: Site) -> ModelMemory:
    layers = _parameter(site, model.name, "num_gpu")
    return model_memory(
        site,
        model.name,
        tokens=model.num_ctx or model.brought or spec.context_length,
        tokens_by_cards=CONTEXT_BY_CARDS,
        slots=spec.num_parallel or 1,
        cache_type=spec.kv_cache_type or "f16",
        has_flash_attention=spec.flash_attention,
        batch=_parameter(site, model.name, "num_batch"),
        batch_by_tokens=BATCH_BY_CONTEXT,
        wanted_layers=None if layers == -1 else layers,
        main_card=_parameter(site, model.name, "main_gpu"),
    )


def _egress(spec: OllamaEngine, site: Site) -> tuple[Egress, str]:
    pulled = [
        model.name if model.is_pulled else f"what {model.name} is made from" for model in site.created if model.base
    ]
    if spec.egress is not None:
        return spec.egress, "the spec says so" if spec.egress == "any" else ""
    if spec.cloud:
        return "any", "the spec lets it talk with its vendor's cloud"
    return ("any", f"pulls {pulled[0]}") if pulled else ("none", "")


def _folders(root: str, models_dir: str, owner: Owner) -> tuple[Folder, ...]:
    return (Folder(root, owner, "0750"), Folder(f"{root}/home", owner, "0700"), Folder(models_dir, owner, "0750"))


def _engine(spec: OllamaEngine, site: Site, port: Port, models_dir: str) -> Engine:
    return Engine(
        name=spec.name,
        kind=spec.kind,
        protocol=PROTOCOL,
        address=f"http://{port.place}",
        models=site.created,
        models_dir=models_dir,
        prune=spec.prune,
        context=_context(spec),
        heeding=f"`go_template: true` at {spec.name} lets the `template` win",
        uses_cloud=spec.cloud,
    )


def _context(spec: OllamaEngine) -> Context:
    if spec.context_length is not None:
        return Context(spec.context_length, is_chosen=True)
    return Context(CONTEXT, is_chosen=False, is_least=spec.gpu != "none")


def _offers_of(spec: OllamaEngine, site: Site) -> tuple[Offer, ...]:
    address = Inside(spec.name, CONTAINER_PORT)
    names, upstream = tuple(model.name for model in site.created), upstream_names(site.created)
    chat = ChatApi(PROTOCOL, address, names, None, upstream=upstream)
    embedding = _embedding(site)
    return (chat, Embeddings(PROTOCOL, address, (embedding,), None, upstream=upstream)) if embedding else (chat,)


def _embedding(site: Site) -> str:
    # Whether a model makes vectors is not said anywhere: the one that is asked to is believed, and verified.
    return site.embedding if site.embedding in [model.name for model in site.created] else ""
