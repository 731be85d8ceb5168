"""An imported spec is what `kit check` takes; all else is refused or left out, with its reason."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deploy.errors import SpecError
from deploy.protocols.ollama.text import render
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from deploy.spec.told.imported import Imported, imported
from tests.modelfiles import MODELFILES

HEAD = "kit: 1\nstack: home\nbackup: null\ngateway: null\nwebui: null\nengines:\n"
OLLAMA = "- {name: main, kind: ollama}\n"
SOURCES = (
    *("llama3", "llama3:8b", "hf.co/a/b:Q4_K_M", "https://huggingface.co/a/b", "x:local", "gpt-oss:120b-cloud"),
    *("glm:CLOUD", "llama3 # base", "'llama3'", "$MODEL", "a/b/c/d", "llama3:", "me/own:v1", "own.gguf", "null", "123"),
)
LINES = (
    *("SYSTEM be kind", "SYSTEM ", 'SYSTEM """a\n\n"""', "MESSAGE system s", "MESSAGE user q", "MESSAGE assistant a"),
    *(
        "TEMPLATE {{ .Prompt }}",
        "TEMPLATE {{ .System }} {{ .Prompt }}",
        "TEMPLATE {% x %}",
        "RENDERER qwen3",
        "PARSER q",
    ),
    *("PARAMETER temperature -1", "PARAMETER temperature nan", 'PARAMETER num_ctx "8192"', "PARAMETER num_ctx 1e4"),
    *("PARAMETER stop x", "PARAMETER stop y # z", "PARAMETER mirostat 1", "PARAMETER nope 1", "PARAMETER top_k 40"),
    *(
        "LICENSE MIT",
        "LICENSE ",
        "ADAPTER own.gguf",
        "ADAPTER a.safetensors",
        "REQUIRES v0.14",
        "REQUIRES >1",
        "DRAFT d",
    ),
    *(
        "FROM mmproj.gguf",
        "FROM other",
        "# comment",
        "",
        "SYSTEM a\tb\x07c",
        "SYSTEM it's \u201cso\u201d",
        "parameter seed 1",
    ),
)


def of(text: str, folder: Path, spec: Spec | None = None) -> Imported:
    file = folder / "Modelfile"
    file.write_text(text, newline="")
    for name in ("own.gguf", "mmproj.gguf", "m-00001-of-00002.gguf"):
        (folder / name).write_bytes(b"GGUF" + bytes(64))
    return imported(file, "teacher", "main", folder, lambda *_: None, spec)


def loaded(lines: str, folder: Path, engines: str = OLLAMA) -> Spec:
    path = folder / "kit.yaml"
    path.write_text(f"{HEAD}{engines}{f'models:{chr(10)}{lines}' if lines else ''}")
    return load_spec(path)


def ensure_taken(text: str) -> None:
    """Whatever is printed loads."""
    with tempfile.TemporaryDirectory() as name:
        try:
            found = of(text, Path(name))
        except SpecError:
            return
        assert loaded(found.lines, Path(name)).models[0].name == "teacher"


@given(st.sampled_from(SOURCES), st.lists(st.sampled_from(LINES), max_size=8))
@example("llama3", ["SYSTEM be kind", "MESSAGE system s"])
@example("llama3", ["MESSAGE user q", "MESSAGE system s", "SYSTEM be kind"])
def test_what_is_printed_of_any_lines_is_taken_by_check(source: str, lines: list[str]) -> None:
    ensure_taken("\n".join([f"FROM {source}", *lines]))


@given(MODELFILES)
def test_what_is_printed_of_any_modelfile_is_taken_by_check(modelfile: object) -> None:
    ensure_taken(render(modelfile))  # type: ignore[arg-type]


def test_messages_of_the_system_go_into_its_text_as_an_engine_joins_them(tmp_path: Path) -> None:
    found = of("FROM a\nSYSTEM one\nMESSAGE system two\nMESSAGE system three\nMESSAGE user q\n", tmp_path)
    model = loaded(found.lines, tmp_path).models[0]
    assert (model.system, [message.role for message in model.messages]) == ("one\n\ntwo\n\nthree", ["user"])
    assert [note.line for note in found.notes] == [3, 4]
    assert found.left_out == ()


def test_a_message_of_the_system_between_others_is_left_out_beside_a_system_text(tmp_path: Path) -> None:
    found = of("FROM a\nMESSAGE user q\nMESSAGE system two\nSYSTEM one\n", tmp_path)
    assert [(one.line, one.message.split(";")[0]) for one in found.left_out] == [
        (3, "MESSAGE system stands between other messages, and beside SYSTEM many templates lose one")
    ]
    alone = of("FROM a\nMESSAGE user q\nMESSAGE system two\n", tmp_path)
    assert (alone.left_out, len(loaded(alone.lines, tmp_path).models[0].messages)) == ((), 2)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("gpt-oss:120b-cloud", "or write `cloud: true` at main"),
        ("x:local", "write x"),
        ("llama3 # base", "a name has no '#'; a comment has a line of its own"),
        ("'llama3'", "write it without them"),
        ("$MODEL", "a placeholder stands there"),
        ("<model>", "a placeholder stands there"),
        ("https://huggingface.co/a/b?x=1", "leave out what begins with '?': huggingface.co/a/b"),
        ("llama3 AS base", "a name has no blanks"),
        ("m-00001-of-00002.gguf", "join them with `llama-gguf-split --merge`"),
        ("hf.co/a/b/c.gguf", "a model of a registry is named without its file"),
    ],
)
def test_a_source_that_kit_yaml_cannot_have_is_told_with_what_to_write(source: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        of(f"FROM {source}\nPARAMETER top_k 4\n", tmp_path)
    (problem,) = caught.value.problems
    assert (problem.line, told in problem.message) == (1, True)


@pytest.mark.parametrize("text", ["kit: 1\nstack: home\n", '{"name": "a"}', "```\n"])
def test_a_file_without_any_instruction_is_no_modelfile(text: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is no Modelfile") as caught:
        of(text, tmp_path)
    assert len(caught.value.problems) == 1


def test_the_kit_yaml_beside_it_decides_what_its_engine_can_do(tmp_path: Path) -> None:
    cloudy = loaded("", tmp_path, "- {name: main, kind: ollama, cloud: true}\n")
    assert "gpt-oss:120b-cloud" in of("FROM gpt-oss:120b-cloud\n", tmp_path, cloudy).lines
    opened = loaded(
        f"- {{name: a, engine: main, from: {{file: own.gguf, sha256: {'0' * 64}}}}}",
        tmp_path,
        "- {name: main, kind: llama_cpp, threads: 1}\n",
    )
    with pytest.raises(SpecError, match="a llama_cpp engine takes one model") as caught:
        of("FROM own.gguf\nSYSTEM x\n", tmp_path, opened)
    assert caught.value.next_step == "choose another engine with --engine E"


def test_a_model_that_kit_yaml_has_already_is_told(tmp_path: Path) -> None:
    there = loaded("- {name: teacher, engine: main, from: llama3}", tmp_path)
    found = of("FROM llama3\nSYSTEM x\n", tmp_path, there)
    assert [note.message.split(":")[0] for note in found.notes] == ["kit.yaml has a model teacher on main already"]
    assert of("FROM llama3\n", tmp_path).notes == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"FROM a\nSYSTEM h\xe9\n", "2:9: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"\xff\xfeF", "1:1: is not whole UTF-16; save it as UTF-8"),
        (b"FROM a\n\xe9\0", " is a binary file, not text"),
    ],
)
def test_bytes_that_are_no_text_are_told_as_those_of_kit_yaml(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "Modelfile").write_bytes(content)
    with pytest.raises(SpecError) as caught:
        imported(tmp_path / "Modelfile", None, "main", tmp_path, lambda *_: None)
    assert str(caught.value.problems[0]) == f"{tmp_path}/Modelfile:{told}"
