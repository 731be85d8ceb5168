"""A lock for any valid spec, without asking anybody."""

from __future__ import annotations

from deploy.components import room_of
from deploy.lock.model import FileModelLock, GgufFacts, ImageLock, Lock, ModelLock, PipModelLock
from deploy.spec.model import Model, PipSource, Spec

FACTS = GgufFacts(architecture="llama", context_length=4096, has_chat_template=True)


def lock_of(spec: Spec) -> Lock:
    """Return a lock that has what the spec needs; its images hold no wheels."""
    services = {one.kind: one for one in (*spec.engines, spec.gateway, spec.webui) if one is not None}
    recipes = {kind: room_of(kind).recipe(service) for kind, service in services.items()}
    return Lock(
        format=1,
        kit="0",
        platform="linux/amd64",
        images={
            kind: ImageLock(
                source="build",
                suite=recipe.suite,
                python=recipe.python,
                requirements=recipe.requirements,
                overrides=recipe.overrides,
                wheels=(),
            )
            for kind, recipe in recipes.items()
        },
        models={model.name: _model(model) for model in spec.models},
    )


def _model(model: Model) -> ModelLock:
    source = model.from_
    if isinstance(source, PipSource):
        return PipModelLock(
            source="pip",
            package=source.pip,
            version=source.version,
            sha256=source.sha256,
            size=1,
            gguf=FACTS,
            wheels=(),
        )
    return FileModelLock(source="file", file=source.file, sha256=source.sha256, size=1, gguf=FACTS)
