"""A file at an address, as kit.lock pins it."""

from __future__ import annotations

from typing import Literal

from deploy.deployment.model_source import ModelSource
from deploy.fields.values import Url
from deploy.sources.url.measured import measure_url
from deploy.sources.url.written import UrlSource
from deploy.sources.weights.locked import Asking, WeightsLocked, weights


class UrlModelLock(WeightsLocked):
    """A model's file at an address."""

    source: Literal["url"]
    """url: a GGUF file at an address."""
    url: Url
    """Address of the file as in kit.yaml."""

    @property
    def written(self) -> dict[str, str]:
        """Return the values of kit.yaml that it was locked from."""
        return {"url": self.url, "sha256": self.sha256}

    def agent_source(self) -> ModelSource:
        """Return the source of the file, for the agent."""
        return {"url": {"url": self.url}}


def pin(source: UrlSource, asking: Asking) -> UrlModelLock:
    """Read the file at the address once and measure it."""
    measured = measure_url(source.url, asking.fetch, asking.said)
    return UrlModelLock(source="url", url=source.url, **weights(measured, asking, source.sha256))
