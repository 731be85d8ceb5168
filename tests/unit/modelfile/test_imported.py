"""A Modelfile of this machine as lines of kit.yaml that load."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.errors import SpecError, UsageError
from deploy.modelfile.imported import imported, name_of
from deploy.spec.loader import load_spec

GGUF = b"GGUF" + b"\x03\0\0\0" + bytes(3 << 20)
SHA256 = hashlib.sha256(GGUF).hexdigest()


def lines(folder: Path, text: str, name: str = "Modelfile", told: list[tuple[str, int, int]] | None = None) -> str:
    file = folder / "models" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return imported(file, None, "main", folder, lambda *news: told.append(news) if told is not None else None).lines


def entry(text: str) -> dict[str, Any]:
    (found,) = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        lines(folder, text)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_a_file_beside_the_modelfile_is_hashed_and_its_path_begins_at_kit_yaml(tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(GGUF)
    told: list[tuple[str, int, int]] = []
    text = lines(tmp_path, "FROM ../own.gguf\nADAPTER ../own.gguf\nPARAMETER temperature 0.2\n", told=told)
    found = entry(text)
    assert found["from"] == found["adapter"] == {"file": "own.gguf", "sha256": SHA256}
    assert found["temperature"] == 0.2
    assert told[-1] == ("own.gguf", len(GGUF), len(GGUF))
    assert [done for _, done, _ in told[:2]] == [1 << 20, 2 << 20]


def test_a_path_from_the_root_stays_one_and_a_name_of_a_library_is_no_path(tmp_path: Path) -> None:
    blob = tmp_path / f"sha256-{SHA256}"
    blob.write_bytes(GGUF)
    assert entry(lines(tmp_path, f"FROM {blob}\n"))["from"] == {"file": str(blob), "sha256": SHA256}
    assert entry(lines(tmp_path, "FROM llama3:8b-instruct-q4_K_M\n"))["from"] == "llama3:8b-instruct-q4_K_M"


def test_what_lies_beside_the_modelfile_is_taken_before_what_a_library_has(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/mine").write_bytes(GGUF)
    assert entry(lines(tmp_path, "FROM mine\n"))["from"] == {"file": "models/mine", "sha256": SHA256}


def test_the_lines_load_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(GGUF)
    text = lines(tmp_path, 'FROM ../own.gguf\nSYSTEM """a: "b" # c"""\nMESSAGE user Hi\nMESSAGE assistant Привет\n')
    spec = tmp_path / "kit.yaml"
    spec.write_text(f"kit: 1\nstack: home\nmodels:\n{text}backup: null\n")
    (model,) = load_spec(spec).models
    assert (model.name, model.system, model.messages[1].content) == ("models", 'a: "b" # c', "Привет")


def test_a_file_that_is_not_there_or_no_gguf_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("no")
    (tmp_path / "folder").mkdir()
    assert problems(tmp_path, "# c\nFROM ./nope.gguf\nADAPTER ../text.gguf\n") == [
        "models/Modelfile:2:1: ./nope.gguf cannot be read: No such file or directory",
        "models/Modelfile:3:1: ../text.gguf is no GGUF file; kit.yaml takes nothing else",
    ]
    assert problems(tmp_path, "FROM ../folder\n") == [
        "models/Modelfile:1:1: ../folder is a folder; kit.yaml takes one GGUF file"
    ]


def left_out(folder: Path, text: str) -> tuple[dict[str, Any], list[str]]:
    (folder / "Modelfile").write_text(text)
    found = imported(folder / "Modelfile", "mine", "main", folder, lambda *_: None)
    return entry(found.lines), [str(problem).removeprefix(f"{folder}/") for problem in found.left_out]


def test_what_kit_yaml_cannot_say_is_left_out_and_told_all_at_once(tmp_path: Path) -> None:
    found, told = left_out(tmp_path, "FROM a\nPARAMETER mirostat 2\nPARSER b\nPARAMETER temperature 1\n")
    assert found == {"name": "mine", "engine": "main", "from": "a", "temperature": 1.0}
    assert [line.split(": ")[0] for line in told] == ["Modelfile:2:1", "Modelfile:3:1"]


def test_a_text_that_is_too_long_for_kit_yaml_is_left_out(tmp_path: Path) -> None:
    found, told = left_out(tmp_path, f"FROM a\nSYSTEM {'x' * 70_000}\n")
    assert "system" not in found
    assert told == ["Modelfile:2:1: system: must hold 1 to 65536 characters"]


def test_a_model_that_kit_yaml_has_no_name_for_is_refused_whole(tmp_path: Path) -> None:
    assert problems(tmp_path, "FROM a b\nPARSER c\n")[0].startswith("models/Modelfile:1:1: from: 'a b' ")
    missing = problems(tmp_path, "FROM ./a.gguf\nPARSER c\n")
    assert [line.split(": ")[0] for line in missing] == ["models/Modelfile:1:1", "models/Modelfile:2:1"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("x/EnglishTeacher.Modelfile", "EnglishTeacher"),
        ("x/teacher.Modefile", "teacher"),
        ("x/Modelfile", "x"),
        ("x/Modelfile.coder", "coder"),
        ("x/my model (2).modelfile", "my-model-2"),
        ("x/учитель.Modelfile", "model"),
        ("x/mistral-7b.v0.3.Modelfile", "mistral-7b.v0.3"),
    ],
)
def test_a_model_is_called_as_its_file_or_its_folder(path: str, name: str) -> None:
    assert name_of(Path(path)) == name


def test_what_is_no_modelfile_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        imported(tmp_path / "nope", None, "main", tmp_path, lambda *_: None)
    large = tmp_path / "large"
    large.write_bytes(bytes(5 << 20))
    with pytest.raises(UsageError, match="larger than 4 MiB"):
        imported(large, None, "main", tmp_path, lambda *_: None)
