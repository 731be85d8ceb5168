"""The first kit.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import UsageError
from deploy.fields.backup import BackupSpec
from deploy.spec.loading.loader import load_spec
from deploy.spec.told.first import Choices
from deploy.spec.told.schema import FILE_NAME, MODELINE
from deploy.spec.told.starter import inventories, inventory_files, starter_files

ODD_FILE = 'mine "of" all\' $(x) {{y}}.gguf'


@pytest.mark.parametrize(
    "choices",
    [
        Choices(),
        Choices(stack="office", webui=False),
        Choices(gateway=False, webui=False),
        Choices(gateway=False, publish=("192.168.1.20",)),
        Choices(publish=("fd00::1",), model="null", model_file=ODD_FILE, model_sha256="1" * 64),
        Choices(stack="yes", model="1.5:7b-q4", model_file="x.gguf", model_sha256="1" * 64),
    ],
)
def test_what_is_begun_with_is_good(tmp_path: Path, choices: Choices) -> None:
    files = starter_files(choices)
    assert set(files) == {"kit.yaml", FILE_NAME}
    path = tmp_path / "kit.yaml"
    path.write_text(files["kit.yaml"], encoding="utf-8")
    spec = load_spec(path)
    assert (spec.stack, spec.models[0].name) == (choices.stack, choices.model or "gemma")
    assert (spec.gateway is not None, spec.webui is not None) == (choices.gateway, choices.webui)
    assert spec.backup == BackupSpec()
    assert "/srv/kit-backups/..., beside the data" in files["kit.yaml"]
    assert all(front.places == choices.publish for front in (spec.gateway, spec.webui) if front)
    if choices.model_file:
        assert spec.models[0].model_dump()["from_"] == {"file": choices.model_file, "sha256": "1" * 64}


CREATED = {"kind": "ollama", "name": "main"}
OUTSIDE = {"name": "main", "kind": "external", "url": "http://mac.lan:11434", "api": "ollama"}
URL = "https://example.org/mine.gguf"


@pytest.mark.parametrize(
    ("choices", "engine", "model"),
    [
        (Choices(model="llama3.2:3b"), CREATED, {"name": "llama3.2:3b", "from_": None}),
        (Choices(model="llama3.2"), CREATED, {"name": "llama3.2", "from_": None}),
        (Choices(model="hf.co/some/Model-GGUF:Q4"), CREATED, {"name": "hf.co/some/Model-GGUF:Q4"}),
        (Choices(engine="ollama"), CREATED, {"name": "gemma"}),
        (Choices(engine="ollama", model_file="x.gguf", model_sha256="1" * 64), CREATED, {"name": "gemma"}),
        (
            Choices(engine="llama_cpp", model="mine", model_file="x.gguf", model_sha256="1" * 64),
            {"kind": "llama_cpp"},
            {"name": "mine", "from_": {"file": "x.gguf", "sha256": "1" * 64}},
        ),
        (
            Choices(model_url=URL, model_sha256="1" * 64, model="mine"),
            CREATED,
            {"name": "mine", "from_": {"url": URL, "sha256": "1" * 64}},
        ),
        (
            Choices(engine_url="http://mac.lan:11434", model="llama3.2:3b"),
            OUTSIDE,
            {"name": "llama3.2:3b", "from_": None},
        ),
        (
            Choices(engine_url="http://studio.lan:1234/v1", model="qwen/qwen3-8b", engine="external"),
            {"kind": "external", "api": "openai"},
            {"name": "qwen3-8b", "from_": "qwen/qwen3-8b"},
        ),
    ],
)
def test_the_engine_fits_the_model(
    choices: Choices, engine: dict[str, str], model: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "kit.yaml"
    path.write_text(starter_files(choices)["kit.yaml"], encoding="utf-8")
    spec = load_spec(path)
    assert spec.engines[0].model_dump().items() >= engine.items()
    assert spec.models[0].model_dump().items() >= model.items()
    assert (spec.gateway is not None, spec.webui is not None) == (True, True)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (Choices(engine="ollama", engine_url="http://mac.lan:11434", model="m"), "--engine ollama is started here"),
        (Choices(engine="external", model="m"), "needs the address where it runs"),
        (Choices(model="no such/model//x"), "--model: 'no such/model//x' is not a model's name"),
        (Choices(engine="llama_cpp", model="llama3.2:3b"), "--model: .* knows no tag, so llama3.2:3b is found nowhere"),
        (Choices(engine="llama_cpp", model="mine"), "--model: .* knows no tag, so mine is found nowhere"),
    ],
)
def test_choices_that_do_not_fit_one_another_are_told(choices: Choices, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        starter_files(choices)


def test_its_first_line_names_the_schema_beside_it_and_each_part_has_a_word() -> None:
    lines = starter_files(Choices())["kit.yaml"].splitlines()
    assert lines[0] == MODELINE
    blocks = "\n".join(lines[3:]).split("\n\n")
    assert all(block.startswith("#") for block in blocks[1:])


@pytest.mark.parametrize(
    ("choices", "option"),
    [
        (Choices(stack="../x"), "--stack"),
        (Choices(stack="x\nbackup: {}"), "--stack"),
        (Choices(publish=("somewhere",)), "--publish"),
        (Choices(model="a b", engine="llama_cpp"), "--model"),
        (Choices(model_file="x.gguf", model_sha256="zz"), "--sha256"),
        (Choices(engine_url="ftp://mac.lan", model="m"), "--url"),
    ],
)
def test_a_choice_that_cannot_be_is_told_by_its_option_before_anything_is_written(
    choices: Choices, option: str
) -> None:
    with pytest.raises(UsageError) as caught:
        starter_files(choices)
    lines = caught.value.problem.splitlines()
    assert lines == sorted(set(lines))
    assert [line for line in lines if not line.startswith(f"{option}: ") or "kit.yaml:" in line] == []


def test_a_shipped_deployment_comes_with_its_lock(tmp_path: Path, repository: Path) -> None:
    assert "quickstart" in inventories()
    files = inventory_files("quickstart")
    assert set(files) == {"kit.yaml", "kit.lock", FILE_NAME}
    (tmp_path / "kit.yaml").write_text(files["kit.yaml"], encoding="utf-8")
    assert load_spec(tmp_path / "kit.yaml") == load_spec(repository / "inventories/quickstart/kit.yaml")


def test_a_shipped_deployment_without_a_lock_comes_with_the_files_that_it_names(tmp_path: Path) -> None:
    files = inventory_files("workstation")
    assert set(files) == {"kit.yaml", "commit-message.txt", FILE_NAME}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    spec = load_spec(tmp_path / "kit.yaml")
    assert [engine.kind for engine in spec.engines] == ["ollama"]
    assert [model.preset for model in spec.models] == ["balanced", "technical", "creative"]
    assert [message.role for message in spec.models[1].messages] == ["user", "assistant"] * 3
    assert spec.models[1].temperature == 0.2


def test_a_shipped_deployment_of_several_hosts_is_whole(tmp_path: Path) -> None:
    files = inventory_files("lan")
    assert set(files) == {"kit.yaml", "README.md", FILE_NAME}
    (tmp_path / "kit.yaml").write_text(files["kit.yaml"], encoding="utf-8")
    assert list(load_spec(tmp_path / "kit.yaml").hosts) == ["front", "big", "small"]


def test_an_unknown_deployment_is_told_with_those_that_are_there() -> None:
    with pytest.raises(UsageError, match="did you mean quickstart") as caught:
        inventory_files("quikstart")
    assert caught.value.next_step == f"choose one of: {', '.join(inventories())}"
    with pytest.raises(UsageError):
        inventory_files("../tests")
