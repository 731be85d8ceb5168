"""An existing Modelfile becomes lines of kit.yaml that make the same model."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given

from deploy.modelfile.modelfile import Modelfile
from deploy.modelfile.parameters import Parameters, set_values
from deploy.modelfile.parse import parse
from deploy.modelfile.spec_lines import spec_entry, spec_lines
from tests.modelfiles import MODELFILES

SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
OLD = '''FROM mistral
SYSTEM "Ты — Шекспировский помощник..."
PARAMETER temperature 0.7
PARAMETER stop "[Q]"
TEMPLATE """[Q] {{ .Prompt }}
[A] {{ .Response }}"""
MESSAGE user yes
MESSAGE assistant "no: never # ever"
'''


def written(modelfile: Modelfile, name: str, sha256s: dict[str, str] | None = None) -> str:
    return spec_lines(spec_entry(modelfile, name, "main", sha256s))


def entry(lines: str) -> dict[str, Any]:
    (found,) = yaml.safe_load(lines)
    assert isinstance(found, dict)
    return found


def test_the_lines_read_well() -> None:
    assert written(parse("Modelfile", OLD.encode()).modelfile, "bard") == (
        "- name: bard\n"
        "  engine: main\n"
        "  from: mistral\n"
        "  stop:\n"
        "  - '[Q]'\n"
        "  temperature: 0.7\n"
        "  system: Ты — Шекспировский помощник...\n"
        "  template: |-\n"
        "    [Q] {{ .Prompt }}\n"
        "    [A] {{ .Response }}\n"
        "  messages:\n"
        "  - role: user\n"
        "    content: 'yes'\n"
        "  - role: assistant\n"
        "    content: 'no: never # ever'\n"
    )


@given(MODELFILES)
def test_every_value_is_in_the_lines(modelfile: Modelfile) -> None:
    found = entry(written(modelfile, "mine"))
    assert {name: found[name] for name in set_values(modelfile.parameters)} == set_values(modelfile.parameters)
    assert (found.get("system"), found.get("template")) == (modelfile.system, modelfile.template)
    assert found.get("messages", []) == [message.model_dump() for message in modelfile.messages]
    assert found.get("license", "") == "\n\n".join(modelfile.license)
    assert found.get("requires") == modelfile.requires


@pytest.mark.parametrize("path", ["./x.gguf", "../x", "/m/x.bin", "~/x.gguf", "x.GGUF", "C:\\m\\x.bin"])
def test_a_path_becomes_a_file_whose_sha256_is_given_or_to_be_filled_in(path: str) -> None:
    modelfile = Modelfile(path, adapter="a.gguf")
    lines = written(modelfile, "mine")
    assert lines.count("fill in what sha256sum says") == 2
    assert entry(lines)["from"] == {"file": path, "sha256": "0" * 64}
    known = written(modelfile, "mine", {path: SHA256, "a.gguf": SHA256})
    assert "fill in" not in known
    assert entry(known)["from"] == {"file": path, "sha256": SHA256}
    assert entry(known)["adapter"] == {"file": "a.gguf", "sha256": SHA256}


def test_a_file_of_an_engines_store_says_its_sha256_itself() -> None:
    path = f"/root/models/blobs/sha256-{SHA256}"
    lines = written(Modelfile(path), "mine")
    assert entry(lines)["from"] == {"file": path, "sha256": SHA256}
    assert "fill in" not in lines


@pytest.mark.parametrize("name", ["llama3", "llama3:8b-instruct-q4_K_M", "hf.co/user/repo:Q4_K_M", "user/model"])
def test_a_models_name_stays_one(name: str) -> None:
    assert entry(written(Modelfile(name), "mine"))["from"] == name


def test_a_relative_path_that_looks_like_a_name_is_a_file_where_its_sha256_is_given() -> None:
    lines = written(Modelfile("weights", parameters=Parameters(top_k=1)), "mine", {"weights": SHA256})
    assert entry(lines)["from"] == {"file": "weights", "sha256": SHA256}
