"""Files of other programs in the place of a kit.yaml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.assets import inventories_dir
from deploy.spec.loading.foreign import foreign
from deploy.spec.model import Spec
from tests.unit.cli.conftest import Kit

FILES = {
    "compose.yaml": ("services:\n  a: {image: b}\nvolumes: {c: {}}\n", "is a Docker Compose file"),
    "docker-compose.yml": (
        "version: '3'\nx-a: &a\n  restart: always\nservices:\n  b:\n    <<: *a\n    environment:\n    - A=b\n",
        "is a Docker Compose file",
    ),
    "broken-compose.yml": ("name: x\nservices:\n  a:\n image: b: c\n", "is a Docker Compose file"),
    "Modelfile": ('# mine\nFROM llama3\nPARAMETER temperature 1\nSYSTEM """A:\nb: c"""\n', "is a Modelfile"),
    "lower.yaml": ("from ./a.gguf\nparameter top_k 3\n", "is a Modelfile"),
    "Dockerfile": ("FROM debian:12\nRUN apt-get update\nCMD sh\n", "is a Dockerfile"),
    "package.json": (json.dumps({"name": "a", "version": "1.0.0", "scripts": {"b": "c"}}), "is a package.json"),
    "tsconfig.json": (json.dumps({"compilerOptions": {}}, indent=2), "has none of a kit.yaml's keys"),
    "config.yaml": (
        "model_list:\n- model_name: a\nlitellm_settings: {drop_params: true}\n",
        "is a configuration file of LiteLLM",
    ),
    "pod.yaml": ("apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Service\n", "is a manifest of Kubernetes"),
    ".env": ("# keys\nOLLAMA_HOST=0.0.0.0\nexport A='b c'\n", "is a file of environment variables"),
    "run.sh": ("#!/bin/sh\nollama serve\n", "is a script"),
    "kit.lock": ((inventories_dir() / "quickstart/kit.lock").read_text(), "is a kit.lock"),
    "kit.schema.json": (json.dumps({"$schema": "a", "type": "object", "properties": {}}), "is a JSON Schema"),
    "pyproject.toml": ("[project]\nname = 'a'\n", "is a file of TOML or INI"),
    "play.yml": ("- hosts: all\n  tasks:\n  - command: ls\n", "is a playbook of Ansible"),
    "page.yaml": ("<!DOCTYPE html>\n<html></html>\n", "is a page of HTML or XML"),
    "README.md": ("# Kit\n\nSome text: here\n", "has none of a kit.yaml's keys"),
    "mine.gguf": ("GGUF\3\0\0\0", "is a GGUF file"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("verb", ["check", "plan"])
def test_a_file_of_another_program_is_told_in_one_line(
    name: str, verb: str, kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, told = FILES[name]
    Path(name).write_text(text)
    shown = kit(verb, f"./{name}")
    assert (shown.code, shown.out, len(shown.err.splitlines())) == (2, "", 1)
    assert shown.err.startswith(f"{name}: {told}")


@pytest.mark.parametrize(
    ("files", "step"),
    [
        (("compose.yaml",), "`kit init kit.yaml` writes one"),
        (("compose.yaml", "kit.yaml"), "name kit.yaml"),
        (("kit.yaml",), "`kit init home/kit.yaml` writes one"),
    ],
)
def test_the_next_step_can_be_typed_beside_what_lies_there(
    files: tuple[str, ...], step: str, kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in files:
        Path(name).write_text("services: {}\n")
    assert kit("check", files[0]).err.endswith(f"{step}\n")


def test_a_modelfile_is_read_by_the_line_that_its_answer_names(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-m").write_text("FROM llama3\n")
    line = kit("check", "--", "-m").err.split("`")[1]
    assert line == "kit import modelfile ./-m"
    assert kit(*line.split()[1:]).code == 0


@pytest.mark.parametrize("path", sorted(inventories_dir().glob("*/kit.yaml")), ids=lambda path: str(path.parent.name))
def test_a_kit_yaml_is_no_file_of_another_program(path: Path) -> None:
    assert foreign(path, path.read_text(), Spec) == ""
