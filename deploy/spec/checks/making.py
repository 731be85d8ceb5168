"""Checks of models that an engine creates, against each other and against the engine's release."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from deploy.agent.protocols.doors.names import plain
from deploy.reading.document import FieldPath
from deploy.spec.checks.finding import Finding
from deploy.spec.lineage import lineage
from deploy.spec.model import Spec
from deploy.spec.models import OWN_SETTINGS, Model
from deploy.spec.walks import way_text

PLAIN = re.compile(r"\s*\{\{-?\s*\.Prompt\s*-?\}\}\s*")
"""A template that only passes the prompt on: beside a renderer it fills a template's place."""


def nothing_is_made_from_itself(spec: Spec) -> Iterator[Finding]:
    """A model created from other models must begin with a library's tag or a file."""
    places = {model.key: index for index, model in reversed(list(enumerate(spec.models)))}
    for way in lineage(spec).cycles():
        told = way_text([model.name for model in way])
        also = tuple(("models", places[model.key], "from") for model in way[1:-1])
        message = f"{way[0].name} is made from itself ({told}); name a tag of a library or a file in one of them"
        yield Finding(("models", places[way[0].key], "from"), message, also)


def a_pulled_tag_is_as_the_library_has_it(spec: Spec) -> Iterator[Finding]:
    """A library's tag under its own name is pulled: with settings of its own it would be another model."""
    made_from = lineage(spec)
    for index, model in enumerate(spec.models):
        own = [name for name in OWN_SETTINGS if getattr(model, name) not in (None, ())]
        if own and made_from.is_pulled(model):
            also: tuple[FieldPath, ...] = (("models", index, "name"), ("models", index, "from"))
            yield Finding(("models", index, own[0]), _is_the_librarys(model), also)


def _is_the_librarys(model: Model) -> str:
    own = f'a name of its own, such as `name: my-{_bare(model.name)}` with `from: "{model.from_ or model.name}"`'
    if model.from_ is not None:
        return f"{model.name} is a library's tag, which the kit does not change; give the model {own}"
    without = f"without `from`, {model.name} is a library's tag, which the kit does not change"
    return f"{without}; write `from`, or give the model {own}"


def _bare(name: str) -> str:
    return plain(name).rpartition("/")[2].partition(":")[0]


def quantizing_begins_with_a_file(spec: Spec) -> Iterator[Finding]:
    """Only a file can be quantised: a model that an engine already has stays as it is."""
    for index, model in enumerate(spec.models):
        if model.quantize is not None and isinstance(model.from_, str):
            message = f"{model.from_} is quantised already; leave `quantize` out, or write `from: {{file: ...}}`"
            yield Finding(("models", index, "quantize"), message, (("models", index, "from"),))


def a_model_is_told_one_thing(spec: Spec) -> Iterator[Finding]:
    """A model has a system text or messages of the system, not both: many templates print one and drop the other."""
    made_from, places = lineage(spec), {model.key: index for index, model in reversed(list(enumerate(spec.models)))}
    told: dict[str, tuple[Model | None, Model | None]] = {}
    for model in made_from.ordered():
        base = made_from.base(model)
        system, examples = told.get(base.key, (None, None)) if base is not None else (None, None)
        system = model if model.system is not None else system
        examples = model if model.messages else examples
        told[model.key] = (system, examples)
        # Reported where the two met.
        if system is not None and examples is not None and model in (system, examples):
            yield from _told_twice(model, system, examples, places)


def _told_twice(model: Model, system: Model, examples: Model, places: dict[str, int]) -> Iterator[Finding]:
    if not any(each.role == "system" for each in examples.messages):
        return
    others = [each for each in (system, examples) if each is not model]
    whose = f" of {others[0].name}, which it is made from," if others else ""
    at = "messages" if examples is model else "system"
    what = "`system`" if at == "messages" else "the [Instruction] in `messages`"
    message = f"beside {what}{whose} many templates lose one of the two; write all of it in one place"
    yield Finding(("models", places[model.key], at), message, (("models", places[system.key], "system"),))


def engines_are_new_enough(spec: Spec) -> Iterator[Finding]:
    """A model must not need a newer release of its engine than the running one."""
    from packaging.version import InvalidVersion, Version

    releases = {engine.name: (index, engine.release) for index, engine in enumerate(spec.engines)}
    for index, model in enumerate(spec.models):
        place, release = releases.get(model.engine, (0, None))
        if model.requires is None or release is None:
            continue
        try:
            is_older = Version(release) < Version(model.requires)
        except InvalidVersion:
            continue
        if is_older:
            message = f"{model.engine} is release {release}, which is older; write a newer `version` at that engine"
            yield Finding(("models", index, "requires"), message, (("engines", place),))


def a_projector_goes_with_a_file(spec: Spec) -> Iterator[Finding]:
    """An engine takes a projector among the files of a model; a model created from another has that one's."""
    for index, model in enumerate(spec.models):
        if model.projector is not None and isinstance(model.source, str):
            message = f"{model.source} has its own or none; leave it out, or write `from: {{file: ...}}`"
            yield Finding(("models", index, "projector"), message, (("models", index, "from"),))


def templates_are_heeded(spec: Spec) -> Iterator[Finding]:
    """A template must be used: an engine that ignores templates cannot have one."""
    deaf = {engine.name: index for index, engine in enumerate(spec.engines) if engine.ignores_templates_by}
    for index, model in enumerate(spec.models):
        if model.template is not None and model.renderer is None and model.engine in deaf:
            setting = spec.engines[deaf[model.engine]].ignores_templates_by
            message = f"{model.engine} ignores the `template` of its models by `{setting}`; leave out one of the two"
            yield Finding(("models", index, "template"), message, (("engines", deaf[model.engine]),))


def templates_are_not_replaced(spec: Spec) -> Iterator[Finding]:
    """A template must be used: a renderer of the same model makes the prompts in its place."""
    for index, model in enumerate(spec.models):
        if model.renderer and model.template and not PLAIN.fullmatch(model.template):
            message = f"`renderer: {model.renderer}` beside it makes the prompts in its place; leave out one of the two"
            yield Finding(("models", index, "template"), message, (("models", index, "renderer"),))


MAKING_CHECKS: tuple[Callable[[Spec], Iterator[Finding]], ...] = (
    nothing_is_made_from_itself,
    a_pulled_tag_is_as_the_library_has_it,
    quantizing_begins_with_a_file,
    a_projector_goes_with_a_file,
    a_model_is_told_one_thing,
    engines_are_new_enough,
    templates_are_heeded,
    templates_are_not_replaced,
)
