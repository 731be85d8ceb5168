"""Choice between two templates of a model's prompts: the given one, and the one in its file.

As release 0.32.15 decides: `OLLAMA_GO_TEMPLATE` says so, or, unset, the one in the file wins where it can do more.
"""

from __future__ import annotations

from tests.doubles.ollama import gotemplate

ROLE_WORDS = ("role'] == 'tool'", 'role\'] == "tool"', "role\"] == 'tool'", 'role"] == "tool"')
ANSWERED = ("tool_response", "tool_results", "message.role == 'tool'", 'message.role == "tool"', "ipython", *ROLE_WORDS)


def takes_given(template: str | None, jinja: str, setting: bool | None) -> bool:
    """Tell whether the template that was given makes the prompts."""
    if template is None or setting is not None:
        return template is not None and bool(setting)
    return not (jinja and _wins(jinja, template))


def abilities(jinja: str) -> list[str]:
    """Return what a template in the model's language can do."""
    found = ["tools"] if "tools" in jinja or "tool_call" in jinja else []
    splits = any(f"content.split({quote}</think>{quote})" in jinja for quote in ("'", '"'))
    thinks = ("<think>" in jinja and "</think>" in jinja) or (splits and "reasoning_content" not in jinja)
    return found + (["thinking"] if thinks else [])


def _wins(jinja: str, template: str) -> bool:
    asked = gotemplate.fields(gotemplate.parse(template))
    thinks = "<think>" in template and "</think>" in template
    able = {"tools": "tools" in asked, "insert": "suffix" in asked, "thinking": thinks}
    given = [name for name, has in able.items() if has]
    goes_round = "tools" in asked and "toolcalls" in asked and 'eq .Role "tool"' in template
    native = abilities(jinja)
    answers = any(word in jinja for word in ("tool_calls", "assistant_tool_call")) and any(w in jinja for w in ANSWERED)
    if len(native) > len(given):
        return not goes_round or answers
    return sorted(native) == sorted(given) and "tools" in native and answers and not goes_round
