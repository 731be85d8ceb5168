"""Hosts that a run of the checks leaves out: optional ones that do not answer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LeftOut:
    """Addresses and models that cannot answer while some hosts are left out."""

    addresses: tuple[str, ...] = ()
    """Addresses of the hosts."""
    models: dict[str, str] = field(default_factory=dict)
    """Models that no other host runs, each with its hosts in words."""

    def reason(self, model: str) -> str:
        """Return why a model may not answer; empty if it has to."""
        hosts = self.models.get(model)
        return f"{model} runs only on {hosts}, which does not answer and is optional" if hosts else ""


NOBODY = LeftOut()
