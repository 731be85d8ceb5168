"""Checks that need several parts of the spec together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from deploy.fields.engine import ModelsAre
from deploy.fields.service import ServiceSpec
from deploy.reading.document import FieldPath
from deploy.sources.spec import forms
from deploy.spec.checks.finding import Finding
from deploy.spec.checks.folders import backups_are_apart, folders_are_apart
from deploy.spec.checks.fronts import FRONT_CHECKS
from deploy.spec.checks.images import IMAGE_CHECKS
from deploy.spec.checks.making import MAKING_CHECKS
from deploy.spec.checks.naming import NAMING_CHECKS
from deploy.spec.checks.placing import PLACING_CHECKS
from deploy.spec.model import Spec
from deploy.spec.models import OWN_SETTINGS, Model
from deploy.spec.placed import Placed, services
from deploy.stack import RESERVED_NAMES

IN_REQUESTS = frozenset(
    {"system", "messages", "temperature", "seed", "stop", "num_predict", "top_k", "top_p", "min_p", "typical_p"}
    | {"repeat_last_n", "repeat_penalty", "presence_penalty", "frequency_penalty"}
)
"""Settings of a model that a program may also send with each request, whatever the engine."""


def ports_are_unique(spec: Spec) -> Iterator[Finding]:
    """Two services cannot share a port of a host."""
    yield from port_clashes(services(spec))


def port_clashes(placed: Iterable[Placed]) -> Iterator[Finding]:
    """Yield each service whose port another one of its host has already."""
    first: dict[tuple[str, int], Placed] = {}
    for service in placed:
        taken = first.setdefault((service.host, service.port), service)
        if taken is not service:
            default = ", its default," if service.spec.port is None else ""
            message = f"{service.port}{default} is the port of {taken.name} too; write another"
            yield Finding(service.port_path, message, (taken.port_path,))


def models_have_engines(spec: Spec) -> Iterator[Finding]:
    """Every model names an engine; an engine for a single model has exactly one."""
    engines = {engine.name: engine for engine in spec.engines}
    served: dict[str, str] = {}
    for index, model in enumerate(spec.models):
        path: FieldPath = ("models", index, "engine")
        if model.engine not in engines:
            message = f"no engine is called {model.engine}"
            yield Finding(path, message, whole=("engines",), wanted=(model.engine, tuple(engines)))
        elif model.engine in served and engines[model.engine].models_are == "opened":
            kind = engines[model.engine].kind
            message = f"{model.engine} serves {served[model.engine]} already; a {kind} engine takes one model"
            yield Finding(path, message)
        served.setdefault(model.engine, model.name)
    for index, engine in enumerate(spec.engines):
        if engine.models_are == "opened" and engine.name not in served:
            message = f"has no model; write one under `models` with `engine: {engine.name}`"
            yield Finding(("engines", index), message, whole=("models",))


def models_fit_their_engines(spec: Spec) -> Iterator[Finding]:
    """A model may only have settings that its engine supports."""
    engines = {engine.name: engine for engine in spec.engines}
    for index, model in enumerate(spec.models):
        engine = engines.get(model.engine)
        if engine is None:
            continue
        path, also = ("models", index), (("models", index, "engine"),)
        if engine.models_are != "created":
            for name in sorted(model.model_fields_set & set(OWN_SETTINGS)):
                cure = "leave it out: each request may set it" if name in IN_REQUESTS else "leave it out"
                message = f"{engine.name} ({engine.kind}) cannot do this; {cure}"
                yield Finding((*path, name), message, also)
        yield from (Finding((*path, "from"), wrong, also) for wrong in _source_faults(model, engine.models_are))


def _source_faults(model: Model, models_are: ModelsAre) -> Iterator[str]:
    source = model.from_
    if models_are == "opened" and (source is None or isinstance(source, str)):
        yield f"{model.engine} opens one GGUF file; write {forms()}"
    elif models_are == "named" and not (source is None or isinstance(source, str)):
        yield f"{model.engine} has its models already; write the name that it knows, or leave `from` out"


def webui_has_a_back_end(spec: Spec) -> Iterator[Finding]:
    """An engine must offer chat by itself where there is no gateway."""
    engines = [engine for engine in spec.engines if isinstance(engine, ServiceSpec)]
    if spec.webui and not spec.gateway and engines and not any(engine.traits.offers_chat for engine in engines):
        yield Finding(("webui",), "no engine offers chat by itself; write a `gateway`", (("gateway",),), ("engines",))


def publishing_is_safe(spec: Spec) -> Iterator[Finding]:
    """A service is published beyond its host only if it authenticates its users, or a guard does so for it."""
    for service in services(spec):
        if service.spec.is_open and not service.spec.traits.has_authentication and service.spec not in spec.guarded:
            path = (*service.path, "publish")
            yield Finding(path, f"{service.name} has no authentication; write `publish: local`")


def settings_are_used(spec: Spec) -> Iterator[Finding]:
    """Settings of a guard need an engine behind it."""
    for key in spec.idle_settings:
        message = "has no effect, for no engine without authentication is published; write `publish: lan` at one"
        yield Finding((key,), f"{message}, or leave this out", whole=("engines",))


def versions_are_safe(spec: Spec) -> Iterator[Finding]:
    """A chosen release must not be known as dangerous."""
    for service in services(spec):
        version = getattr(service.spec, "version", None)
        if version is None:
            continue
        from packaging.version import Version

        floor, reason = service.spec.traits.version_floor
        path = (*service.path, "version")
        bad = dict(service.spec.traits.bad_versions)
        if version in bad:
            yield Finding(path, f"{version} is refused: {bad[version]}; use {floor} or newer")
        elif floor and Version(version) < Version(floor):
            yield Finding(path, f"{version} is older than {floor}: {reason}")


def stack_is_free(spec: Spec) -> Iterator[Finding]:
    """A stack must not have the name of one of the kit's own folders beside it."""
    if spec.stack in RESERVED_NAMES:
        yield Finding(("stack",), f"{spec.stack} is reserved for the kit's own folder; choose another name")


CHECKS: tuple[Callable[[Spec], Iterator[Finding]], ...] = (
    stack_is_free,
    ports_are_unique,
    models_have_engines,
    models_fit_their_engines,
    webui_has_a_back_end,
    publishing_is_safe,
    settings_are_used,
    versions_are_safe,
    folders_are_apart,
    backups_are_apart,
    *IMAGE_CHECKS,
    *PLACING_CHECKS,
    *NAMING_CHECKS,
    *FRONT_CHECKS,
    *MAKING_CHECKS,
)


def findings(spec: Spec) -> Iterator[Finding]:
    """Run every check."""
    for check in CHECKS:
        yield from check(spec)
