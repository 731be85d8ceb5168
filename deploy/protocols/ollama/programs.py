"""Programs that speak the protocol, and the lines that each of them needs."""

from __future__ import annotations

import json

TITLE = "Ollama"
VARIABLE = "OLLAMA_HOST"
"""Variable of its address in most programs."""
KEY_VARIABLE = "OLLAMA_API_KEY"
"""Variable of the key that the packages for Python and JavaScript send."""


def python(url: str, model: str, question: str) -> str:
    """Return a program with the package `ollama`."""
    messages = json.dumps([{"role": "user", "content": question}])
    return (
        "# pip install ollama\nfrom ollama import Client\n\n"
        f"client = Client(host={json.dumps(url)})\n"
        f"for piece in client.chat(model={json.dumps(model)}, messages={messages}, stream=True):\n"
        '    print(piece["message"]["content"], end="", flush=True)\n'
        "print()"
    )


def nvim(url: str, model: str, _question: str) -> str:
    """Return an entry for lazy.nvim."""
    return f"""\
{{
  'nomnivore/ollama.nvim',
  dependencies = {{ 'nvim-lua/plenary.nvim' }},
  cmd = {{ 'Ollama', 'OllamaModel' }},
  keys = {{
    {{ '<leader>j', ':<c-u>lua require("ollama").prompt()<cr>', desc = 'Ollama prompt', mode = {{ 'n', 'v' }} }},
  }},
  opts = {{ model = '{model}', url = '{url}' }},
}},"""


PROGRAMS = {
    "ollama-python": ("Python, package ollama", python),
    "nvim": ("Neovim: ollama.nvim with lazy.nvim", nvim),
}
"""Programs by their names as clients, each with its title and the maker of its lines."""
