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
        **_nvidia(spec),
    )


def _nvidia(spec: Spec) -> dict[str, str]:
    """Return the source of NVIDIA's packages, as far as kit.yaml names another one."""
    named = {"nvidia": (spec.mirrors.nvidia or "").rstrip("/"), "nvidia_key": spec.mirrors.nvidia_key or ""}
    return {key: value for key, value in named.items() if value}
