"""Lines for Python's packages and for the editor."""

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


def ollama_python(api: Api) -> str:
    """Return a program with the package `ollama`."""
    return (
        "# pip install ollama\nfrom ollama import Client\n\n"
        f"client = Client(host={json.dumps(api.url)})\n"
        f"for piece in client.chat(model={json.dumps(api.model)}, messages={_messages()}, stream=True):\n"
        '    print(piece["message"]["content"], end="", flush=True)\n'
        "print()"
    )


def _messages() -> str:
    return json.dumps([{"role": "user", "content": QUESTION}])


def nvim(api: Api) -> str:
    """Return an entry for lazy.nvim."""
    return f"""\
{{
  'nomnivore/ollama.nvim',
  dependencies = {{ 'nvim-lua/plenary.nvim' }},
  cmd = {{ 'Ollama', 'OllamaModel' }},
  keys = {{
    {{ '<leader>j', ':<c-u>lua require("ollama").prompt()<cr>', desc = 'Ollama prompt', mode = {{ 'n', 'v' }} }},
  }},
  opts = {{ model = '{api.model}', url = '{api.url}' }},
}},"""
