"""Decisions about an external engine: nothing of it runs here; models are created on it or only asked for."""

from __future__ import annotations

from deploy.components.external.spec import ExternalEngine
from deploy.components.room import Resolved, Site
from deploy.deployment.engines import Engine, NamedEngine
from deploy.deployment.models import Context, upstream_names
from deploy.deployment.offers import ChatApi, Embeddings, Offer, Outside
from deploy.deployment.secrets import Secret

CONTEXT = Context(4096, is_chosen=False, is_least=True)
"""Context that an engine gives its models on a CPU; its own settings are not readable from outside."""


def resolve(spec: ExternalEngine, site: Site, _offers: tuple[Offer, ...]) -> Resolved:
    """Decide the models to create on the engine, and its offers."""
    key = _key(spec)
    names = tuple(model.name for model in site.created) or tuple(name for name, _ in site.named)
    upstream = tuple((name, known) for name, known in site.named if name != known) or upstream_names(site.created)
    address = Outside(spec.url)
    offers: list[Offer] = [ChatApi(spec.api, address, names, key, upstream, spec.name)]
    if site.embedding in names:
        offers.append(Embeddings(spec.api, address, (site.embedding,), key, upstream, spec.name))
    if spec.models_are == "named":
        named = NamedEngine(spec.name, spec.api, spec.url, site.named, key, spec.cloud)
        return Resolved(None, (), tuple(offers), named_engine=named)
    engine = Engine(
        spec.name,
        spec.kind,
        spec.api,
        spec.url,
        site.created,
        key,
        prune=spec.prune,
        context=CONTEXT,
        heeding=spec.heeding,
        uses_cloud=spec.cloud,
    )
    return Resolved(None, (), tuple(offers), engine)


def _key(spec: ExternalEngine) -> Secret | None:
    if spec.key is None:
        return None
    return Secret(f"{spec.name}_api_key", spec.name, shown_as=f"key of the engine {spec.name}", reference=spec.key)
