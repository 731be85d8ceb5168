"""Decisions about a llama.cpp engine: one llama-server for one model, chat and embeddings from the same process."""

from __future__ import annotations

from typing import Any

from deploy.components.cards import card_environment, card_load, devices_of, groups_of, model_memory
from deploy.components.llama_cpp.artifacts import CHAT_TEMPLATE_PATH, chat_template
from deploy.components.llama_cpp.memory import BATCH_TOKENS_MOST, PROMPT_CACHE_MIB, memory_bytes
from deploy.components.llama_cpp.spec import LlamaCppEngine
from deploy.components.probes import http_probe
from deploy.components.room import LockedModel, Resolved, Site, owner_of
from deploy.deployment.engines import ModelFile
from deploy.deployment.folders import Folder, Owner
from deploy.deployment.image import ImageOrigin
from deploy.deployment.memory import ModelMemory
from deploy.deployment.offers import ChatApi, Embeddings, Inside, Offer
from deploy.deployment.secrets import Secret, SecretUse
from deploy.deployment.service import Mount, Service, Tmpfs
from deploy.errors import UsageError

UID = 10101
CONTAINER_PORT = 8080
MODEL_PATH = "/models/model.gguf"
# The official image keeps it out of PATH.
_PROGRAM = {"build": "llama-server", "pull": "/app/llama-server"}
BASE_MODEL_PREDICT = 64


def resolve(spec: LlamaCppEngine, site: Site, _offers: tuple[Offer, ...]) -> Resolved:
    """Decide the engine's container, its model file and its offers."""
    model = _only_model(spec, site)
    owner = owner_of(spec, UID)
    key = Secret(f"{spec.name}_api_key", spec.name, shown_as=f"key of the engine {spec.name}")
    file = _model_file(spec, site, model, owner)
    template = chat_template(spec, model)
    service = Service(
        name=spec.name,
        kind=spec.kind,
        image=site.image,
        argv=_argv(spec, model, site.image.source, has_template=template is not None),
        owner=owner,
        environment=card_environment(spec, site),
        mounts=(Mount(file.host_path, MODEL_PATH),),
        artifacts=(template,) if template else (),
        secrets=(SecretUse(key, "LLAMA_API_KEY"),),
        ports=site.ports(spec, spec.traits.default_port, CONTAINER_PORT),
        folders=_folders(spec, site, owner),
        tmpfs=(Tmpfs("/tmp", 64 * 2**20),),
        memory_bytes=spec.memory or memory_bytes(model.size_bytes, spec.context_length, spec.parallel),
        pids=256 + 2 * spec.threads + 2 * spec.parallel,
        devices=devices_of(spec.card_use, spec.name, site),
        groups=groups_of(spec),
        probe=http_probe(CONTAINER_PORT, "/health", start_period_seconds=60),
        health_timeout_seconds=spec.health_timeout,
        egress=spec.egress or "none",
        egress_cause="the spec says so" if spec.egress == "any" else "",
        facts=_facts(spec, model, key),
        card_load=card_load(spec.card_use, (_memory(spec, model, site),), is_resident=True),
    )
    address = Inside(spec.name, CONTAINER_PORT, "/v1")
    offers = (ChatApi("openai", address, (model.name,), key), Embeddings("openai", address, (model.name,), key))
    return Resolved(service, (file,), offers)


def _facts(spec: LlamaCppEngine, model: LockedModel, key: Secret) -> dict[str, Any]:
    facts = {"model": model.name, "context_length": spec.context_length, "key": key.name}
    # Without a card there is no such fact, so that a release of before cards keeps its digest.
    return facts if spec.gpu == "none" else {**facts, "gpu": spec.gpu, "gpu_layers": spec.gpu_layers}


def _memory(spec: LlamaCppEngine, model: LockedModel, site: Site) -> ModelMemory:
    return model_memory(
        site,
        model.name,
        tokens=spec.context_length,
        slots=spec.parallel,
        batch=_batch(spec),
        wanted_layers=spec.gpu_layers,
    )


def _batch(spec: LlamaCppEngine) -> int:
    return min(spec.context_length, BATCH_TOKENS_MOST)


def _only_model(spec: LlamaCppEngine, site: Site) -> LockedModel:
    if len(site.models) != 1:
        names = ", ".join(model.name for model in site.models) or "none"
        raise UsageError(
            f"engine {spec.name} serves exactly one model, the spec puts on it: {names}",
            f"give it one entry of `models:` with `engine: {spec.name}`",
        )
    return site.models[0]


def _folders(spec: LlamaCppEngine, site: Site, owner: Owner) -> tuple[Folder, ...]:
    root = site.data_of(spec.name)
    return (Folder(root, owner, "0750"), Folder(f"{root}/models", owner, "0750"))


def _model_file(spec: LlamaCppEngine, site: Site, model: LockedModel, owner: Owner) -> ModelFile:
    host_path = f"{site.data_of(spec.name)}/models/{model.sha256}.gguf"
    advice = "" if spec.chat_template or model.has_chat_template else _bare(spec, model)
    return ModelFile(model.name, spec.name, host_path, owner, model.sha256, model.size_bytes, model.source, advice)


def _bare(spec: LlamaCppEngine, model: LockedModel) -> str:
    step = f"`chat_template` at {spec.name} sets one; a base model only continues a text"
    return f"the file of {model.name} has no chat template, so {spec.name} passes on the plain text; {step}"


def _argv(spec: LlamaCppEngine, model: LockedModel, origin: ImageOrigin, *, has_template: bool) -> tuple[str, ...]:
    batch = str(_batch(spec))
    predict = spec.predict or (None if model.has_chat_template else BASE_MODEL_PREDICT)
    argv = [_PROGRAM[origin], "--host", "0.0.0.0", "--port", str(CONTAINER_PORT)]
    argv += ["--offline", "--no-webui", "--no-slots"]
    argv += ["--model", MODEL_PATH, "--alias", model.name, "--threads", str(spec.threads)]
    # llama-server shares one context out among its slots.
    argv += ["--ctx-size", str(spec.context_length * spec.parallel), "--parallel", str(spec.parallel)]
    argv += ["--batch-size", batch, "--ubatch-size", batch, "--cache-ram", str(PROMPT_CACHE_MIB)]
    argv += ["--embeddings", "--pooling", "mean"]
    if spec.gpu != "none" and spec.gpu_layers is not None:
        argv += ["--n-gpu-layers", str(spec.gpu_layers)]
    if has_template:
        argv += ["--chat-template-file", CHAT_TEMPLATE_PATH]
    if predict is not None:
        argv += ["--predict", str(predict)]
    return tuple(argv)
