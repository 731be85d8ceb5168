"""Ollama's settings, which it reads from its environment at every start."""

from __future__ import annotations

from deploy.components.ollama.spec import OllamaEngine

HOME = "/home/ollama"
MODELS = "/models"


def environment(
    spec: OllamaEngine, container_port: int, *, has_templates: bool = False, cards: tuple[tuple[str, str], ...] = ()
) -> tuple[tuple[str, str], ...]:
    """Return every variable, sorted; omitted settings stay the engine's own."""
    # Most of Intel's cards count as integrated for it, which it leaves out by itself.
    takes_integrated = True if spec.gpu == "intel" and spec.igpu_enable is None else spec.igpu_enable
    # Unset, a chat template in a model's file that can do more wins over the `template` of kit.yaml.
    go_template = True if spec.go_template is None and has_templates else spec.go_template
    wanted: dict[str, str | None] = {
        "HSA_OVERRIDE_GFX_VERSION": spec.hsa_override_gfx_version,
        "HOME": HOME,
        "OLLAMA_CONTEXT_LENGTH": _number(spec.context_length),
        "OLLAMA_DEBUG": "1" if spec.debug else None,
        "OLLAMA_FLASH_ATTENTION": _switch(spec.flash_attention),
        "OLLAMA_GO_TEMPLATE": _switch(go_template),
        "OLLAMA_GPU_OVERHEAD": _number(spec.gpu_overhead),
        "OLLAMA_HOST": f"0.0.0.0:{container_port}",
        "OLLAMA_IGPU_ENABLE": _switch(takes_integrated),
        "OLLAMA_KEEP_ALIVE": _seconds(spec.keep_alive),
        "OLLAMA_KV_CACHE_TYPE": spec.kv_cache_type,
        "OLLAMA_LLM_LIBRARY": spec.llm_library,
        "OLLAMA_LOAD_TIMEOUT": _seconds(spec.load_timeout),
        "OLLAMA_MAX_LOADED_MODELS": _number(spec.max_loaded_models),
        "OLLAMA_MAX_QUEUE": _number(spec.max_queue),
        "OLLAMA_MODELS": MODELS,
        "OLLAMA_NOPRUNE": _switch(spec.noprune),
        "OLLAMA_NO_CLOUD": None if spec.cloud else "1",
        "OLLAMA_NUM_PARALLEL": _number(spec.num_parallel),
        "OLLAMA_ORIGINS": ",".join(spec.origins) or None,
        "OLLAMA_SCHED_SPREAD": _switch(spec.sched_spread),
        **dict(cards),
    }
    return tuple((name, value) for name, value in sorted(wanted.items()) if value is not None)


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _switch(value: bool | None) -> str | None:
    # Any other word, `no` too, would count as true.
    return None if value is None else str(int(value))


def _seconds(value: int | None) -> str | None:
    return None if value is None else str(value) if value < 0 else f"{value}s"
