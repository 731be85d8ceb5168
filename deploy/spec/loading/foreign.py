"""Files of other programs that people hand to the kit: one sentence names the file's kind and the next step."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import BaseModel

from deploy.agent.line import Line
from deploy.errors import as_word
from deploy.fields.variables import program_of_file
from deploy.reading.wording import all_models, told_of_key

OWN = frozenset({"kit", "stack", "engines"})
"""Keys that every kit.yaml has; a file with one of them counts as a kit.yaml."""
_TOP_KEY = re.compile(r"""^["']?([\w$.-]+)["']?[ \t]*:(?=\s|$)""", re.MULTILINE)
_INSTRUCTION = re.compile(r"^[ \t]*([A-Za-z]+)[ \t]+\S", re.MULTILINE)
_VARIABLE = re.compile(r"(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_]*=.*")
_IMAGE = frozenset({"run", "cmd", "copy", "add", "entrypoint", "workdir", "env", "expose", "arg", "user", "volume"})
_TABLE = re.compile(r"^\[[\w. \"-]+\]\s*$", re.MULTILINE)
_COMPOSE = frozenset({"services", "version", "volumes", "networks", "name", "configs", "secrets", "include"})
_PACKAGE = frozenset({"dependencies", "devDependencies", "scripts", "private", "main", "license", "version"})
_HERE = "`engines`, `gateway` and `webui`"


def foreign(path: Path, text: str, model: type[BaseModel]) -> str:
    """Return the kind of another program's file and the next step; empty if it may be a kit.yaml."""
    begin = text.lstrip("\ufeff \t\r\n")
    keys = frozenset(_keys(text, begin))
    if keys & OWN and not {"format", "platform"} <= keys:
        return ""
    told = _by_keys(path, text, keys, model) or _by_text(path, text, keys)
    return f"is {told}" if told else ""


def has_no_own_key(data: object, model: type[BaseModel]) -> bool:
    """Return True if a file has keys, none of which belongs to kit.yaml or resembles one of its keys."""
    if not isinstance(data, dict) or not data:
        return False
    unknown = told_of_key("", (), model, {})
    return all(isinstance(key, str) and told_of_key(key, (), model, {}) == unknown for key in data)


def _keys(text: str, begin: str) -> list[str]:
    """Return the keys that a file begins its values with, even if the file as a whole is no YAML."""
    if begin.startswith("{"):
        try:
            keys = json.loads(begin)
        except (ValueError, RecursionError):
            keys = {}
        return [str(key) for key in keys]
    return _TOP_KEY.findall(text)


def _by_keys(path: Path, text: str, keys: frozenset[str], model: type[BaseModel]) -> str:
    if {"format", "platform", "kit"} <= keys:
        return f"a kit.lock, which `{Line('lock', spec=path.parent / 'kit.yaml')}` writes; name the kit.yaml beside it"
    if "services" in keys and keys <= _COMPOSE | {key for key in keys if key.startswith("x-")} | {"models"}:
        return f"a Docker Compose file; a kit.yaml has {_HERE} in the place of services: {begin_at(path)}"
    if program := program_of_file(keys, all_models(model)):
        own = "which the kit writes itself from `engines` and `models`"
        return f"a configuration file of {program}, {own}: {begin_at(path)}"
    if {"apiVersion", "kind"} <= keys:
        return f"a manifest of Kubernetes; the kit runs its services with Docker Compose: {begin_at(path)}"
    if "$schema" in keys and keys & {"properties", "$defs", "type"}:
        return (
            f"a JSON Schema, with which an editor completes a kit.yaml; name the kit.yaml itself, or {begin_at(path)}"
        )
    if "name" in keys and len(keys & _PACKAGE) > 1 and text.lstrip().startswith("{"):
        return f"a package.json of Node.js, not a kit.yaml: {begin_at(path)}"
    return ""


def _by_text(path: Path, text: str, keys: frozenset[str]) -> str:
    begin = text.lstrip("\ufeff \t\r\n")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if begin.startswith("#!"):
        return f"a script, not a kit.yaml: {begin_at(path)}"
    if begin.startswith("<"):
        return "a page of HTML or XML, not a kit.yaml; download the file itself"
    words = {word.lower() for word in _INSTRUCTION.findall(text)}
    if lines and re.match(r"from[ \t]+\S", lines[0], re.IGNORECASE) and not keys & OWN:
        return _made_from(path, words)
    if lines and all(_VARIABLE.fullmatch(line) for line in lines):
        return f"a file of environment variables; a kit.yaml has keys for what they set: {begin_at(path)}"
    if lines and _TABLE.fullmatch(lines[0]):
        return f"a file of TOML or INI, not YAML: {begin_at(path)}"
    if (
        lines
        and lines[0].startswith("- ")
        and {"hosts", "tasks"} & set(re.findall(r"^[- ]+(\w+):", text, re.MULTILINE))
    ):
        return f"a playbook of Ansible; the kit brings its own: {begin_at(path)}"
    return ""


def _made_from(path: Path, words: set[str]) -> str:
    if words & _IMAGE:
        return f"a Dockerfile; the kit builds or pulls its images itself: {begin_at(path)}"
    return f"a Modelfile; `{Line('import', 'modelfile', as_word(path))}` prints its lines for a kit.yaml"


def begin_at(path: Path) -> str:
    """Return the next step to a kit.yaml in this file's folder: the existing one, or a new one."""
    beside = path.parent / "kit.yaml"
    if path.name == beside.name:
        return f"`{Line('init', spec=path.parent / 'home' / 'kit.yaml')}` writes one"
    return f"name {beside}" if beside.is_file() else f"`{Line('init', spec=beside)}` writes one"
