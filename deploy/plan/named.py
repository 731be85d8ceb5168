"""Models that an engine has already: a missing one is refused before anything changes."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.cloud import sent_away
from deploy.deployment.engines import NamedEngine
from deploy.deployment.host import Deployment
from deploy.errors import typed
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import SeenNames

MOST_TOLD = 8
NAMES_NOT_ASKED = SeenNames(problem="it was not asked")


def named_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield each model that its engine lacks, and each silent engine that is asked for further models."""
    for engine in deployment.named_engines:
        seen = observation.named_engines.get(engine.name)
        if seen is None:
            continue
        if not seen.problem:
            yield from _lacking(engine, seen)
            yield from _sent_away(engine, seen)
        elif new := _new(engine, seen):
            mend = seen.next_step or "let it answer"
            wanted = f"model{'s' if len(new) > 1 else ''} {', '.join(new)}"
            yield f"{seen.problem}; kit.yaml takes {wanted} from there", f"{mend}, or remove {wanted} from kit.yaml"


def named_doubts(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield the engines that cannot be asked now for the models that they had before."""
    for engine in deployment.named_engines:
        seen = observation.named_engines.get(engine.name)
        if seen is not None and seen.problem and not _new(engine, seen):
            yield f"{seen.problem}; its models are checked once it answers"


def lack(known: str, seen: SeenNames) -> str:
    """Return the words about a missing model of an engine, with a guess among its models."""
    return f"has no model {known!r}{nearest(known, seen.names)}"


def nearest(known: str, there: tuple[str, ...]) -> str:
    """Return ` (did you mean ...?)` for a similar name, or one that contains the model's."""
    # An empty plan needs none of what this loads.
    from deploy.words import did_you_mean

    # An engine's name is often a folder's and a file's, of which a person writes the middle.
    around = [name for name in there if known.casefold() in name.casefold() or name.casefold() in known.casefold()]
    return did_you_mean(known, there) or (f" (did you mean {around[0]}?)" if around else "")


def _new(engine: NamedEngine, seen: SeenNames) -> list[str]:
    return [name for name, known in engine.models if seen.applied.get(name) != known]


def _lacking(engine: NamedEngine, seen: SeenNames) -> Iterator[tuple[str, str]]:
    told = [typed(name) for name in seen.names[:MOST_TOLD]]
    more = f" and {len(seen.names) - len(told)} more" if len(seen.names) > len(told) else ""
    there = f"it has {', '.join(told)}{more}" if told else "it has no models"
    for name, known in engine.models:
        if seen.own_name(known) is None:
            wrong = f"model {name}: engine {engine.name} at {engine.address} {lack(known, seen)}"
            yield wrong, f"{there}; add the model there, or write one of these names as `from` of {name}"


def _sent_away(engine: NamedEngine, seen: SeenNames) -> Iterator[tuple[str, str]]:
    """Yield each model that the engine leaves to its vendor's cloud under a name of its own."""
    for name, known in engine.models if not engine.uses_cloud else ():
        if seen.own_name(known) in seen.cloud:
            problem, next_step = sent_away(known, engine.name)
            yield f"model {name}: {problem}", next_step
