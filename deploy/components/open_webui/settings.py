"""The few settings of Open WebUI that the kit owns; the room's agent reads and sets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.deployment.offers import ChatApi, Embeddings, Offer
from deploy.deployment.secrets import Secret

OPENAI = "openai"
OLLAMA = "ollama"
PROTOCOLS = (OPENAI, OLLAMA)
"""Protocols of the application, by its own names."""


@dataclass(frozen=True)
class Owned:
    """Settings that the kit owns inside the application."""

    url: str
    chats: tuple[ChatApi, ...]
    embedding_model: str
    embeddings: Embeddings | None

    @property
    def embedding_engine(self) -> str:
        """Name of the embedding engine in the application; empty for the application itself."""
        if self.embeddings:
            return self.embeddings.protocol
        return "" if self.embedding_model else OPENAI

    @property
    def models(self) -> tuple[str, ...]:
        """Every model by its name in the application's list."""
        return tuple(sorted({name for chat in self.chats for name in _listed(chat)}))

    @property
    def lent_keys(self) -> tuple[Secret, ...]:
        """Keys that only the application's database needs, and no container."""
        keys = {key.name: key for key in (self.embeddings and self.embeddings.key, *self._keys()) if key}
        called = (*self.chats, *((self.embeddings,) if self.embeddings else ()))
        beyond = {offer.key.name for offer in called if offer.key and offer.is_outside}
        return tuple(key for name, key in sorted(keys.items()) if key.reference or name in beyond)

    def as_settings(self) -> dict[str, Any]:
        """Return the settings under the application's own keys; a secret by its name and owner."""
        chats = [chat for chat in self.chats if chat.protocol == OPENAI]
        return {
            "openai.enable": bool(chats),
            "openai.api_base_urls": [chat.url for chat in chats],
            "openai.api_keys": [_secret(chat.key) for chat in chats],
            # Without vectors a document goes to the model whole; with them only what the question is about.
            "rag.bypass_embedding_and_retrieval": not self.embedding_model,
            "rag.embedding_engine": self.embedding_engine,
            "rag.embedding_model": self.embedding_model,
            **self._embedding_back_end(),
            "ui.enable_signup": False,
            "webui.url": self.url,
            **self._ollama(),
        }

    def _embedding_back_end(self) -> dict[str, Any]:
        if not self.embedding_engine:
            return {}
        # The application takes the address of one engine at a time: of the other it keeps what it has.
        field = "base_url" if self.embedding_engine == OLLAMA else "api_base_url"
        return {
            f"rag.{self.embedding_engine}.{field}": self.embeddings.url if self.embeddings else "",
            f"rag.{self.embedding_engine}.api_key": _secret(self.embeddings.key) if self.embeddings else "",
        }

    def _ollama(self) -> dict[str, Any]:
        chats = [chat for chat in self.chats if chat.protocol == OLLAMA]
        if not chats:
            return {"ollama.enable": False}
        own = {
            str(place): {"key": _secret(chat.key), "model_ids": list(_listed(chat))} for place, chat in enumerate(chats)
        }
        return {
            "ollama.enable": True,
            "ollama.base_urls": [chat.url for chat in chats],
            # Of each back end's settings only these are the kit's; a prefix or a tag belongs to who set it.
            "ollama.api_configs": own,
        }

    def _keys(self) -> tuple[Secret | None, ...]:
        return tuple(chat.key for chat in self.chats)


def owned_settings(url: str, offers: tuple[Offer, ...], embedding: str | None, own_model: str = "") -> Owned:
    """Choose the back ends among the offers; without a model for vectors there, the application may have its own."""
    chats = tuple(offer for offer in offers if isinstance(offer, ChatApi) and offer.protocol in PROTOCOLS)
    vectors = (offer for offer in offers if isinstance(offer, Embeddings) and offer.protocol in PROTOCOLS)
    chosen = next((offer for offer in vectors if embedding in offer.models), None)
    return Owned(url, chats, chosen.name_of(embedding) if embedding and chosen else own_model, chosen)


def listed_as(offer: Offer, model: str) -> str:
    """Return a model's name in a back end's list: an Ollama writes out the default tag."""
    name = offer.name_of(model)
    return name if offer.protocol != OLLAMA or ":" in name else f"{name}:latest"


def _listed(chat: ChatApi) -> tuple[str, ...]:
    return tuple(sorted(listed_as(chat, model) for model in chat.models))


def _secret(secret: Secret | None) -> Any:
    return {"secret": secret.name, "owner": secret.owner} if secret else ""
