"""Lines for shells: environment variables, curl, aliases, PowerShell."""

from __future__ import annotations

import json
from shlex import quote

from deploy.clients.given import KEY_VARIABLE, NO_KEY, Api, Given
from deploy.protocols.doors.programs import NATIVE_KEY_VARIABLE, VARIABLE

QUESTION = "Why is the sky blue?"


def env(told: Given) -> str:
    """Return variables that most programs read."""
    lines = []
    if told.openai:
        lines += [f"export OPENAI_BASE_URL={told.openai.url}", key_line(told, told.openai)]
    if told.native:
        lines.append(f"export {VARIABLE}={told.native.url}")
    return "\n".join(lines)


def key_line(told: Given, api: Api) -> str:
    """Return the line that sets the variable of the key."""
    if api.secret is None:
        return f"export {KEY_VARIABLE}={NO_KEY}"
    return f"export {KEY_VARIABLE}=" + (
        quote(api.value) if api.value is not None else f'"$({told.key_command(api.secret)})"'
    )


def curl(told: Given, api: Api) -> str:
    """Return a question; its key is in a header file, because every user can see a command's arguments."""
    body = {"model": api.model, "messages": [{"role": "user", "content": QUESTION}]}
    asked = f"curl --silent --show-error {api.url}/chat/completions -H 'Content-Type: application/json'"
    data = f"-d {quote(json.dumps(body))}"
    if api.secret is None:
        return f"{asked} \\\n  {data}"
    return f"{key_line(told, api)}\n{asked} -H @- \\\n  {data} <<KEY\nAuthorization: Bearer ${KEY_VARIABLE}\nKEY"


def another_machine(told: Given) -> str:
    """Return the address of each engine behind a guard, its key, and a question."""
    lines = [f"# the key, on the machine that runs kit: {told.key_command(key)}" for key in _unshown(told)]
    for api in told.guarded:
        key = quote(api.value) if api.value is not None else "KEY"
        lines.append(f"# {api.door.name}: a machine that kit.yaml names as a peer needs no key")
        if api.door.protocol != "openai":
            lines += [f"export {VARIABLE}={api.url}", f"export {NATIVE_KEY_VARIABLE}={key}"]
        base = api.url if api.door.protocol == "openai" else f"{api.url}/v1"
        lines += [f"export OPENAI_BASE_URL={base}", f"export {KEY_VARIABLE}={key}"]
    return "\n".join(lines)


def _unshown(told: Given) -> tuple[str, ...]:
    """Return the names of the keys that the lines do not hold."""
    return tuple(dict.fromkeys(api.secret for api in told.guarded if api.secret is not None and api.value is None))


def aliases(told: Given) -> str:
    """Return an alias for each model that begins a conversation, and one that lists them."""
    command, spec = told.command, quote(told.spec)
    lines = [f"alias models={quote(f'{command} models {spec}')}"]
    api = told.openai if told.has_gateway or told.native is None else told.native
    names = api.names if api else ()
    root = told.sudo if api is not None and api.secret is not None else ""
    words = [_word(name, names) for name in names]
    lines += [
        f"alias ask-{word}={quote(f'{root}{command} run {name} {spec}')}"
        for word, name in zip(words, names, strict=True)
    ]
    return "\n".join(lines)


def _word(name: str, names: tuple[str, ...]) -> str:
    """Return a model's name as a part of an alias, without slashes: its last folder, if that is unique."""
    last = name.rpartition("/")[2]
    alone = sum(other.rpartition("/")[2] == last for other in names) == 1
    return last if alone else name.replace("/", "_")


def powershell(told: Given, api: Api) -> str:
    """Return a question; its text is sent as UTF-8, which Windows PowerShell would not do by itself."""
    lines = []
    if api.secret is not None:
        lines += [f"# the key: {told.key_command(api.secret)}"] if api.value is None else []
        value = "(Read-Host 'Key')" if api.value is None else _single(api.value)
        lines.append(f"$env:{KEY_VARIABLE} = {value}")
    headers = f' -Headers @{{ Authorization = "Bearer $env:{KEY_VARIABLE}" }}' if api.secret is not None else ""
    told_to = f"-Uri '{api.url}/chat/completions' -Method Post -ContentType 'application/json'{headers} -Body $json"
    lines += [
        f"$messages = @(@{{ role = 'user'; content = {_single(QUESTION)} }})",
        f"$body = @{{ model = {_single(api.model)}; messages = $messages }} | ConvertTo-Json -Depth 5",
        "$json = [Text.Encoding]::UTF8.GetBytes($body)",
        f"$answer = Invoke-RestMethod {told_to}",
        "$answer.choices[0].message.content",
    ]
    return "\n".join(lines)


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
