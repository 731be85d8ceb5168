"""Current content of a model's tag: its manifest, and a look into its parts."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.gguf import read_context_length
from deploy.reference import ModelTag, model_place, parse_model
from deploy.registries.registry import DOCKER_MANIFEST, Registry, parts

_HASH = len("sha256:")
_LARGEST_CONFIG = 2**20
_BUILT_IN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
OK = 200


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


def length_of_tag(name: str, tagged: TaggedModel, fetch: Fetch) -> int | None:
    """Return the context that a tag's model was trained for, from the head of its file; None if unknown."""
    _, registry = _asked(name, fetch)
    for layer in tagged.layers:
        if layer.media_type.endswith(".image.model"):
            try:
                with registry.blob(f"sha256:{layer.sha256}") as answer:
                    return read_context_length(answer, name) if answer.status == OK else None
            except KitError:
                # It can be run without; only nobody is told how long a conversation may be.
                return None
    return None


def renderer_of_tag(name: str, tagged: TaggedModel, fetch: Fetch) -> str | None:
    """Return the renderer in a tag's configuration, which replaces any template; None without one."""
    _, registry = _asked(name, fetch)
    try:
        with registry.blob(f"sha256:{tagged.config_sha256}") as answer:
            said = json.loads(answer.read(_LARGEST_CONFIG)) if answer.status == OK else None
    except (KitError, ValueError, RecursionError):
        # It can be run without; only a template that has no effect is told later.
        return None
    renderer = said.get("renderer") if isinstance(said, dict) else None
    return renderer if isinstance(renderer, str) and _BUILT_IN.fullmatch(renderer) else None


def _asked(name: str, fetch: Fetch) -> tuple[ModelTag, Registry]:
    model = parse_model(name)
    base = model_place(model.host, fetch.models)
    return model, Registry(base, f"{model.owner}/{model.model}", "" if model.host else "models", fetch)
