"""Templates that no engine would use: the model's source brings a renderer, which makes the prompts instead."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.lock.model import Lock
from deploy.spec.checks.finding import Finding
from deploy.spec.checks.making import PLAIN
from deploy.spec.lineage import Lineage, lineage
from deploy.spec.model import Spec
from deploy.spec.models import Model

BY_ARCHITECTURE = {
    "gemma4": "gemma4",
    "laguna": "laguna",
    **dict.fromkeys(("nemotron_h", "nemotron_h_moe", "nemotron_h_omni"), "nemotron-3-nano"),
}
"""Architectures of files that an engine gives a renderer by itself."""


def templates_are_used(spec: Spec, lock: Lock) -> Iterator[Finding]:
    """Yield each template beside an inherited renderer, which nothing can remove."""
    made_from = lineage(spec)
    for index, model in enumerate(spec.models):
        brought = _brought(made_from, lock, model) if model.template is not None else None
        if brought is not None:
            whose, renderer = brought
            message = f"{whose} brings the renderer {renderer}, which makes the prompts in its place; leave it out"
            yield Finding(("models", index, "template"), message)


def _brought(made_from: Lineage, lock: Lock, model: Model) -> tuple[str, str] | None:
    """Return the source of an inherited renderer, and its name; None if the model names one, or none is known."""
    line = (model, *made_from.line(model))
    if giver := next((each for each in line if each.renderer is not None), None):
        # Beside a renderer a template only fills its place, which the one that only passes the prompt on says.
        is_filler = giver is model or PLAIN.fullmatch(str(model.template)) is not None
        return None if is_filler else (giver.name, str(giver.renderer))
    locked = lock.models.get(line[-1].key)
    if locked is None:
        return None
    if locked.brought_renderer:
        return locked.written[locked.source], locked.brought_renderer
    renderer = BY_ARCHITECTURE.get(locked.architecture or "")
    return (f"a file of the architecture {locked.architecture}", renderer) if renderer else None
