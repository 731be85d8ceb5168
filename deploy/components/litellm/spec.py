"""What a user may write about the LiteLLM gateway."""

from __future__ import annotations

from typing import Literal

from deploy.spec.fields import Duration, Version
from deploy.spec.service import ServiceSpec


class LiteLLMGateway(ServiceSpec):
    """One address and one key in front of every engine."""

    kind: Literal["litellm"]
    """The component: litellm."""
    version: Version | None = None
    """Release of LiteLLM; left out, the one that this kit was tested with."""
    request_timeout: Duration = 600
    """How long one answer may take."""
