"""Environment of Open WebUI: values that it reads at every start, and its first settings."""

from __future__ import annotations

from deploy.components.open_webui.settings import Owned
from deploy.components.open_webui.spec import ADMIN_EMAIL
from deploy.deployment.image import ImageOrigin

DATA_PATH = "/data"
STATIC_PATH = "/static"
"""Folder of the page's own pictures and of a person's, where a person has a bridge."""
_OWN_STATIC_PATH = "/tmp/static"
_VERSION: dict[ImageOrigin, dict[str, str]] = {
    # Without it a start under bare uvicorn cannot tell its version and ends after the migrations.
    "build": {"FROM_INIT_PY": "true"},
    # The official image has the application as files beside a package.json, and no package to ask.
    "pull": {},
}


def environment(
    owned: Owned, person_email: str, origins: tuple[str, ...], origin: ImageOrigin, *, has_static: bool
) -> tuple[tuple[str, str], ...]:
    """Return every variable that is no secret, sorted."""
    # Emptied and filled again at every start, but for the folders in it; the image is read-only.
    static = {"STATIC_DIR": STATIC_PATH if has_static else _OWN_STATIC_PATH}
    every_start = _every_start(origins) | static | _VERSION[origin]
    return tuple(sorted((every_start | _first_owned(owned) | _first_settings(person_email)).items()))


def _every_start(origins: tuple[str, ...]) -> dict[str, str]:
    return {
        "ANONYMIZED_TELEMETRY": "false",
        "CORS_ALLOW_ORIGIN": ";".join(origins),
        "DATA_DIR": DATA_PATH,
        "DO_NOT_TRACK": "true",
        "ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS": "false",
        "ENABLE_VERSION_UPDATE_CHECK": "false",
        "ENV": "prod",
        "HOME": "/tmp",
        "OFFLINE_MODE": "true",
        "SCARF_NO_ANALYTICS": "true",
        "WEBUI_ADMIN_EMAIL": ADMIN_EMAIL,
        "WEBUI_ADMIN_NAME": "kit",
        "WEBUI_AUTH": "true",
    }


def _first_owned(owned: Owned) -> dict[str, str]:
    """Return first values of settings that the kit owns; back ends come with their keys through the room's agent."""
    return {
        "BYPASS_EMBEDDING_AND_RETRIEVAL": "false" if owned.embedding_model else "true",
        "ENABLE_OLLAMA_API": "false",
        "ENABLE_OPENAI_API": "false",
        "ENABLE_SIGNUP": "false",
        "RAG_EMBEDDING_ENGINE": owned.embedding_engine,
        "RAG_EMBEDDING_MODEL": owned.embedding_model,
        "WEBUI_URL": owned.url,
    }


def _first_settings(person_email: str) -> dict[str, str]:
    """Return first values of settings that belong to their users from then on."""
    return {
        # Whom a person that waits for an account is told to ask: never the kit's own account.
        "ADMIN_EMAIL": person_email,
        "ENABLE_CODE_INTERPRETER": "false",
        "ENABLE_COMMUNITY_SHARING": "false",
        # Each of these asks the engine once more around every message, and keeps the next one waiting.
        "ENABLE_FOLLOW_UP_GENERATION": "false",
        "ENABLE_RETRIEVAL_QUERY_GENERATION": "false",
        "ENABLE_TAGS_GENERATION": "false",
        # A chat's title is then its first message; asked for one, a small model writes a thousand tokens.
        "ENABLE_TITLE_GENERATION": "false",
        "ENABLE_WEB_SEARCH": "false",
        # Chunks of a document go to the engine a few at a time, so that a chat gets its turn between them.
        "RAG_EMBEDDING_BATCH_SIZE": "4",
        "RAG_EMBEDDING_CONCURRENT_REQUESTS": "1",
    }
