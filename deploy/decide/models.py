"""A spec's model as the request that creates it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deploy.agent.line import Line
from deploy.deployment.models import ADAPTER, FILE, PROJECTOR, Base, Blob, CreatedModel
from deploy.deployment.parts import request_parts
from deploy.errors import UsageError
from deploy.lock.contexts import trained_length
from deploy.lock.model import Lock
from deploy.protocols.doors.making import Inputs, Modelfile, Origin, create_request, inherited, layers, request_digest
from deploy.protocols.doors.modelfiles import render
from deploy.reference import parse_model
from deploy.sources.lock import tag_of, weights_of
from deploy.sources.spec import Source
from deploy.spec.lineage import Lineage
from deploy.spec.model import Spec
from deploy.spec.models import Model
from deploy.spec.presets import resolved


@dataclass(frozen=True)
class _Made:
    model: CreatedModel
    whole: Modelfile
    """The model with all that it inherits from the models of the spec."""
    origin: Origin
    """Source of the first model in its line."""


def created_models(spec: Spec, lock: Lock, models: list[Model]) -> tuple[CreatedModel, ...]:
    """Return the models of one engine, each after its source."""
    names = {model.engine for model in models}
    made_from = Lineage(
        models, {engine.name for engine in spec.engines if engine.name in names and engine.models_are == "created"}
    )
    made: dict[str, _Made] = {}
    for model in made_from.ordered():
        parent = made_from.base(model)
        if parent is not None and parent.key not in made:
            raise UsageError(f"{model.name} is made from itself", f"`{Line('check')}` tells the way")
        below = made[parent.key] if parent is not None else None
        created = _created(lock, model, made_from.source(model), below)
        first = below.model if below is not None else None
        trained = first.trained if first else trained_length(made_from, lock, model)
        # An engine takes the parameters of a base along, unless the model sets its own.
        brought = first.brought if first else lock.models[model.key].brought_context
        made[model.key] = replace(created, model=replace(created.model, trained=trained, brought=brought))
    return tuple(each.model for each in made.values())


def _created(lock: Lock, model: Model, source: Source | None, parent: _Made | None) -> _Made:
    base, blobs = _base(lock, model, source, parent), _blobs(lock, model, source)
    modelfile = _modelfile(model, base, parent)
    whole = inherited(parent.whole, modelfile) if parent else modelfile
    origin = parent.origin if parent else _origin(lock, model, source)
    request = create_request(model.name, modelfile, _inputs(model, blobs))
    rests = {"base": base.digest if base else None, "parent": parent.model.digest if parent else None}
    created = CreatedModel(
        name=model.name,
        request=request,
        digest=request_digest(request, **rests),
        layers=layers(whole, origin),
        modelfile=f"{_head(model)}{render(modelfile)}",
        blobs=blobs,
        base=base,
        num_ctx=whole.parameters.num_ctx,
        is_bare=origin == "bare file" and whole.template is None,
        parts=request_parts(request, **rests),
    )
    return _Made(created, whole, origin)


def _head(model: Model) -> str:
    """Return the first lines of a rendered Modelfile: facts without an instruction."""
    # A Modelfile has no instruction for it: the engine's own program takes it as an option.
    quantised = f"# Quantised: `create {model.name} -q {model.quantize}`.\n" if model.quantize else ""
    return f"# {model.name}, as `kit apply` makes it on {model.engine}.\n{quantised}"


def _base(lock: Lock, model: Model, source: Source | None, parent: _Made | None) -> Base | None:
    if parent is not None or not isinstance(source, str):
        return None
    locked = tag_of(lock.models[model.key], model.key)
    return Base(str(parse_model(source)), locked.digest, locked.size)


def _blobs(lock: Lock, model: Model, source: Source | None) -> tuple[Blob, ...]:
    blobs = []
    if not isinstance(source, str):
        locked = weights_of(lock.models[model.key], model.key)
        blobs.append(Blob(FILE, locked.sha256, locked.size, locked.agent_source()))
    if model.adapter is not None:
        adapter = lock.adapters[model.key]
        blobs.append(Blob(ADAPTER, adapter.sha256, adapter.size, adapter.agent_source()))
    if model.projector is not None:
        projector = lock.projectors[model.key]
        blobs.append(Blob(PROJECTOR, projector.sha256, projector.size, projector.agent_source()))
    return tuple(blobs)


def _modelfile(model: Model, base: Base | None, parent: _Made | None) -> Modelfile:
    path = "" if model.from_ is None or isinstance(model.from_, str) else model.from_.path
    return Modelfile(
        from_=parent.model.name if parent else base.name if base else path or f"./{FILE}",
        adapter=model.adapter.file if model.adapter else None,
        projector=model.projector.file if model.projector else None,
        parameters=resolved(model.preset, model),
        template=model.template,
        renderer=model.renderer,
        parser=model.parser,
        system=model.system,
        license=(model.license,) if model.license else (),
        messages=model.messages,
        requires=model.requires,
    )


def _inputs(model: Model, blobs: tuple[Blob, ...]) -> Inputs:
    files = {blob.file: blob.sha256 for blob in blobs}
    adapters = {ADAPTER: files.pop(ADAPTER)} if ADAPTER in files else {}
    return Inputs(files, adapters, model.quantize)


def _origin(lock: Lock, model: Model, source: Source | None) -> Origin:
    if isinstance(source, str):
        return "model"
    return "file" if weights_of(lock.models[model.key], model.key).gguf.has_chat_template else "bare file"
