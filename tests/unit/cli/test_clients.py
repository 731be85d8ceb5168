"""`kit clients` and `kit import`, as they are typed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from deploy.assets import inventories_dir
from deploy.spec.loading.loader import load_spec
from tests.unit.cli.conftest import Kit

QUICKSTART = inventories_dir() / "quickstart/kit.yaml"


def test_all_lines_are_printed_with_what_is_left_out_and_why(kit: Kit) -> None:
    shown = kit("clients", str(QUICKSTART))
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(
        "# litellm: http://127.0.0.1:4000/v1, from this machine alone, with the key litellm_master_key; models: gemma\n"
    )
    assert "\n# curl\nexport OPENAI_API_KEY=" in shown.out
    assert f"kit secret show litellm_master_key {QUICKSTART.absolute()}" in shown.out
    assert "# left out: Neovim: ollama.nvim with lazy.nvim: no engine of this kit.yaml" in shown.out


def test_one_client_alone_can_be_read_by_its_program(kit: Kit) -> None:
    compile(kit("clients", "--for", "python", str(QUICKSTART)).out, "python", "exec")
    assert kit("clients", "--for", "env", str(QUICKSTART)).out.startswith(
        "export OPENAI_BASE_URL=http://127.0.0.1:4000/v1\n"
    )
    missing = kit("clients", "--for", "nvim", str(QUICKSTART))
    assert (missing.code, missing.out) == (2, "")
    assert missing.err.startswith("error: there are no lines for nvim: no engine of this kit.yaml")
    assert kit("clients", "--for", "emacs", str(QUICKSTART)).code == 2


def test_the_document_has_addresses_lines_and_reasons(kit: Kit) -> None:
    document = kit("clients", "--json", str(QUICKSTART)).document
    assert document["addresses"] == [
        {
            "name": "litellm",
            "url": "http://127.0.0.1:4000/v1",
            "this_machine_alone": True,
            "secret": "litellm_master_key",
            "models": ["gemma"],
        }
    ]
    assert set(document["lines"]) | set(document["left_out"]) >= {"curl", "powershell", "python", "nvim"}


def test_a_modelfile_is_printed_as_lines_for_the_engine_of_the_kit_yaml_here(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Teacher.Modelfile").write_text("FROM llama3.2:3b\nPARAMETER temperature 0.2\n")
    assert kit("import", "modelfile", "Teacher.Modelfile").out == (
        "- name: Teacher\n  engine: main\n  from: llama3.2:3b\n  temperature: 0.2\n"
    )
    mac = '{name: mac, kind: external, api: ollama, url: "http://mac.lan:11434"}'
    Path("kit.yaml").write_text(f"kit: 1\nstack: home\nengines: [{mac}]\nbackup: null\n")
    document = kit("import", "modelfile", "Teacher.Modelfile", "--name", "t", "--json").document
    assert (document["name"], document["engine"], document["models"][0]["from"]) == ("t", "mac", "llama3.2:3b")


def test_two_imports_go_to_the_end_of_the_models_in_either_style_of_list(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Teacher.Modelfile").write_text('FROM llama3.2:3b\nSYSTEM """\nBe kind.\n\n"""\n')
    for depth in ("", "  "):
        Path("kit.yaml").write_text(
            f"kit: 1\nstack: home\nbackup: null\nmodels:\n{depth}- {{name: a, engine: main, from: b}}\n"
        )
        for name in ("one", "two"):
            lines = kit("import", "modelfile", "Teacher.Modelfile", "--name", name).out
            Path("kit.yaml").write_text(Path("kit.yaml").read_text() + lines)
        models = load_spec(Path("kit.yaml")).models
        assert [(model.name, model.system) for model in models[1:]] == [
            ("one", "\nBe kind.\n\n"),
            ("two", "\nBe kind.\n\n"),
        ]


def test_a_modelfile_that_is_piped_in_is_as_one_of_the_current_folder(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "teacher").mkdir()
    monkeypatch.chdir(tmp_path / "teacher")
    Path("own.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"FROM ./own.gguf\nSYSTEM Hi\n")))
    sha256 = hashlib.sha256(b"GGUF").hexdigest()
    assert kit("import", "modelfile", "-").out == (
        f"- name: teacher\n  engine: main\n  from:\n    file: own.gguf\n    sha256: {sha256}\n  system: Hi\n"
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"FROM ./nope.gguf\n")))
    shown = kit("import", "modelfile", "-", "--name", "t")
    assert (shown.code, shown.err.partition(": ")[0]) == (2, "stdin:1:1")


def test_problems_of_a_modelfile_have_their_line(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Modelfile").write_text("FROM ./nope.gguf\n")
    shown = kit("import", "modelfile", "Modelfile")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.splitlines() == [
        "Modelfile:1:1: ./nope.gguf cannot be read: No such file or directory",
        "put the GGUF file at that path, or change the line",
    ]


def test_lines_that_kit_yaml_cannot_say_are_told_beside_those_that_it_can(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Modelfile").write_text("FROM gemma\nDRAFT d.gguf\nPARAMETER tfs_z 1\nSYSTEM Hi\n")
    shown = kit("import", "modelfile", "Modelfile", "--name", "mine")
    assert (shown.code, shown.out) == (1, "- name: mine\n  engine: main\n  from: gemma\n  system: Hi\n")
    assert [line[:26] for line in shown.err.splitlines()] == [
        "left out: Modelfile:2:1: D",
        "left out: Modelfile:3:1: t",
    ]
    shown = kit("import", "modelfile", "Modelfile", "--json")
    assert (shown.code, [one["line"] for one in shown.document["left_out"]]) == (1, [2, 3])


@pytest.mark.parametrize(("option", "value"), [("--name", "my model"), ("--engine", "Main")])
def test_a_name_that_kit_yaml_would_refuse_is_refused_here(kit: Kit, option: str, value: str) -> None:
    shown = kit("import", "modelfile", "Modelfile", option, value)
    assert (shown.code, shown.err.splitlines()[0].startswith(f"error: {option}: '{value}' is not a ")) == (2, True)
