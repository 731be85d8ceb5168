"""Variables and settings that LiteLLM reads: the key that sets each, or the reason why there is none."""

from __future__ import annotations

from deploy.fields.variables import IMAGE, Variables, beginning

FIELDS = {
    "LITELLM_MASTER_KEY": "key",
    "MASTER_KEY": "key",
    "LITELLM_PORT": "port",
    "MODEL_GROUP_ALIAS": "aliases",
    "REQUEST_TIMEOUT": "request_timeout",
}
_DATABASE = "needs a database, and the gateway has none; keys per person, budgets and costs are not supported"
_FILE = "the kit writes LiteLLM's file from `engines` and `models`; leave it out"
_ROUTES = "is written per model: `routes: [{model: NAME, fallbacks: [OTHER]}]`"
_LIMITS = "is written per model: `requests_per_minute`, `tokens_per_minute` and `parallel` in `routes`"
_RETRIES = "is written per model: `retries` in `routes`"
_ELSEWHERE = "would send people's questions to another place; it is not supported"
_REDIS = "is for several gateways or a cache of answers; the kit runs one, without"
_LOG = "what the gateway logs has no key; leave it out"
_CLOSED = "the kit closes all of LiteLLM's pages, as some answer anybody; leave it out"
_DECIDED = "the kit decides how LiteLLM chooses among engines: one that fails is left for the next at once"
_VENDOR = "a vendor's API is an engine of its own: `api: openai`, its `url`, and its `key` as `env:NAME`"
_ENGINES = "engines stand in `engines`, one that runs elsewhere with its `api`, its `url` and its `key`"
_KEY = "is written as `key`, as `env:NAME` or `file:PATH`; without it the kit makes one"
_START = "the kit decides how the gateway starts; leave it out"
REASONS = {
    "ALLOWED_FAILS": _DECIDED,
    "BACKGROUND_HEALTH_CHECKS": "would load every model again and again; leave it out",
    "AUTH": _KEY,
    "PASSWORD": _KEY,
    "TOKEN": _KEY,
    "CACHE": _REDIS,
    "CACHE_PARAMS": _REDIS,
    "CONFIG": _FILE,
    "CONFIG_FILE": _FILE,
    "CONFIG_FILE_PATH": _FILE,
    "LOG_LEVEL": _LOG,
    "DIRECT_URL": _DATABASE,
    "DROP_PARAMS": "is on: what an engine does not know is left out of a request",
    "ENABLE_PRE_CALL_CHECKS": _DECIDED,
    "GENERAL_SETTINGS": f"{_FILE}; its keys here are `key`, `aliases`, `routes` and `request_timeout`",
    "LITELLM_SETTINGS": f"{_FILE}; its keys here are `key`, `aliases`, `routes` and `request_timeout`",
    "ROUTER_SETTINGS": f"{_FILE}; its keys here are `key`, `aliases`, `routes` and `request_timeout`",
    "HEALTH_CHECK_INTERVAL": "would load every model again and again; leave it out",
    "JSON_LOGS": _LOG,
    "LITELLM_LOCAL_MODEL_COST_MAP": "is on: the gateway fetches no prices",
    "LITELLM_LOG": _LOG,
    "LITELLM_PARAMS": _FILE,
    "LITELLM_SALT_KEY": _DATABASE,
    "MAX_FALLBACKS": _ROUTES,
    "MAX_PARALLEL_REQUESTS": _LIMITS,
    "GLOBAL_MAX_PARALLEL_REQUESTS": _LIMITS,
    "MODEL_LIST": _FILE,
    "MODEL_NAME": _FILE,
    "NUM_RETRIES": _RETRIES,
    "NUM_WORKERS": "is one: limits are counted in one process",
    "RPM": _LIMITS,
    "TPM": _LIMITS,
    "SET_VERBOSE": _LOG,
    "STORE_MODEL_IN_DB": _DATABASE,
    "STREAM_TIMEOUT": "is written per model: `timeout` in `routes`",
    "TAG": IMAGE,
    "TELEMETRY": "is off; leave it out",
    "TIMEOUT": "is called `request_timeout` here, and `timeout` in `routes` for one model",
}
_VENDORS = """
ANTHROPIC AWS AZURE BEDROCK COHERE DEEPSEEK FIREWORKS FIREWORKS_AI GEMINI GOOGLE GROQ HUGGINGFACE MISTRAL OPENAI
OPENROUTER PERPLEXITY TOGETHER TOGETHER_AI TOGETHERAI VERTEX XAI
"""
FAMILIES = (
    (r"(DEFAULT_|CONTEXT_WINDOW_|CONTENT_POLICY_)?FALLBACKS", _ROUTES),
    (beginning("BUDGET DATABASE DISABLE_SPEND PRISMA SPEND"), _DATABASE),
    (r"MAX_BUDGET|.+_BUDGET", _DATABASE),
    (r"(SUCCESS_|FAILURE_)?CALLBACKS?|ALERTING", _ELSEWHERE),
    (beginning("ALERT ALERTING LANGFUSE LANGSMITH OTEL PROMETHEUS PYROSCOPE SLACK SMTP"), _ELSEWHERE),
    (beginning("REDIS"), _REDIS),
    (r"(DETAILED_)?DEBUG|.+_VERBOSE", _LOG),
    (beginning("COOLDOWN DISABLE_COOLDOWNS ROUTER ROUTING RETRY"), _DECIDED),
    (r"DISABLE_ADMIN_UI|NO_(DOCS|REDOC|OPENAPI)|PROXY_BASE_URL|SERVER_ROOT_PATH", _CLOSED),
    (beginning("DOCS OPENAPI REDOC UI"), _CLOSED),
    (beginning(_VENDORS), _VENDOR),
    (r"API_(BASE|KEY|VERSION)", _VENDOR),
    (r"[A-Z0-9]+_API_BASE", _ENGINES),
    (beginning("AIOHTTP LITELLM"), _START),
)
FILE_KEYS = frozenset({"model_list", "litellm_settings", "general_settings", "router_settings"})
VARIABLES = Variables("LiteLLM", "`gateway`", FIELDS, {**REASONS, "DATABASE_URL": _DATABASE}, FAMILIES, FILE_KEYS)
