"""Options of a request and a model: their types, and what llama-server calls them."""

from __future__ import annotations

from typing import Any

from tests.doubles.ollama.engine import log
from tests.doubles.ollama.refusals import Refused

WHOLE = {
    *("num_keep", "seed", "num_predict", "top_k", "repeat_last_n", "num_ctx", "num_batch", "num_gpu", "main_gpu"),
    *("num_thread", "draft_num_predict"),
}
FLOATS = {
    *("top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty", "frequency_penalty"),
}
BEHIND = {"num_predict": "n_predict", "num_keep": "n_keep"}
NOT_PASSED_ON = {"num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict", "use_mmap"}
DEFAULTS = {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "min_p": 0.0, "repeat_penalty": 1.0, "n_predict": -1}


def merged(model: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Return a request's options over the model's; an unknown one is only told of, a wrong type ends the request."""
    found: dict[str, Any] = {}
    for name, value in {**model, **request}.items():
        if name in WHOLE or name in FLOATS:
            if isinstance(value, bool) or not isinstance(value, int | float):
                kind = "integer" if name in WHOLE else "float32"
                raise Refused(500, f'option "{name}" must be of type {kind}')
            found[name] = int(value) if name in WHOLE else value
        elif name == "stop":
            if not isinstance(value, list):
                raise Refused(500, 'option "stop" must be of type array')
            found[name] = value
        elif name == "use_mmap":
            found[name] = value
        else:
            log("WARN", "invalid option provided", option=name)
    return found


def behind(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as llama-server takes them."""
    passed = {BEHIND.get(name, name): value for name, value in options.items() if name not in NOT_PASSED_ON}
    return DEFAULTS | passed
