"""Current content of a model's tag: its manifest, and a look into its parts."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.gguf import Header, read_head
from deploy.reference import ModelTag, model_place, parse_model
from deploy.registries.registry import DOCKER_MANIFEST, Registry, parts

_HASH = len("sha256:")
_LARGEST_PART = 2**20
_BUILT_IN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
OK = 200
_LONGEST_CONTEXT = 2**31 - 1


@dataclass(frozen=True)
class TaggedLayer:
    """A part of a model in a registry."""

    media_type: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class TaggedModel:
    """A pinned model of a tag: an engine that pulled it lists it with this digest."""

    name: str
    """Name in an engine's list: without default host and owner, always with the tag."""
    manifest_digest_hex: str
    size_bytes: int
    """Size of all parts together, the configuration too."""
    layers: tuple[TaggedLayer, ...]
    """Layers without the configuration, in the manifest's order."""
    config_sha256: str


def resolve_tag(name: str, fetch: Fetch) -> TaggedModel:
    """Ask a model registry for a tag's current manifest; KitError names the address, its answer, and the next step."""
    model, registry = _asked(name, fetch)
    # Only what engines ask for: another form of it would have another digest.
    manifest = registry.manifest(model.tag, (DOCKER_MANIFEST,))
    if manifest.is_list:
        raise registry.wrong(model.tag, "it is a list of platforms, and no model")
    config, *layers = parts(manifest, registry, model.tag)
    return TaggedModel(
        name=str(model),
        manifest_digest_hex=manifest.digest[_HASH:],
        size_bytes=config[2] + sum(size for _, _, size in layers),
        layers=tuple(TaggedLayer(kind, digest[_HASH:], size) for kind, digest, size in layers),
        config_sha256=config[1][_HASH:],
    )


def header_of_tag(name: str, tagged: TaggedModel, fetch: Fetch) -> Header | None:
    """Return the facts at the head of a tag's file; None if unknown."""
    _, registry = _asked(name, fetch)
    for layer in tagged.layers:
        if layer.media_type.endswith(".image.model"):
            try:
                with registry.blob(f"sha256:{layer.sha256}") as answer:
                    return read_head(answer, name) if answer.status == OK else None
            except KitError:
                # It can be run without; only nobody is told how long a conversation may be.
                return None
    return None


def renderer_of_tag(name: str, tagged: TaggedModel, fetch: Fetch) -> str | None:
    """Return the renderer in a tag's configuration, which replaces any template; None without one."""
    _, registry = _asked(name, fetch)
    # It can be run without; only a template that has no effect is told later.
    renderer = (_said(registry, tagged.config_sha256) or {}).get("renderer")
    return renderer if isinstance(renderer, str) and _BUILT_IN.fullmatch(renderer) else None


def context_of_tag(name: str, tagged: TaggedModel, fetch: Fetch) -> int | None:
    """Return the `num_ctx` among a tag's parameters, 0 without one; None if they cannot be read."""
    _, registry = _asked(name, fetch)
    context: int | None = 0
    for layer in tagged.layers:
        if layer.media_type.endswith(".image.params"):
            parameters = _said(registry, layer.sha256)
            if parameters is None:
                return None
            context = _tokens(parameters.get("num_ctx", context))
    return context


def _tokens(value: Any) -> int | None:
    """Return a number of tokens; JSON may write it as 4096.0."""
    is_whole = type(value) is int or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole and 0 <= value <= _LONGEST_CONTEXT else None


def _said(registry: Registry, sha256: str) -> dict[str, object] | None:
    """Return a small part of a model, which is JSON; None if the registry does not give these very bytes."""
    try:
        with registry.blob(f"sha256:{sha256}") as answer:
            content: bytes = answer.read(_LARGEST_PART) if answer.status == OK else b""
        said = json.loads(content) if hashlib.sha256(content).hexdigest() == sha256 else None
    except (KitError, ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _asked(name: str, fetch: Fetch) -> tuple[ModelTag, Registry]:
    model = parse_model(name)
    base = model_place(model.host, fetch.models)
    return model, Registry(base, f"{model.owner}/{model.model}", "" if model.host else "models", fetch)
