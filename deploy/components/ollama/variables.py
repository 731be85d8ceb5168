"""Variables that Ollama's server reads: the field that sets each, or why there is none and what to write instead."""

from __future__ import annotations

from deploy.fields.variables import Variables

PREFIX = "OLLAMA_"
FIELDS = {
    f"{PREFIX}CONTEXT_LENGTH": "context_length",
    f"{PREFIX}DEBUG": "debug",
    f"{PREFIX}FLASH_ATTENTION": "flash_attention",
    f"{PREFIX}GO_TEMPLATE": "go_template",
    f"{PREFIX}GPU_OVERHEAD": "gpu_overhead",
    f"{PREFIX}IGPU_ENABLE": "igpu_enable",
    f"{PREFIX}KEEP_ALIVE": "keep_alive",
    f"{PREFIX}KV_CACHE_TYPE": "kv_cache_type",
    f"{PREFIX}LLM_LIBRARY": "llm_library",
    f"{PREFIX}LOAD_TIMEOUT": "load_timeout",
    f"{PREFIX}MAX_LOADED_MODELS": "max_loaded_models",
    f"{PREFIX}MAX_QUEUE": "max_queue",
    f"{PREFIX}MODELS": "models_dir",
    f"{PREFIX}NOPRUNE": "noprune",
    f"{PREFIX}NUM_PARALLEL": "num_parallel",
    f"{PREFIX}ORIGINS": "origins",
    f"{PREFIX}SCHED_SPREAD": "sched_spread",
    "HSA_OVERRIDE_GFX_VERSION": "hsa_override_gfx_version",
    "ROCR_VISIBLE_DEVICES": "devices",
}
_GONE = "has no effect: Ollama no longer knows it; leave it out"
_CARDS = "is written as `devices`, beside `gpu: amd`"
_PROXY = (
    "an engine pulls tags without a proxy; name `mirrors: {models: ...}`, or write `from: {url: ...}` at the model,"
    " which the kit fetches through `proxy:`"
)
_FIT = (
    "the engine fits models into memory by itself; `gpu_overhead` keeps memory free, and `num_gpu` at a model says how"
    " much of it lies on the card"
)
_PROMPT = "belongs to Ollama's own prompt, which nobody opens here; leave it out: the verb `run` talks with a model"
REASONS = {
    f"{PREFIX}AUTH": "is no password: it asks ollama.com who may come; `gateway` asks for a key",
    f"{PREFIX}DEBUG_LOG_REQUESTS": "writes down what people ask; leave it out, `debug: true` tells more of the engine",
    f"{PREFIX}EDITOR": _PROMPT,
    f"{PREFIX}HOST": "is written as `port` and `publish`",
    f"{PREFIX}MAX_TRANSFER_STREAMS": "is for models of safetensors alone; leave it out, the engine's own 4 stays",
    f"{PREFIX}NOHISTORY": _PROMPT,
    f"{PREFIX}NO_CLOUD": "is on by itself; `cloud: true` lets the engine talk with its vendor",
    f"{PREFIX}REMOTES": (
        "lends other servers' models this engine's name; `cloud: true` allows its vendor's, and another server is an"
        " engine of its own, of `kind: external`"
    ),
    f"{PREFIX}VULKAN": "is on by itself; leave it out",
    f"{PREFIX}INTEL_GPU": _GONE,
    f"{PREFIX}MAX_VRAM": f"{_GONE}; `gpu_overhead` keeps memory free",
    f"{PREFIX}MULTIUSER_CACHE": _GONE,
    f"{PREFIX}NEW_ENGINE": _GONE,
    f"{PREFIX}RUNNERS_DIR": _GONE,
    f"{PREFIX}TMPDIR": _GONE,
    "CUDA_VISIBLE_DEVICES": "is written as `devices`, beside `gpu: nvidia`",
    "GGML_VK_VISIBLE_DEVICES": "is written as `devices`, beside `gpu: intel`",
    "GPU_DEVICE_ORDINAL": _CARDS,
    "HIP_VISIBLE_DEVICES": _CARDS,
    "HTTPS_PROXY": _PROXY,
    "HTTP_PROXY": _PROXY,
    "JETSON_JETPACK": "is for NVIDIA's Jetson boards; run Ollama there yourself and name it with `kind: external`",
    "LLAMA_ARG_FIT": _FIT,
    "LLAMA_ARG_FIT_TARGET": _FIT,
    "NO_PROXY": _PROXY,
} | {
    f"HSA_OVERRIDE_GFX_VERSION_{card}": "applies to all cards here; write `hsa_override_gfx_version`, and its"
    " cards as `devices`"
    for card in range(8)
}
_OTHERS = {
    "parallel": "is called `num_parallel` here",
    "igpu": "is called `igpu_enable` here",
    "threads": "belongs to a model: write `num_thread` there",
    "num_ctx": "belongs to a model; for all of them write `context_length`",
    "models": "stand at the top of this file, each with `engine:`; the folder that holds them is `models_dir`",
}


_MODELS = "belongs to a model: write `{field}` there"
VARIABLES = Variables(
    "Ollama",
    "an engine of `kind: ollama`",
    {**FIELDS, f"{PREFIX}NUM_CTX": "context_length", f"{PREFIX}CONTEXT_SIZE": "context_length"},
    {
        **REASONS,
        f"{PREFIX}NUM_THREAD": _MODELS.format(field="num_thread"),
        f"{PREFIX}NUM_THREADS": _MODELS.format(field="num_thread"),
        f"{PREFIX}NUM_GPU": _MODELS.format(field="num_gpu"),
        f"{PREFIX}NUM_BATCH": _MODELS.format(field="num_batch"),
        f"{PREFIX}NUM_PREDICT": _MODELS.format(field="num_predict"),
        f"{PREFIX}TEMPERATURE": _MODELS.format(field="temperature"),
        f"{PREFIX}API_KEY": "is for the vendor's cloud, which `cloud: true` allows; the engine itself asks for no key",
        f"{PREFIX}PORT": "is called `port` here",
        f"{PREFIX}MODEL": "models stand at the top of this file, each with `engine:`",
    },
    ((rf"{PREFIX}.+", "Ollama does not know it, setting it has no effect; leave it out"),),
)


def refused() -> dict[str, str]:
    """Return words that people may write in a field's place, variables too, each with the reason for its refusal."""
    told = REASONS | {variable: f"is called `{field}` here" for variable, field in FIELDS.items()}
    short = {variable.removeprefix(PREFIX).lower(): why for variable, why in told.items()}
    lower = {variable.lower(): why for variable, why in told.items()}
    return {key: why for key, why in (short | lower | told | _OTHERS).items() if key not in FIELDS.values()}
