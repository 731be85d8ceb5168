"""Variables of llama.cpp's server: the key that sets each, or the reason why there is none."""

from __future__ import annotations

from deploy.fields.variables import IMAGE, Variables

FIELDS = {
    "LLAMA_ARG_CHAT_TEMPLATE": "chat_template",
    "LLAMA_ARG_CTX_SIZE": "context_length",
    "LLAMA_ARG_N_PARALLEL": "parallel",
    "LLAMA_ARG_N_PREDICT": "predict",
    "LLAMA_ARG_PORT": "port",
    "LLAMA_ARG_THREADS": "threads",
    "LLAMA_ARG_N_GPU_LAYERS": "gpu_layers",
    "N_GPU_LAYERS": "gpu_layers",
    "CTX_SIZE": "context_length",
    "N_CTX": "context_length",
    "N_PARALLEL": "parallel",
    "N_PREDICT": "predict",
    "N_THREADS": "threads",
}
_MODEL = "the model stands under `models` with this engine's name, as {file: ...}, {url: ...} or {pip: ...}"
_CARD = "is decided by `gpu`, `devices` and `gpu_layers`; leave it out"
REASONS = {
    "LLAMA_API_KEY": "the kit makes one and keeps it on the host",
    "LLAMA_ARG_ALIAS": "is the model's `name`",
    "LLAMA_ARG_EMBEDDINGS": "is on",
    "LLAMA_ARG_HOST": "is written as `publish`",
    "LLAMA_CACHE": _MODEL,
    "TAG": IMAGE,
}
FAMILIES = (
    (r"LLAMA_ARG_(HF_.+|MODEL.*|LORA.*|MMPROJ.*)", _MODEL),
    (r"LLAMA_ARG_(MAIN_GPU|SPLIT_MODE|TENSOR_SPLIT|DEVICE|.*GPU.*)", _CARD),
    (r"LLAMA_.+", "the kit decides llama-server's other arguments; leave it out"),
)
VARIABLES = Variables("llama.cpp", "an engine of `kind: llama_cpp`", FIELDS, REASONS, FAMILIES)
