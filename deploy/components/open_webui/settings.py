"""The few of Open WebUI's settings that the kit owns; the room's agent reads them and sets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.deployment import Secret
from deploy.offers import ChatApi, Embeddings, Offer

PROTOCOL = "openai"


@dataclass(frozen=True)
class Owned:
    """What the kit owns inside the application."""

    url: str
    chats: tuple[ChatApi, ...]
    embedding_model: str
    embeddings: Embeddings | None

    def as_settings(self) -> dict[str, Any]:
        """Return the settings under the application's own keys; a secret by its name and owner."""
        return {
            "ollama.enable": False,
            "openai.enable": bool(self.chats),
            "openai.api_base_urls": [chat.url for chat in self.chats],
            "openai.api_keys": [_secret(chat.key) for chat in self.chats],
            # Without vectors a document goes to the model whole; with them only what the question is about.
            "rag.bypass_embedding_and_retrieval": self.embeddings is None,
            "rag.embedding_engine": PROTOCOL,
            "rag.embedding_model": self.embedding_model,
            "rag.openai.api_base_url": self.embeddings.url if self.embeddings else "",
            "rag.openai.api_key": _secret(self.embeddings.key) if self.embeddings else "",
            "ui.enable_signup": False,
            "webui.url": self.url,
        }


def owned_settings(url: str, offers: tuple[Offer, ...], embedding: str | None) -> Owned:
    """Choose the back ends among the offers."""
    chats = tuple(offer for offer in offers if isinstance(offer, ChatApi) and offer.protocol == PROTOCOL)
    vectors = (offer for offer in offers if isinstance(offer, Embeddings) and offer.protocol == PROTOCOL)
    chosen = next((offer for offer in vectors if embedding in offer.models), None)
    return Owned(url, chats, embedding if embedding and chosen else "", chosen)


def _secret(secret: Secret | None) -> Any:
    return {"secret": secret.name, "owner": secret.owner} if secret else ""
