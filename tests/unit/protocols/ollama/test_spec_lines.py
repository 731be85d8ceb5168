"""An existing Modelfile becomes lines of kit.yaml that make the same model."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import Parameters, set_values
from deploy.protocols.ollama.parse import parse
from deploy.protocols.ollama.spec_lines import Entry, spec_entry, spec_lines
from deploy.reading.tree import parse_document
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
    assert (found.get("renderer"), found.get("parser")) == (modelfile.renderer, modelfile.parser)
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


ENDS = [
    "",
    "\n",
    "\n\n",
    "\n\n\n",
    " ",
    "\n ",
    " \n",
    "\t",
    "\n\t",
    "\x85",
    "\u2028",
    "\u2029\n",
    "\n...",
    "\n---\n",
    "\n#",
    ": ",
]
PIECES = st.sampled_from(
    [*ENDS, *"#-?:,[]{}&*!|>'\"%@`~=\\", "no", "12:30", "1e3", "word " * 30, "\u200c", "\ufeff", "🩷"]
)
SPOKEN = st.lists(PIECES | st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8).map("".join)


def ensure_fragment(found: Entry) -> None:
    """Fail unless the lines of an entry read back the same alone, twice in a file, and with anything behind them."""
    lines = spec_lines(found)
    assert yaml.safe_load(lines) == [found]
    for between in ("", "\n", "\n\n# comment\n"):
        text = f"models:\n{lines.rstrip()}\n{between}{lines}{between}backup: null\n"
        assert parse_document(text, "kit.yaml", "").data == {"models": [found, found], "backup": None}
        assert yaml.safe_load(text)["models"] == [found, found]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("begin", ["Be kind.", "", "\n", "  two\n", "\tx\n", "# x\n", "---\n", "...\n", ": "])
def test_the_lines_are_a_fragment_that_stands_anywhere(begin: str, end: str) -> None:
    ensure_fragment({"name": "mine", "engine": "main", "from": "a", "system": begin + end})


@given(SPOKEN, SPOKEN, SPOKEN)
def test_every_text_is_read_back_as_it_was(system: str, content: str, stop: str) -> None:
    messages = [{"role": "user", "content": content}]
    texts = {"template": content, "messages": messages, "license": system}
    ensure_fragment({"name": "mine", "engine": "main", "from": "a", "stop": [stop, "b"], "system": system, **texts})


@pytest.mark.parametrize("text", ["Be 🩷 kind.\n\n", "\t🧑‍💻 \\U0001FA77 \\\\🩷\n\n", "🏴󠁧󠁿\u2028"])
def test_a_character_of_any_plane_is_written_as_itself(text: str) -> None:
    lines = spec_lines({"name": "mine", "system": text})
    assert {character for character in text if character > "\uffff"} <= set(lines)
    assert yaml.safe_load(lines) == [{"name": "mine", "system": text}]
