"""What is written about models that an engine creates, held against each other and against the engine's release."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deploy.spec.document import FieldPath
from deploy.spec.finding import Finding
from deploy.spec.model import Spec
from deploy.spec.models import Model


def quantizing_begins_with_a_file(spec: Spec) -> Iterator[Finding]:
    """Only a file can be quantised: what an engine has already is as it is."""
    for index, model in enumerate(spec.models):
        if model.quantize is not None and isinstance(model.from_, str):
            message = f"{model.from_} is quantised as it is; leave it out, or write `from: {{file: ...}}`"
            yield Finding(("models", index, "quantize"), message, (("models", index, "from"),))


def a_model_is_told_one_thing(spec: Spec) -> Iterator[Finding]:
    """Of a system text and a message of the system, many templates print one and drop the other in silence."""
    for index, model in enumerate(spec.models):
        line = [model, *_line(spec, model)]
        system = next((one for one in line if one.system is not None), None)
        examples = next((one for one in line if one.messages), None)
        if system is None or examples is None or not any(one.role == "system" for one in examples.messages):
            continue
        if model not in (system, examples):
            # Told where the two met.
            continue
        others = [one for one in (system, examples) if one is not model]
        whose = f" of {others[0].name}, which it is made from," if others else ""
        at = "messages" if examples is model else "system"
        told = "`system`" if at == "messages" else "the [Instruction] in `messages`"
        also: FieldPath = ("models", spec.models.index(system), "system")
        message = f"beside {told}{whose} many templates lose one of the two; write all of it in one place"
        yield Finding(("models", index, at), message, (also,))


def _line(spec: Spec, model: Model) -> Iterator[Model]:
    seen, base = {model.key}, model.base(spec)
    while base is not None and base.key not in seen:
        seen.add(base.key)
        yield base
        base = base.base(spec)


def engines_are_new_enough(spec: Spec) -> Iterator[Finding]:
    """A model must not want a newer release of its engine than the one that runs."""
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
            message = f"{model.engine} is release {release}, which is older; take a newer one there"
            yield Finding(("models", index, "requires"), message, (("engines", place),))


MAKING_CHECKS: tuple[Callable[[Spec], Iterator[Finding]], ...] = (
    quantizing_begins_with_a_file,
    a_model_is_told_one_thing,
    engines_are_new_enough,
)
