"""What is written about the gateway and the web UI, held against the engines and models that they stand in front of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deploy.spec.document import FieldPath
from deploy.spec.finding import Finding
from deploy.spec.model import Spec


def routes_lead_somewhere(spec: Spec) -> Iterator[Finding]:
    """A route and its fallbacks name models of the spec, each once, and none falls back on itself."""
    names = tuple(dict.fromkeys(model.name for model in spec.models))
    first: dict[str, int] = {}
    for index, route in enumerate(spec.gateway.routes if spec.gateway else ()):
        path: FieldPath = ("gateway", "routes", index)
        if route.model not in names:
            yield _unknown((*path, "model"), route.model, names)
        elif first.setdefault(route.model, index) != index:
            taken = ("gateway", "routes", first[route.model])
            yield Finding((*path, "model"), f"{route.model} has a route already; write all of it there", (taken,))
        for place, name in enumerate(route.fallbacks):
            at = (*path, "fallbacks", place)
            if name == route.model:
                yield Finding(at, f"{name} would fall back on itself; name another model")
            elif name in route.fallbacks[:place]:
                yield Finding(at, f"{name} is written twice; keep one")
            elif name not in names:
                yield _unknown(at, name, names)


def _unknown(path: FieldPath, name: str, names: tuple[str, ...]) -> Finding:
    return Finding(path, f"no model is called {name}", whole=("models",), wanted=(name, names))


def there_is_a_way_through(spec: Spec) -> Iterator[Finding]:
    """The web UI can only go through a gateway that there is."""
    if spec.webui is not None and spec.webui.through == "gateway" and spec.gateway is None:
        words = "there is no gateway; write `engines`, or leave it out"
        yield Finding(("webui", "through"), words, (("gateway",),))


def outside_is_within_reach(spec: Spec) -> Iterator[Finding]:
    """Who calls an engine outside must not be kept from it."""
    for name, front in (("gateway", spec.gateway), ("webui", spec.webui if _calls_engines(spec) else None)):
        for index, engine in enumerate(spec.engines):
            served = any(model.engine == engine.name for model in spec.models)
            if front is not None and front.egress == "none" and engine.outside and served:
                words = f"none keeps it from {engine.name} at {engine.outside}; leave `egress` out"
                yield Finding((name, "egress"), words, (("engines", index),), ("models",))


def _calls_engines(spec: Spec) -> bool:
    return spec.webui is not None and (spec.webui.through == "engines" or spec.gateway is None)


FRONT_CHECKS: tuple[Callable[[Spec], Iterator[Finding]], ...] = (
    routes_lead_somewhere,
    there_is_a_way_through,
    outside_is_within_reach,
)
