"""Context of each model, with a note on models that get less than they were trained for by default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.deployment.engines import Engine
from deploy.deployment.models import CreatedModel


@dataclass(frozen=True)
class Given:
    """Context of a model."""

    tokens: int
    is_least: bool
    """True if it may be more."""
    is_chosen: bool
    """True if kit.yaml sets it."""
    trained: int | None

    @property
    def words(self) -> str:
        """Return the context, and its share of the trained one, in words."""
        more = " or more" if self.is_least else ""
        return f"{self.tokens:,}{more}{f' of {self.trained:,}' if self.trained else ''} tokens"


def given_context(engine: Engine, model: CreatedModel) -> Given | None:
    """Return a model's context; None if unknown."""
    own, default = model.num_ctx, engine.context
    if own is None and default is None:
        return None
    tokens = own if own is not None or default is None else default.tokens
    is_chosen = own is not None or (default is not None and default.is_chosen)
    whole = min(tokens or 0, model.trained or tokens or 0)
    is_least = not is_chosen and default is not None and default.is_least and whole != model.trained
    return Given(whole, is_least, is_chosen, model.trained)


def context_advice(engine: Engine) -> Iterator[str]:
    """Yield the models whose conversations are cut early because kit.yaml sets no context."""
    cut = []
    for model in engine.models:
        context = given_context(engine, model)
        if context is not None and not context.is_chosen and context.tokens != context.trained:
            cut.append(f"{model.name} {context.words}")
    if cut:
        by_card = " (it takes more with the memory of its cards)" if engine.context and engine.context.is_least else ""
        there = "" if engine.models_dir is None else "`context_length` there or "
        yield (
            f"{engine.name} cuts conversations in silence where kit.yaml names no context{by_card}: "
            f"{', '.join(cut)}; {there}`num_ctx` at a model gives more"
        )
