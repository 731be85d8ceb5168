"""Prompts: a model's own messages and system text before the request's, through its template or the file's own."""

from __future__ import annotations

import itertools
from typing import Any

from tests.doubles.ollama import gotemplate
from tests.doubles.ollama.engine import Loaded
from tests.doubles.ollama.rendering import Renderer
from tests.doubles.ollama.show import PLAIN, Model

Message = dict[str, Any]


def prompt_of(loaded: Loaded, model: Model, messages: list[Message], request: dict[str, Any]) -> str:
    """Return the text that goes to llama-server."""
    if request.get("raw"):
        return str(messages[0]["content"])
    every = _every(model, messages, request)
    template = request.get("template") or model.used_template
    if template is None and (model.jinja or "messages" in request):
        asked = {"messages": every, "tools": request.get("tools") or []}
        return str(loaded.told("/apply-template", {key: value for key, value in asked.items() if value})["prompt"])
    return rendered(template or PLAIN, every, request)


def told(model: Model, messages: list[Message], request: dict[str, Any]) -> str:
    """Return the prompt for one who asks for nothing else, where that needs no llama-server."""
    every = _every(model, messages, request)
    template = request.get("template") or model.used_template
    if template is None and model.jinja:
        # Not at the top: the double's image has no packages, and renders with its llama-server.
        import jinja2

        return str(jinja2.Template(model.jinja).render(messages=every, add_generation_prompt=True))
    return rendered(template or PLAIN, every, request)


def _every(model: Model, messages: list[Message], request: dict[str, Any]) -> list[Message]:
    system = request.get("system") or model.system
    every = [*model.messages, *messages]
    if system and messages[0].get("role") != "system":
        return [{"role": "system", "content": system}, *every]
    return every


def rendered(template: str, messages: list[Message], request: dict[str, Any]) -> str:
    """Return messages in a template of the engine's own language."""
    nodes = gotemplate.parse(template)
    asked = gotemplate.fields(nodes)
    messages = _collated(messages)
    system = "\n\n".join(one["content"] for one in messages if one["role"] == "system")
    if "messages" in asked:
        values = {
            "System": system,
            "Messages": [{"Role": one["role"], "Content": one.get("content", "")} for one in messages],
            "Tools": request.get("tools") or [],
            "Think": bool(request.get("think")),
            "Response": "",
        }
        return Renderer(values).render(nodes, values)
    *done, last = _turns(messages)
    head = "".join(_turn(nodes, turn, "response" in asked) for turn in done)
    return head + _turn(gotemplate.until_response(nodes)[0], last, "response" in asked)


def _collated(messages: list[Message]) -> list[Message]:
    """Messages of one role after each other are one."""
    found: list[Message] = []
    for role, group in itertools.groupby(messages, lambda one: one["role"]):
        found.append({"role": role, "content": "\n\n".join(one.get("content", "") for one in group)})
    return found


def _turns(messages: list[Message]) -> list[dict[str, str]]:
    """Return system, prompt and response together, as templates without a loop want them."""
    turns: list[dict[str, str]] = [{}]
    order = {"system": "System", "user": "Prompt", "assistant": "Response"}
    for message in messages:
        field = order.get(message["role"], "Prompt")
        later = {"System": {"System", "Prompt", "Response"}, "Prompt": {"Prompt", "Response"}, "Response": {"Response"}}
        if later[field] & turns[-1].keys():
            turns.append({})
        turns[-1][field] = message.get("content", "")
    return turns


def _turn(nodes: list[gotemplate.Node], turn: dict[str, str], has_response: bool) -> str:
    values = {"System": "", "Prompt": "", "Response": "", **turn}
    text = Renderer(values).render(nodes, values)
    return text if has_response else text + values["Response"]
