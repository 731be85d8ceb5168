"""Checks of the gateway and the web UI against the engines and models behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import pairwise

from deploy.agent.protocols.doors.names import same, suffix
from deploy.fields.addresses import hostname_of, is_dockers, is_loopback
from deploy.reading.document import FieldPath
from deploy.spec.aliases import aliases_of
from deploy.spec.checks.finding import Finding
from deploy.spec.model import Spec
from deploy.spec.placed import host_of
from deploy.spec.walks import cycles, way_text
from deploy.strict import shown


def aliases_lead_somewhere(spec: Spec) -> Iterator[Finding]:
    """An alias has a name of its own and leads to a model; another spelling of a name leads where the name does."""
    aliases, names = spec.gateway.aliases if spec.gateway else {}, _models(spec)
    ends, first = aliases_of(spec), dict[str, str]()
    for alias, target in aliases.items():
        path: FieldPath = ("gateway", "aliases", alias)
        spelled = [name for name in names if same(name) == same(alias)]
        other, end = first.setdefault(same(alias), alias), ends.get(alias, alias)
        if alias in names:
            yield Finding(path, f"{alias} is a model's name; choose another alias, or leave it out", whole=("models",))
        elif spelled and end in names and same(end) != same(alias):
            yield Finding(path, _another_spelling(spelled[0], f"`{alias}: {_quoted(spelled[0])}`"), whole=("models",))
        elif {end, ends.get(other, other)} <= {*names} and same(end) != same(ends.get(other, other)):
            message = _another_spelling(other, "the same model at both")
            yield Finding(path, message, (("gateway", "aliases", other),))
        elif tag := suffix(alias):
            yield Finding(path, f"engines give the tag `{tag}` another meaning; choose another alias")
        if target not in aliases and target not in names:
            yield _unknown(path, target, (*names, *aliases), aliases)
    # An alias with a model's name is reported already, and leads to that model.
    for way in cycles({alias: (target,) for alias, target in aliases.items() if alias not in names}):
        also = tuple(("gateway", "aliases", alias) for alias in way[1:-1])
        yield Finding(("gateway", "aliases", way[0]), f"leads back to itself ({way_text(way)}); name a model", also)


def _another_spelling(name: str, wanted: str) -> str:
    return f"is another spelling of {name}, and leads to another model; write {wanted}, or choose another alias"


def _quoted(name: str) -> str:
    return f'"{name}"' if ":" in name else name


def routes_lead_somewhere(spec: Spec) -> Iterator[Finding]:
    """A route and its fallbacks name models of the spec, each once, and no model falls back on itself."""
    aliases = aliases_of(spec)
    names = (*_models(spec), *aliases)
    first: dict[str, int] = {}
    for index, route in enumerate(spec.gateway.routes if spec.gateway else ()):
        path: FieldPath = ("gateway", "routes", index)
        model = aliases.get(route.model, route.model)
        if route.model not in names:
            yield _unknown((*path, "model"), route.model, names, aliases)
        elif first.setdefault(model, index) != index:
            taken = ("gateway", "routes", first[model])
            yield Finding(
                (*path, "model"), f"{_told(model, route.model)} has a route already; write both in one entry", (taken,)
            )
        fallbacks = [aliases.get(name, name) for name in route.fallbacks]
        for place, name in enumerate(route.fallbacks):
            at = (*path, "fallbacks", place)
            if fallbacks[place] == model:
                yield Finding(at, f"{_told(model, name)} would fall back on itself; name another model")
            elif fallbacks[place] in fallbacks[:place]:
                yield Finding(at, f"{_told(fallbacks[place], name)} is written twice; keep one")
            elif name not in names:
                yield _unknown(at, name, names, aliases)


def fallbacks_end_somewhere(spec: Spec) -> Iterator[Finding]:
    """Fallbacks of fallbacks are asked as well: no chain may lead back to its beginning."""
    aliases, graph = aliases_of(spec), dict[str, list[str]]()
    places: dict[tuple[str, str], FieldPath] = {}
    for index, route in enumerate(spec.gateway.routes if spec.gateway else ()):
        model = aliases.get(route.model, route.model)
        for place, name in enumerate(aliases.get(name, name) for name in route.fallbacks):
            # A model that falls back on itself is reported already.
            if name != model:
                graph.setdefault(model, []).append(name)
                places.setdefault((model, name), ("gateway", "routes", index, "fallbacks", place))
    for way in cycles(graph):
        steps = [places[step] for step in pairwise(way)]
        message = f"{way[-1]} falls back on itself in the end ({way_text(way)}); remove one of these fallbacks"
        yield Finding(steps[-1], message, tuple(steps[:-1]))


def embedding_names_a_model(spec: Spec) -> Iterator[Finding]:
    """The web UI's embedding model must be one of the models."""
    names = (*_models(spec), *aliases_of(spec))
    if spec.webui is not None and spec.webui.embedding is not None and spec.webui.embedding not in names:
        yield _unknown(("webui", "embedding"), spec.webui.embedding, names, aliases_of(spec))


