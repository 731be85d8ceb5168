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
    is_of_tag: bool | None = False
    """True if the parameters of its tag set it; None if kit.lock does not know them."""

    @property
    def words(self) -> str:
        """Return the context, its share of the trained one, and the part of a tag in it, in words."""
        by_tag = {True: " by its tag", None: " unless its tag sets another"}.get(self.is_of_tag, "")
        return f"{self.share}{by_tag}"

    @property
    def share(self) -> str:
        """Return the context, and its share of the trained one, in words."""
        more = " or more" if self.is_least else ""
        return f"{self.tokens:,}{more}{f' of {self.trained:,}' if self.trained else ''} tokens"

    @property
    def is_cut(self) -> bool:
        """Return True if a model gets less than it could, and kit.yaml does not say so."""
        return not self.is_chosen and self.tokens != self.trained


def given_context(engine: Engine, model: CreatedModel) -> Given | None:
    """Return a model's context; None if unknown."""
    own, default = model.num_ctx, engine.context
    if own is not None:
        return Given(_within(own, model), is_least=False, is_chosen=True, trained=model.trained)
    if model.brought:
        # An engine heeds it before its own setting; one that gives no less than kit.yaml asks for cuts nothing.
        is_chosen = default is not None and default.is_chosen and model.brought >= default.tokens
        return Given(
            _within(model.brought, model), is_least=False, is_chosen=is_chosen, trained=model.trained, is_of_tag=True
        )
    if default is None:
        return None
    whole = _within(default.tokens, model)
    is_least = not default.is_chosen and default.is_least and whole != model.trained
    return Given(whole, is_least, default.is_chosen, model.trained, None if model.brought is None else False)


def _within(tokens: int, model: CreatedModel) -> int:
    return min(tokens, model.trained or tokens)


def context_advice(engine: Engine) -> Iterator[str]:
    """Yield the models whose conversations are cut early because kit.yaml sets no context."""
    given = [(model.name, given_context(engine, model)) for model in engine.models]
    cut = [(name, context) for name, context in given if context is not None and context.is_cut]
    if by_engine := [f"{name} {context.words}" for name, context in cut if not context.is_of_tag]:
        by_card = " (it takes more with the memory of its cards)" if engine.context and engine.context.is_least else ""
        there = "" if engine.models_dir is None else "`context_length` there or "
        yield (
            f"{engine.name} cuts conversations in silence where kit.yaml names no context{by_card}: "
            f"{', '.join(by_engine)}; {there}`num_ctx` at a model gives more"
        )
    if by_tag := [f"{name} {context.share}" for name, context in cut if context.is_of_tag]:
        yield (
            f"{engine.name} cuts conversations in silence where a tag's own parameters say so: {', '.join(by_tag)}; "
            "`num_ctx` at a model with a name of its own gives more, `context_length` does not"
        )
