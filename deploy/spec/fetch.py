"""Places to fetch from, by kit.yaml."""

from __future__ import annotations

from deploy.deployment.fetch import Fetch
from deploy.spec.model import Spec


def places_to_fetch_from(spec: Spec) -> Fetch:
    """Return the places and ways to fetch for a spec."""
    mirrors = spec.mirrors
    return Fetch(
        debian=mirrors.debian,
        pypi=mirrors.pypi,
        proxy=spec.proxy,
        ca=spec.ca,
        registry=mirrors.registry,
        ghcr=mirrors.ghcr,
        models=mirrors.models,
    )
