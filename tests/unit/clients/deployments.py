"""Deployments as clients meet them."""

from __future__ import annotations

from pathlib import Path

from deploy.chat.doors import Door, doors, guard_doors
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
OPENED = BOTH.replace("port: 21434", "port: 21434, publish: 192.168.1.20")
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
    return tuple(door for door in all_doors_of(text, folder) if not door.is_guard)


def all_doors_of(text: str, folder: Path) -> tuple[Door, ...]:
    """The APIs of a kit.yaml, and those that other machines reach through a guard."""
    path = folder / "kit.yaml"
    path.write_text((text % ("0" * 64) if "%s" in text else text) + ENDING)
    spec = load_spec(path)
    parts = resolved_parts(spec, lock_of(spec))
    return (*doors(spec, parts), *guard_doors(parts))
