"""Texts in files that kit.yaml names: line ends of other systems, languages, and faults at the file's own lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import SpecError
from deploy.reading.tree import read_document
from deploy.spec.loading.loader import load_spec
from deploy.spec.models import Model
from deploy.spec.texts import line_notes


def spec(folder: Path, keys: str) -> Path:
    path = folder / "kit.yaml"
    head = "kit: 1\nstack: home\nbackup: null\nengines: [{name: main, kind: ollama}]\nmodels:\n"
    path.write_text(f'{head}  - name: a\n    engine: main\n    from: "llama3:8b"\n    {keys}\n')
    return path


def model(folder: Path, keys: str) -> Model:
    (found,) = load_spec(spec(folder, keys)).models
    return found


def told(folder: Path, keys: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_spec(spec(folder, keys))
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize(("end", "counted"), [("\r\n", "3 with CR LF"), ("\r", "3 with CR alone")])
def test_line_ends_of_other_systems_become_line_feeds_with_one_note(tmp_path: Path, end: str, counted: str) -> None:
    (tmp_path / "p.txt").write_bytes(end.join(["Be", "", "kind.", ""]).encode())
    assert model(tmp_path, "system: {file: p.txt}").system == "Be\n\nkind.\n"
    (note,) = line_notes(read_document(tmp_path / "kit.yaml", 10_000, ""))
    assert note == f"{tmp_path}/p.txt: line ends of other systems ({counted}) are read as LF"


def test_templates_and_examples_of_windows_are_taken_too(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"{{ .System }}\r\n{{ .Prompt }}\r\n")
    (tmp_path / "e.txt").write_bytes(b"[Q] a\r\nb\r\n[A] c\r\n")
    (tmp_path / "e.jsonl").write_bytes(b'{"role": "assistant", "content": "a\\r\\nb"}\r\n')
    found = model(tmp_path, "template: {file: t}\n    messages: {file: e.txt}")
    assert found.template == "{{ .System }}\n{{ .Prompt }}\n"
    assert [message.content for message in found.messages] == ["a\nb", "c"]
    assert [message.content for message in model(tmp_path, "messages: {file: e.jsonl}").messages] == ["a\nb"]


@pytest.mark.parametrize(
    "text", ["می\u200cشود", "🧑\u200d💻 🩷 \U0001fae9", "50\u00a0% 1\u202f000 語\u3000", 'a """\nb', "\u2028"]
)
def test_every_text_of_a_language_is_carried(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.txt").write_text(text)
    assert model(tmp_path, "system: {file: p.txt}").system == text
    (tmp_path / "e.txt").write_text(f"[Q] {text}\n[A] {text}\n")
    assert [message.content for message in model(tmp_path, "messages: {file: e.txt}").messages] == [text, text]


def test_a_fault_of_a_file_is_told_at_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(b"Be\r\nki\x07nd\r\n\x07\r\na\0b\r\n")
    assert told(tmp_path, "system: {file: p.txt}") == [
        "p.txt:2:3: models[0].system: holds the control character '\\x07' (also in line 3)",
        "p.txt:4:2: models[0].system: holds the control character '\\x00'",
    ]
    (tmp_path / "p.txt").write_bytes(b"Be\nk\xff\n")
    assert told(tmp_path, "system: {file: p.txt}") == [
        "p.txt:2:2: models[0].system: the byte 0xff is not UTF-8; save the file as UTF-8"
    ]
    (tmp_path / "p.txt").write_bytes(b"")
    assert told(tmp_path, "system: {file: p.txt}") == ["p.txt: models[0].system: must hold 1 to 65536 characters"]


def test_a_fault_of_a_template_or_of_examples_too(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("{{ .Prompt }}\n{{ .Input }}\n\n{{ .Input }}\n")
    (tmp_path / "e.txt").write_text("[Q] a\n[A] b\n[Q] c\n")
    examples, template = told(tmp_path, "template: {file: t}\n    messages: {file: e.txt}")
    assert examples == "e.txt:3:1: models[0].messages: a question without an answer; the examples end here"
    assert template.startswith("t:2:1: models[0].template: .Input is not known to the template language (did you mean")
    assert template.endswith(" (also in line 4)")


def test_a_file_that_cannot_be_read_is_told_where_it_is_named(tmp_path: Path) -> None:
    assert told(tmp_path, "system: {file: no.txt}") == [
        "kit.yaml:9:13: models[0].system: 'no.txt' cannot be read: No such file or directory"
    ]


def test_the_address_of_a_models_page_is_its_name(tmp_path: Path) -> None:
    path = spec(tmp_path, "top_k: 1")
    for written in (
        "https://huggingface.co/a/b-GGUF:Q4_K_M",
        "http://huggingface.co/a/b-GGUF:Q4_K_M/",
        "HTTPS://hf.co/a/b",
    ):
        path.write_text(path.read_text().replace("llama3:8b", written))
        (found,) = load_spec(path).models
        assert found.from_ == written.partition("//")[2].rstrip("/")
        path.write_text(path.read_text().replace(written, "llama3:8b"))
    for wrong in ("https://huggingface.co/a/b/tree/main", "https://hf.co/b", "ftp://hf.co/a/b"):
        path.write_text(path.read_text().replace("llama3:8b", wrong))
        with pytest.raises(SpecError, match="is not a model's name"):
            load_spec(path)
        path.write_text(path.read_text().replace(wrong, "llama3:8b"))


def test_a_value_of_the_wrong_kind_is_shown_as_kit_yaml_has_it(tmp_path: Path) -> None:
    assert told(tmp_path, "system: ['🩷', \"\\u200d\"]") == [
        'kit.yaml:9:13: models[0].system: ["🩷", "\\u200d"] is not text'
    ]


def test_a_character_newer_than_python_is_a_character_in_every_message(tmp_path: Path) -> None:
    path = spec(tmp_path, "top_k: 1")
    path.write_text(path.read_text().replace("llama3:8b", "my🩷"))
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    (problem,) = caught.value.problems
    assert "is not a model's name; '\U0001fa77' is not allowed; write it as in llama3:8b" in problem.message
    (fault,) = told(tmp_path, 'template: "{{ 🩷 }}"')
    assert fault.endswith("'🩷' cannot stand here")


def test_a_file_of_two_spellings_is_noted_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "p.txt").write_bytes(b"Be\r\nkind\r\n")
    (tmp_path / "link.txt").symlink_to("p.txt")
    names = ("p.txt", "./p.txt", "sub/../p.txt", "link.txt", str(tmp_path / "p.txt"))
    models = "".join(
        f"- {{name: m{number}, engine: main, from: a, system: {{file: {name}}}}}\n" for number, name in enumerate(names)
    )
    path = tmp_path / "kit.yaml"
    path.write_text(f"kit: 1\nmodels:\n{models}")
    assert [note.split(": ")[0] for note in line_notes(read_document(path, 9999, ""))] == [str(tmp_path / "p.txt")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Be kind".encode("utf-16"), "p.txt: models[0].system: is UTF-16; save it as UTF-8"),
        (b"Be kind\nn\xe9\n", "p.txt:2:2: models[0].system: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_in_another_encoding_is_told_as_kit_yaml_is(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "p.txt").write_bytes(content)
    assert told(tmp_path, "system: {file: p.txt}") == [said]
