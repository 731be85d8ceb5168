"""The file that a llama.cpp engine mounts: a chat template, if the model's own is not used."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.components.llama_cpp.spec import LlamaCppEngine
from deploy.components.room import LockedModel
from deploy.deployment.service import Artifact

CHAT_TEMPLATE_PATH = "/kit/chat_template.jinja"
BARE_TEXT = "{% for m in messages %}{{ m.content }}{% endfor %}"


@dataclass(frozen=True)
class ChatTemplate:
    """Values printed in the chat template's file."""

    text: str


def chat_template(spec: LlamaCppEngine, model: LockedModel) -> Artifact | None:
    """Return the template of the spec or for a base model; None if the model brings its own."""
    text = spec.chat_template
    if text is None and not model.has_chat_template:
        text = BARE_TEXT
    if text is None:
        return None
    return Artifact("llama_cpp/chat_template.jinja.j2", "chat_template.jinja", CHAT_TEMPLATE_PATH, ChatTemplate(text))
