"""Deployments as clients meet them."""

from __future__ import annotations

from pathlib import Path

from deploy.chat.doors import Door, doors
from deploy.decide.resolve import resolved_parts
from deploy.spec.loading.loader import load_spec
from tests.locks import lock_of

ENDING = "backup: null\n"
BOTH = """\
kit: 1
stack: home
engines: [{name: main, kind: ollama, port: 21434}]
models:
  - {name: embed, engine: main, from: "nomic-embed-text:v1.5"}
  - {name: poet, engine: main, from: "llama3.2:3b"}
  - {name: "coder:7b", engine: main, from: "llama3.2:3b"}
gateway: {kind: litellm, port: 4001, publish: 192.168.1.20}
webui: {kind: open_webui, embedding: embed}
"""
NO_GATEWAY = """\
kit: 1
stack: home
engines:
  - {name: mac, kind: external, api: ollama, url: "http://mac.lan:11434"}
  - {name: studio, kind: external, api: openai, url: "http://studio.lan:1234/v1", key: "env:STUDIO_KEY"}
models:
  - {name: poet, engine: mac, from: "llama3.2:3b"}
  - {name: fast, engine: studio, from: qwen-7b}
gateway: null
webui: null
"""
ONE_FILE = """\
kit: 1
stack: home
engines: [{name: main, kind: llama_cpp, threads: 1}]
models: [{name: gemma, engine: main, from: {file: a.gguf, sha256: "%s"}}]
gateway: null
webui: null
"""


def doors_of(text: str, folder: Path) -> tuple[Door, ...]:
    """The APIs of a kit.yaml, without a lock of its own."""
    path = folder / "kit.yaml"
    path.write_text((text % ("0" * 64) if "%s" in text else text) + ENDING)
    spec = load_spec(path)
    return doors(spec, resolved_parts(spec, lock_of(spec)))
