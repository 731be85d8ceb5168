"""Lines for Python's package of the API that every door speaks."""

from __future__ import annotations

import json

from deploy.clients.given import KEY_VARIABLE, NO_KEY, Api, Given
from deploy.clients.shell import QUESTION, key_line


def python(told: Given, api: Api) -> str:
    """Return a program with the package `openai`."""
    if api.secret is None:
        imports, key = "", json.dumps(NO_KEY)
    elif api.value is not None:
        imports, key = "", json.dumps(api.value)
    else:
        imports, key = "import os\n\n", f'os.environ["{KEY_VARIABLE}"]'
    before = f"# before it: {key_line(told, api)}\n" if imports else ""
    return (
        f"# pip install openai\n{before}{imports}from openai import OpenAI\n\n"
        f"client = OpenAI(base_url={json.dumps(api.url)}, api_key={key})\n"
        f"answer = client.chat.completions.create(model={json.dumps(api.model)}, messages={_messages()})\n"
        f"print(answer.choices[0].message.content)"
    )


def _messages() -> str:
    return json.dumps([{"role": "user", "content": QUESTION}])
