"""What a user may write about the LiteLLM gateway."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from deploy.spec.fields import Duration, Version
from deploy.spec.service import ServiceSpec, Traits

DEFAULT_PORT = 4000
VERSION_FLOOR = (
    "1.84.0",
    "SQL could be put in with a key before 1.83.7 (CVE-2026-42208), sign-in passed by before 1.84.0 (CVE-2026-49468)",
)
_STOLEN = "this upload was compromised and sends secrets away"
BAD_VERSIONS = (("1.82.7", _STOLEN), ("1.82.8", _STOLEN))


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

    kind: Literal["litellm"]
    """The component: litellm."""
    version: Version | None = None
    """Release of LiteLLM; left out, the one that this kit was tested with."""
    request_timeout: Annotated[Duration, Field(json_schema_extra={"default": "10m"})] = 600
    """How long one answer may take."""
