"""Fields of the LiteLLM gateway."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from deploy.fields.keys import Key
from deploy.fields.service import ServiceSpec, Traits
from deploy.fields.values import Duration, ModelName, Version
from deploy.fields.variables import Variables
from deploy.strict import Strict

DEFAULT_PORT = 4000
VERSION_FLOOR = (
    "1.84.0",
    "SQL injection with a key before 1.83.7 (CVE-2026-42208), sign-in bypass before 1.84.0 (CVE-2026-49468)",
)
_STOLEN = "this upload was compromised and leaks secrets"
BAD_VERSIONS = (("1.82.7", _STOLEN), ("1.82.8", _STOLEN))


class Route(Strict):
    """Rules for requests to one model; each limit holds for every engine of the model by itself."""

    model: ModelName
    """Name of the model."""
    fallbacks: tuple[ModelName, ...] = ()
    """Models that answer in its place, in this order, if none of its engines does."""
    timeout: Duration | None = None
    """Timeout of one answer of this model; by default `request_timeout`."""
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests in a minute; further ones go to another engine or a fallback, or are refused."""
    tokens_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    """Tokens in a minute, in questions and answers; further requests go elsewhere or are refused, as above."""
    parallel: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Requests at the same time; further ones go to another engine or a fallback, or are refused."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """Number of retries of a failed request before another engine or a fallback is asked."""


class LiteLLMGateway(ServiceSpec):
    """One address and one key in front of every engine."""

    shortest: ClassVar[str] = "{kind: litellm}"
    traits: ClassVar[Traits] = Traits(
        DEFAULT_PORT,
        has_authentication=True,
        offers_chat=True,
        version_floor=VERSION_FLOOR,
        bad_versions=BAD_VERSIONS,
    )

    kind: Literal["litellm"] = "litellm"
    """The component: litellm."""
    version: Version | None = None
    """Release of LiteLLM; by default the release that this kit was tested with."""
    request_timeout: Annotated[Duration, Field(json_schema_extra={"default": "10m"})] = 600
    """Timeout of one answer."""
    routes: tuple[Route, ...] = ()
    """Fallbacks, timeouts and limits of single models; a model without a route has none of them."""
    key: Key | None = None
    """Place of the key that clients send, if you have one: env:NAME or file:PATH; by default the kit makes a key."""
    aliases: dict[ModelName, ModelName] = Field(default_factory=dict)
    """Further names of models, such as `assistant: "llama3.2:3b"`; moving one is a change of one line."""

    @classmethod
    def variables(cls) -> Variables:
        """Return the variables of the program itself, for messages to a person who writes one of them here."""
        from deploy.components.litellm.variables import VARIABLES

        return VARIABLES
