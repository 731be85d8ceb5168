"""Decisions about the web UI: its container, its data, and the few settings that the kit owns inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.components.cards import card_load, devices_of
from deploy.components.open_webui.bridge import bridge_of
from deploy.components.open_webui.data import DATABASE, user_data
from deploy.components.open_webui.environment import DATA_PATH, environment
from deploy.components.open_webui.image import VERSION
from deploy.components.open_webui.settings import Owned, listed_as, owned_settings
from deploy.components.open_webui.spec import ADMIN_EMAIL, OpenWebUI
from deploy.components.probes import http_probe
from deploy.components.room import Resolved, Site, owner_of
from deploy.deployment.offers import Embeddings, Offer, way_out
from deploy.deployment.port import Port
from deploy.deployment.secrets import Secret, SecretUse
from deploy.deployment.service import Mount, Service, Tmpfs
from deploy.errors import UsageError

if TYPE_CHECKING:
    from deploy.components.open_webui.agent.asked import Owned as Asked

UID = 10103
CONTAINER_PORT = 8080
LOGGED = r"\d{4}-\d\d-\d\d [\d:.]+ \| INFO +\| uvicorn\.protocols\.http\.\w+:\w+:\d+ - "
"""Beginning of a log line about a request."""
ARGV = ("python3", "-m", "uvicorn", "open_webui.main:app", "--host", "0.0.0.0", "--port", str(CONTAINER_PORT))
OWN_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
"""Model for vectors in the official images but the slim one."""
SESSIONS = Secret(
    "webui_secret_key", "open_webui", purpose="key that signs the web UI's sessions; only open_webui reads it"
)
KIT_PASSWORD = Secret(
    "kit_admin_password",
    "open_webui",
    purpose=f"password of {ADMIN_EMAIL}, the kit's own administrator of the web UI; kit and open_webui read it",
)
PERSON_PASSWORD = Secret(
    "webui_admin_password",
    "open_webui",
    shown_as="first password of the web UI's administrator; it may have been changed since",
    may_be_changed=True,
)


def resolve(spec: OpenWebUI, site: Site, offers: tuple[Offer, ...]) -> Resolved:
    """Decide the web UI's container; it offers nothing to others."""
    called, embedding = _called(spec, offers), site.embedding or spec.embedding
    _ensure_served(called, embedding)
    owner = owner_of(spec, UID)
    root = spec.bridge or site.data_of(spec.kind)
    ports = site.ports(spec, spec.traits.default_port, CONTAINER_PORT)
    origins = _origins(ports, spec.url or ())
    own_model = OWN_MODEL if site.image.source == "pull" and spec.variant != "slim" else ""
    owned = owned_settings(spec.public_url or _told(ports, origins), called, embedding, own_model)
    egress, cause = way_out(spec.egress, called)
    data, bridge = f"{root}/data", bridge_of(root, owner, spec)
    service = Service(
        name=spec.kind,
        kind=spec.kind,
        image=site.image,
        argv=ARGV,
        owner=owner,
        environment=environment(owned, spec.admin.email, origins, site.image.source, has_static=bool(bridge.mounts)),
        mounts=(Mount(data, DATA_PATH, read_only=False), *bridge.mounts),
        secrets=(SecretUse(KIT_PASSWORD, "WEBUI_ADMIN_PASSWORD"), SecretUse(SESSIONS, "WEBUI_SECRET_KEY")),
        ports=ports,
        folders=bridge.folders,
        tmpfs=(Tmpfs("/tmp", 512 * 2**20), *bridge.tmpfs),
        devices=devices_of(spec.card_use, spec.kind, site),
        memory_bytes=spec.memory or (2 if owned.embedding_engine else 3) * 2**30,
        probe=http_probe(CONTAINER_PORT, "/ready", 120, LOGGED),
        health_timeout_seconds=spec.health_timeout,
        egress=egress,
        egress_cause=cause,
        data=user_data(root, owner, spec.version or VERSION, spec.import_from or "", bridge.person),
        host_secrets=(*owned.lent_keys, PERSON_PASSWORD),
        room={**_room(owned, data, ports, spec.admin.email)},
        facts=_facts(owned),
        card_load=card_load(spec.card_use, is_resident=True),
    )
    return Resolved(service)


def _called(spec: OpenWebUI, offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
    """Return the offers that it calls by itself: the gateway's, or those of each engine."""
    fronts = tuple(offer for offer in offers if offer.in_front)
    engines = tuple(offer for offer in offers if not offer.in_front and (offer.models or not offer.is_outside))
    return engines if spec.through == "engines" or not fronts else fronts


def _ensure_served(offers: tuple[Offer, ...], embedding: str | None) -> None:
    able = {model for offer in offers if isinstance(offer, Embeddings) for model in offer.models}
    if embedding is not None and embedding not in able:
        raise UsageError(
            f"webui.embedding: no engine makes embeddings with {embedding}",
            f"name one of {', '.join(sorted(able))}" if able else "leave webui.embedding out",
        )


def _origins(ports: tuple[Port, ...], public: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses that a browser may come from: the published ones, and those in the spec."""
    published = [f"http://{port.place}" for port in ports]
    if any(port.address == "127.0.0.1" for port in ports):
        published.insert(0, f"http://localhost:{ports[0].host_port}")
    return tuple(dict.fromkeys([*published, *public]))


def _told(ports: tuple[Port, ...], origins: tuple[str, ...]) -> str:
    """Return the address to tell people: one that other machines reach, if possible."""
    return next((f"http://{port.place}" for port in ports if port.is_open), origins[0])


def _room(owned: Owned, data: str, ports: tuple[Port, ...], person_email: str) -> Asked:
    return {
        "address": ports[0].place,
        "database": f"{data}/{DATABASE}",
        "settings": owned.as_settings(),
        "account": {"email": ADMIN_EMAIL, "password": {"secret": KIT_PASSWORD.name, "owner": KIT_PASSWORD.owner}},
        "person": {
            "email": person_email,
            "password": {"secret": PERSON_PASSWORD.name, "owner": PERSON_PASSWORD.owner},
        },
    }


def _facts(owned: Owned) -> dict[str, Any]:
    vectors = listed_as(owned.embeddings, owned.embedding_model) if owned.embeddings else ""
    chatting = [model for model in owned.models if model != vectors] or list(owned.models)
    return {
        "models": list(owned.models),
        # A gateway's own checks ask for each of its models.
        "asked": chatting[:1] if any(chat.in_front for chat in owned.chats) else chatting,
        "embedding": owned.embedding_model,
        "account": ADMIN_EMAIL,
        "password": KIT_PASSWORD.name,
    }
