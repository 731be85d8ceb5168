"""A library's tag, as kit.lock pins it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from deploy.deployment.recipe import Wheel
from deploy.fields.values import Sha256
from deploy.gguf import ARCHITECTURE, TOKENS, Header
from deploy.registries.library import context_of_tag, header_of_tag, renderer_of_tag, resolve_tag
from deploy.sources.weights.locked import LONGEST_NUMBER, Asking, Bytes, FactKey
from deploy.strict import Strict


class TagModelLock(Strict):
    """A model under a tag of a library."""

    is_shared: ClassVar[bool] = True
    """True: one tag is one digest for all models from it."""

    source: Literal["tag"]
    """tag: a library's model."""
    tag: str
    """The tag as in kit.yaml."""
    digest: Sha256
    """sha256 of the tag's manifest when it was locked."""
    size: Bytes
    """Size of its layers together in bytes."""
    layers: tuple[Sha256, ...]
    """sha256 of each of its layers."""
    context_length: Annotated[int, Field(ge=1)] | None = None
    """Longest context that it was trained for, in tokens; empty if its file could not be read."""
    num_ctx: Annotated[int, Field(ge=0)] | None = None
    """Context that its own parameters set, in tokens; 0 if they set none, empty if they were not read."""
    renderer: str | None = None
    """Renderer that it brings, which makes its prompts in place of any template."""
    header: dict[FactKey, int | str] = Field(default_factory=dict)
    """Architecture of its file, with the sizes that its memory depends on, by key; empty if it could not be read."""

    @property
    def written(self) -> dict[str, str]:
        """Return the values of kit.yaml that it was locked from."""
        return {"tag": self.tag}

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Return the packages that it comes from: none."""
        return ()

    @property
    def trained_length(self) -> int | None:
        """Return the longest context that it was trained for, in tokens."""
        return self.context_length

    @property
    def brought_context(self) -> int | None:
        """Return the context that its own parameters set, in tokens: 0 for none, None if unknown."""
        return self.num_ctx

    @property
    def brought_renderer(self) -> str | None:
        """Return the renderer that the model itself brings."""
        return self.renderer

    @property
    def architecture(self) -> str | None:
        """Return the architecture of its file, which is unknown."""
        return None


def pin(source: str, asking: Asking) -> TagModelLock:
    """Ask the library for the tag's current content."""
    asking.said(f"asking for {source}", 0, None)
    tag = resolve_tag(source, asking.fetch)
    header = header_of_tag(source, tag, asking.fetch)
    return TagModelLock(
        source="tag",
        tag=source,
        digest=tag.manifest_digest_hex,
        size=tag.size_bytes,
        layers=tuple(layer.sha256 for layer in tag.layers),
        context_length=header.context_length if header else None,
        num_ctx=context_of_tag(source, tag, asking.fetch),
        renderer=renderer_of_tag(source, tag, asking.fetch),
        header=_sizes(header) if header else {},
    )


def _sizes(header: Header) -> dict[str, int | str]:
    """Return the architecture and its whole numbers; the rest of a header has no use for a tag."""
    own = f"{header.architecture}."
    numbers = {key: value for key, value in header.scalars.items() if key == TOKENS or key.startswith(own)}
    whole = {key: value for key, value in numbers.items() if type(value) is int and abs(value) < LONGEST_NUMBER}
    return {ARCHITECTURE: header.architecture, **whole}
