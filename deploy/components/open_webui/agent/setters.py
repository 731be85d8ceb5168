"""Forms for the admin API: the kit's own part, and the rest unchanged."""

from __future__ import annotations

from typing import Any

from deploy.components.open_webui.agent.admin import Admin


def set_openai(admin: Admin, wanted: dict[str, Any]) -> None:
    """Set the back ends with OpenAI's API."""
    there = admin.get("/openai/config")
    # These go by the place in the list: another list's would disable or rename the wrong back end.
    kept = there["OPENAI_API_CONFIGS"] if there["OPENAI_API_BASE_URLS"] == wanted["openai.api_base_urls"] else {}
    body = {
        "ENABLE_OPENAI_API": wanted["openai.enable"],
        "OPENAI_API_BASE_URLS": wanted["openai.api_base_urls"],
        "OPENAI_API_KEYS": wanted["openai.api_keys"],
        "OPENAI_API_CONFIGS": kept,
    }
    admin.post("/openai/config/update", body)


def set_ollama(admin: Admin, wanted: dict[str, Any]) -> None:
    """Set the back ends with Ollama's API."""
    there = admin.get("/ollama/config")
    body = {**there, "ENABLE_OLLAMA_API": wanted["ollama.enable"]}
    if "ollama.base_urls" in wanted:
        urls, own = wanted["ollama.base_urls"], wanted["ollama.api_configs"]
        kept = there["OLLAMA_API_CONFIGS"] if there["OLLAMA_BASE_URLS"] == urls else {}
        body["OLLAMA_BASE_URLS"] = urls
        body["OLLAMA_API_CONFIGS"] = {place: {**kept.get(place, {}), **own[place]} for place in own}
    admin.post("/ollama/config/update", body)


def set_embedding(admin: Admin, wanted: dict[str, Any]) -> None:
    """Set the embedding model of documents."""
    there = admin.get("/api/v1/retrieval/embedding")
    kept = {key: there[key] for key in there if key.startswith(("RAG_EMBEDDING_", "ENABLE_"))}
    engine = wanted["rag.embedding_engine"]
    body = {**kept, "RAG_EMBEDDING_ENGINE": engine, "RAG_EMBEDDING_MODEL": wanted["rag.embedding_model"]}
    # The application itself needs no address.
    if engine:
        url = wanted["rag.ollama.base_url" if engine == "ollama" else "rag.openai.api_base_url"]
        body[f"{engine}_config"] = {"url": url, "key": wanted[f"rag.{engine}.api_key"]}
    admin.post("/api/v1/retrieval/embedding/update", body)


def set_retrieval(admin: Admin, wanted: dict[str, Any]) -> None:
    """Set the use of documents: by search or in full."""
    body = {"BYPASS_EMBEDDING_AND_RETRIEVAL": wanted["rag.bypass_embedding_and_retrieval"]}
    admin.post("/api/v1/retrieval/config/update", body)


def set_doors(admin: Admin, wanted: dict[str, Any]) -> None:
    """Set who may sign up, and the address that people open."""
    there = admin.get("/api/v1/auths/admin/config")
    body = {**there, "ENABLE_SIGNUP": wanted["ui.enable_signup"], "WEBUI_URL": wanted["webui.url"]}
    admin.post("/api/v1/auths/admin/config", body)


_SETTERS = (
    (("openai.",), set_openai),
    (("ollama.",), set_ollama),
    (("rag.embedding_", "rag.ollama.", "rag.openai."), set_embedding),
    (("rag.bypass_",), set_retrieval),
    (("ui.", "webui."), set_doors),
)


def setters(differing: list[str]) -> list[Any]:
    """Return the setters that the differing settings need."""
    return [setter for prefixes, setter in _SETTERS if any(name.startswith(prefixes) for name in differing)]