def _models(spec: Spec) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model.name for model in spec.models))


def _told(model: str, name: str) -> str:
    return model if model == name else f"{name} ({model})"


def _unknown(path: FieldPath, name: str, names: tuple[str, ...], aliases: Collection[str] = ()) -> Finding:
    if here := next((known for known in names if same(known) == same(name)), ""):
        place = "`gateway.aliases`" if here in aliases else "`models`"
        return Finding(path, f"{name} is called {here} in {place}; write it in the same way", whole=("models",))
    return Finding(path, f"no model is called {name}", whole=("models",), wanted=(name, names))


def there_is_a_way_through(spec: Spec) -> Iterator[Finding]:
    """The web UI can only use a gateway that exists."""
    if spec.webui is not None and spec.webui.through == "gateway" and spec.gateway is None:
        words = "there is no gateway; write `engines`, or leave it out"
        yield Finding(("webui", "through"), words, (("gateway",),))


def outside_is_within_reach(spec: Spec) -> Iterator[Finding]:
    """Callers of an engine outside, or of one on another host, must have a way to the network."""
    for name, front in (("gateway", spec.gateway), ("webui", spec.webui if _calls_engines(spec) else None)):
        if front is None or front.egress != "none":
            continue
        for index, engine in enumerate(spec.engines):
            host = host_of(spec, engine)
            place = f"at {engine.outside}" if engine.outside else f"on {host}" if host != host_of(spec, front) else ""
            if place and any(model.engine == engine.name for model in spec.models):
                words = f"`none` blocks its requests to {engine.name} {place}; leave `egress` out"
                yield Finding((name, "egress"), words, (("engines", index),), ("models",))
    yield from _the_gateway_is_within_reach(spec)


def _the_gateway_is_within_reach(spec: Spec) -> Iterator[Finding]:
    if spec.webui is None or spec.webui.egress != "none" or spec.gateway is None or _calls_engines(spec):
        return
    host = host_of(spec, spec.gateway)
    if host != host_of(spec, spec.webui):
        words = f"`none` blocks its requests to the gateway on {host}; leave `egress` out"
        yield Finding(("webui", "egress"), words, (("gateway",),))


def engines_of_this_machine_are_within_reach(spec: Spec) -> Iterator[Finding]:
    """An engine at a loopback address is out of reach for containers; one without models is asked by none of them."""
    callers = [
        name
        for name, front in (("gateway", spec.gateway), ("webui", spec.webui if _calls_engines(spec) else None))
        if front is not None
    ]
    own: dict[str, FieldPath] = {
        engine.name: ("engines", at) for at, engine in enumerate(spec.engines) if not engine.outside
    }
    fronts = (("gateway", spec.gateway), ("webui", spec.webui))
    own |= {front.kind: (name,) for name, front in fronts if front is not None}
    served: dict[str, FieldPath] = {model.engine: ("models", at, "engine") for at, model in enumerate(spec.models)}
    for index, engine in enumerate(spec.engines):
        path: FieldPath = ("engines", index, "url")
        host = hostname_of(engine.outside) if engine.outside else ""
        if is_dockers(host):
            words = f"{host} is a name of Docker Desktop's and the like; a Linux host cannot resolve it"
            yield Finding(path, f"{words}; {_LISTEN_ELSEWHERE}{engine.moved_by}")
        elif host in own:
            words = f"{host} is a service of this file, and to its containers no other machine"
            yield Finding(path, f"{words}; write the engine's address, or a name with its domain", (own[host],))
        elif is_loopback(host) and callers and engine.name in served:
            words = f"{shown(engine.outside)} means the container itself that asks; {_LISTEN_ELSEWHERE}"
            told = f"{words}{engine.moved_by}; or let no container ask it: `gateway: null` and `webui: null`"
            yield Finding(path, told, (*((name,) for name in callers), served[engine.name]))


_LISTEN_ELSEWHERE = (
    "let the engine listen on an address of the host and write that, such as Docker's 172.17.0.1, which no other"
    " machine reaches"
)


def _calls_engines(spec: Spec) -> bool:
    return spec.webui is not None and (spec.webui.through == "engines" or spec.gateway is None)


FRONT_CHECKS: tuple[Callable[[Spec], Iterator[Finding]], ...] = (
    aliases_lead_somewhere,
    routes_lead_somewhere,
    fallbacks_end_somewhere,
    embedding_names_a_model,
    there_is_a_way_through,
    outside_is_within_reach,
    engines_of_this_machine_are_within_reach,
)
