"""Further names of models, each with the model that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.spec.model import Spec
from deploy.fields.aliases import followed


def aliases_of(spec: Spec) -> dict[str, str]:
    """Return the aliases of a spec, each with the model at its end."""
    names = {model.name for model in spec.models}
    written = spec.gateway.aliases if spec.gateway is not None else {}
    return followed({alias: target for alias, target in written.items() if alias not in names})
