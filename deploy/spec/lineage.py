"""Sources of a spec's models, by names as engines compare them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from deploy.agent.protocols.doors.names import same
from deploy.spec.walks import cycles

if TYPE_CHECKING:
    from deploy.sources.spec import Source
    from deploy.spec.model import Spec
    from deploy.spec.models import Model


class Lineage:
    """The models of engines that do not have them already, each with its source."""

    def __init__(self, models: Iterable[Model], makers: Collection[str], named: Collection[str] = ()) -> None:
        self._makers = frozenset(makers)
        self._named = frozenset(named)
        self._models: dict[str, Model] = {}
        for model in models:
            if model.engine not in self._named:
                self._models.setdefault(_key(model.engine, model.name), model)

    def source(self, model: Model) -> Source | None:
        """Return the source of a model; if omitted, an engine that creates models takes the tag of its name."""
        return model.name if model.from_ is None and model.engine in self._makers else model.from_

    def is_pulled(self, model: Model) -> bool:
        """Return True if the model is a library's tag under its own name: pulled, not created."""
        source = self.source(model)
        return model.engine in self._makers and isinstance(source, str) and same(source) == same(model.name)

    def base(self, model: Model) -> Model | None:
        """Return the model of the same engine that it is created from; None without one."""
        source = self.source(model)
        if not isinstance(source, str) or same(source) == same(model.name) or model.engine in self._named:
            return None
        return self._models.get(_key(model.engine, source))

    def is_locked(self, model: Model) -> bool:
        """Return True if an input of the model can move: it is neither merely named nor made from a model here."""
        is_told = model.engine not in self._named and self.source(model) is not None
        return is_told and self.base(model) is None

    def line(self, model: Model) -> Iterator[Model]:
        """Yield the sources of a model, the nearest first; a cycle ends before it repeats."""
        seen, base = {model.key}, self.base(model)
        while base is not None and base.key not in seen:
            seen.add(base.key)
            yield base
            base = self.base(base)

    def cycles(self) -> Iterator[tuple[Model, ...]]:
        """Yield the models of each cycle, from the first one in the file back to itself."""
        made = {key: model for key, model in self._models.items() if model.engine in self._makers}
        graph = {key: self._above(model) for key, model in made.items()}
        return (tuple(self._models[key] for key in way) for way in cycles(graph))

    def _above(self, model: Model) -> tuple[str, ...]:
        base = self.base(model)
        return () if base is None else (_key(base.engine, base.name),)

    def ordered(self) -> Iterator[Model]:
        """Yield every model after its source; models of a cycle keep the order of the file."""
        placed: set[str] = set()
        for model in self._models.values():
            line: list[Model] = []
            for each in chain((model,), self.line(model)):
                if each.key in placed:
                    break
                line.append(each)
            placed |= {each.key for each in line}
            yield from reversed(line)


def lineage(spec: Spec) -> Lineage:
    """Return the sources of a spec's models."""
    makers = {engine.name for engine in spec.engines if engine.models_are == "created"}
    return Lineage(spec.models, makers, {engine.name for engine in spec.engines if engine.models_are == "named"})


def _key(engine: str, name: str) -> str:
    return f"{engine}/{same(name)}"
