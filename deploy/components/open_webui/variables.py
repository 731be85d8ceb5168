"""Variables that Open WebUI reads: the key that sets each, its place, or the reason why there is none."""

from __future__ import annotations

from deploy.components.open_webui.settings import PROTOCOLS
from deploy.fields.variables import IMAGE, Variables, beginning

FIELDS = {
    "CORS_ALLOW_ORIGIN": "url",
    "DATA_DIR": "bridge",
    "EMBEDDING_MODEL": "embedding",
    "OPEN_WEBUI_PORT": "port",
    "RAG_EMBEDDING_MODEL": "embedding",
    "WEBUI_ADMIN_EMAIL": "admin: {email: ...}",
    "WEBUI_PORT": "port",
    "WEBUI_URL": "url",
}
_BACK_END = (
    "the kit connects the page with the models of this file; an engine that runs elsewhere is one of `engines`, with"
    " its `api`, its `url` and its `key`"
)
_DATABASE = (
    "the page keeps its database and its vectors in its data folder (`bridge`), where the kit copies them; another"
    " database is not supported"
)
_ONE = "is for several copies of the page, and the kit runs one; leave it out"
_SIGN_IN = "other ways to sign in are not supported; people sign in at the page, where an administrator adds them"
_SET_THERE = "is a setting of the page; set it there (Admin Panel, Settings), the kit leaves it to you"
_SEARCH = "is a setting of the page (Admin Panel, Settings, Web Search), which needs `egress: any` at `webui` besides"
_QUIET = "the kit keeps the page from calling home; leave it out"
_IMAGE = "is for whoever builds the page's image; a pulled one with a card or without its own model is a `variant`"
_LOG = "what the page logs has no key; leave it out"
_START = "the kit decides how the page starts; leave it out"
REASONS = {
    "ADMIN_EMAIL": "is the address in `admin: {email: ...}`",
    "ANONYMIZED_TELEMETRY": _QUIET,
    "DO_NOT_TRACK": _QUIET,
    "SCARF_NO_ANALYTICS": _QUIET,
    "OFFLINE_MODE": _QUIET,
    "HF_HUB_OFFLINE": _QUIET,
    "ENABLE_VERSION_UPDATE_CHECK": _QUIET,
    "BYPASS_EMBEDDING_AND_RETRIEVAL": "follows from `embedding`",
    "RAG_EMBEDDING_ENGINE": "follows from the engine of the model that `embedding` names, or is the page itself",
    "ENABLE_LOGIN_FORM": _SIGN_IN,
    "ENABLE_PASSWORD_AUTH": _SIGN_IN,
    "ENABLE_PERSISTENT_CONFIG": "the page keeps what people set in it, and the kit owns a few of its settings",
    "REQUESTS_VERIFY": "certificates are always verified; a mirror's own is written as `ca` at the top of this file",
    "RESET_CONFIG_ON_START": "the page keeps what people set in it, and the kit owns a few of its settings",
    "ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS": "is off: no program is installed into the page while it runs",
    "ENABLE_SIGNUP": "is off: an administrator adds people in the page (Admin Panel, Users)",
    "ENABLE_INITIAL_ADMIN_SIGNUP": "is off: the kit adds the first administrator, `admin: {email: ...}`",
    "ENABLE_WEBSOCKET_SUPPORT": "is on, for answers are streamed over it; a proxy in front must pass it on",
    "APP_ALLOWED_PRIVATE_ORIGINS": _SET_THERE,
    "AUXILIARY_EMBEDDING_MODEL": "is not supported: `embedding` names the one model that reads documents",
    "CORS_ALLOW_CUSTOM_SCHEME": "follows from `url`",
    "DEPLOYMENT_ID": _START,
    "DOCKER": _START,
    "ENV": _START,
    "FORWARDED_ALLOW_IPS": "is not supported: the page trusts no proxy about its callers",
    "FROM_INIT_PY": _START,
    "FRONTEND_BUILD_DIR": _START,
    "INSTANCE_ID": _START,
    "K8S_FLAG": _START,
    "GLOBAL_LOG_LEVEL": _LOG,
    "LOG_FORMAT": _LOG,
    "SAFE_MODE": _START,
    "SCHEDULER_POLL_INTERVAL": _START,
    "STATIC_DIR": _START,
    "TAG": IMAGE,
    "UVICORN_WORKERS": _ONE,
    "VECTOR_DB": _DATABASE,
    "WEBUI_ADMIN_NAME": "is the kit's own account; people choose their names in the page",
    "WEBUI_ADMIN_PASSWORD": "the kit makes one, the secret `webui_admin_password`; it is changed in the page",
    "WEBUI_AUTH": "is always on: without it, everybody who reaches the page reads every chat",
    "WEBUI_JWT_SECRET_KEY": "the kit makes one and keeps it on the host",
    "WEBUI_NAME": "has no key; the page is called Open WebUI",
    "WEBUI_SECRET_KEY": "the kit makes one and keeps it on the host",
    "WEBUI_SECRET_KEY_FILE": "the kit makes one and keeps it on the host",
}
_SPOKEN = tuple(protocol.upper() for protocol in PROTOCOLS)
_ENDINGS = ("API_BASE_URL", "API_BASE_URLS", "API_KEY", "API_KEYS", "API_CONFIGS", "BASE_URL", "BASE_URLS")
_BACK_ENDS = " ".join(f"{name}_API {name}_BASE RAG_{name}" for name in _SPOKEN)
_DATABASES = """
CHROMA DATABASE ELASTICSEARCH GCS AZURE_STORAGE MARIADB MILVUS MONGO OPENGAUSS OPENSEARCH ORACLE PGVECTOR PINECONE
QDRANT S3 STORAGE VALKEY WEAVIATE
"""
_SIGN_INS = """
ENABLE_LDAP ENABLE_MFA ENABLE_OAUTH ENABLE_SCIM FEISHU GITHUB_CLIENT GOOGLE_CLIENT LDAP MFA MICROSOFT OAUTH
OPENID SCIM WEBUI_AUTH
"""
_SEARCHES = """
BING BOCHA BRAVE DDGS EXA FIRECRAWL GOOGLE_PSE JINA KAGI LINKUP MICROSOFT_WEB MOJEEK OPENSERP PERPLEXITY
PLAYWRIGHT SEARCHAPI SEARXNG SERPAPI SERPER SERPLY SERPHOUSE SERPSTACK SOUGOU STAAN TAVILY WEB_FETCH WEB_LOADER
WEB_SEARCH YACY YANDEX YDC YOUCOM
"""
_OWN = """
AIOHTTP API AUDIO AUTOCOMPLETE AUTOMATIC1111 AUTOMATION BANNERS BYPASS CALENDAR CHANNEL CHAT CHUNK CODE COMFYUI
CONTENT CONTEXT CUSTOM DATALAB DEEPGRAM DEFAULT DOCLING DOCUMENT ELEVENLABS ENABLE EVALUATION FILE FOLDER
FOLLOW FORWARD GEMINI GOOGLE IFRAME IMAGE IMAGES JWT KB KNOWLEDGE LICENSE MAX MCP MEMORIES MINERU MISTRAL MODEL MODELS
NOTES ONEDRIVE PADDLEOCR PASSWORD PDF PENDING PROFILE PWA QUERY RAG RAPIDOCR REALTIME RESPONSE SHOW SKILL SUBAGENTS
TAGS TASK TERMINAL TIKA TIKTOKEN TIMER TITLE TOOL TOOLS UI USER VIEW VOICE WEBHOOK WEBUI WHISPER YOUTUBE
"""
FAMILIES = (
    (beginning(_BACK_ENDS), _BACK_END),
    (beginning(_DATABASES), _DATABASE),
    (beginning("REDIS SENTINEL WEBSOCKET"), _ONE),
    (beginning("USE BUILD"), _IMAGE),
    # Services of other people's, which the page names by what they do.
    (r"[A-Z]+_WEB_(SEARCH|LOADER)_.+", _SEARCH),
    (r"[A-Z]+_DOCUMENT_LOADER_.+", _SET_THERE),
    (r"[A-Z]+_PWA_MANIFEST_URL", "has no key; leave it out"),
    (beginning("PIP"), "no program is installed into the page while it runs; leave it out"),
    (beginning("THREAD_POOL UVICORN SSL_ASSERT TRUSTED_SIGNATURE CUSTOM_API"), _START),
    # Before the ways to sign in: of Microsoft there is a search as well.
    (beginning(f"{_SEARCHES} ENABLE_WEB ENABLE_RAG_WEB ENABLE_SEARCH"), _SEARCH),
    (beginning(_SIGN_INS), _SIGN_IN),
    (
        beginning("AUDIT ENABLE_AUDIT ENABLE_OTEL LOG LOGURU OTEL"),
        "what the page logs has no key; leave it out",
    ),
    (beginning(_OWN), _SET_THERE),
)
VARIABLES = Variables(
    "Open WebUI",
    "`webui`",
    FIELDS,
    REASONS
    | {"ENABLE_WEB_SEARCH": _SEARCH, "DATABASE_URL": _DATABASE}
    | {f"ENABLE_{name}_API": _BACK_END for name in _SPOKEN}
    | {f"{name}_{ending}": _BACK_END for name in _SPOKEN for ending in _ENDINGS},
    FAMILIES,
)
