"""The first kit.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import SpecError, UsageError
from deploy.spec.loader import load_spec
from deploy.spec.schema import FILE_NAME, MODELINE
from deploy.spec.starter import Choices, inventories, inventory_files, starter_files

ODD_FILE = 'mine "of" all\' $(x) {{y}}.gguf'


@pytest.mark.parametrize(
    "choices",
    [
        Choices(),
        Choices(stack="office", webui=False),
        Choices(gateway=False, webui=False),
        Choices(gateway=False, publish="192.168.1.20"),
        Choices(publish="fd00::1", model="null", model_file=ODD_FILE, model_sha256="1" * 64),
        Choices(stack="yes", model="1.5:7b-q4"),
    ],
)
def test_what_is_begun_with_is_good(tmp_path: Path, choices: Choices) -> None:
    files = starter_files(choices)
    assert set(files) == {"kit.yaml", FILE_NAME}
    path = tmp_path / "kit.yaml"
    path.write_text(files["kit.yaml"], encoding="utf-8")
    spec = load_spec(path)
    assert (spec.stack, spec.models[0].name) == (choices.stack, choices.model)
    assert (spec.gateway is not None, spec.webui is not None) == (choices.gateway, choices.webui)
    assert all(front.publish == choices.publish for front in (spec.gateway, spec.webui) if front)
    if choices.model_file:
        assert spec.models[0].model_dump()["from_"] == {"file": ODD_FILE, "sha256": "1" * 64}


def test_its_first_line_names_the_schema_beside_it_and_each_part_has_a_word() -> None:
    lines = starter_files(Choices())["kit.yaml"].splitlines()
    assert lines[0] == MODELINE
    blocks = "\n".join(lines[3:]).split("\n\n")
    assert all(block.startswith("#") for block in blocks[1:])


@pytest.mark.parametrize(
    ("choices", "path"),
    [
        (Choices(stack="../x"), "stack"),
        (Choices(stack="x\nbackup: {}"), "stack"),
        (Choices(publish="0.0.0.0"), "gateway.publish"),
        (Choices(model="a b"), "models[0].name"),
        (Choices(model_file="x.gguf", model_sha256="zz"), "models[0].from.sha256"),
    ],
)
def test_a_choice_that_cannot_be_is_told_before_anything_is_written(choices: Choices, path: str) -> None:
    with pytest.raises(SpecError) as caught:
        starter_files(choices)
    assert path in [problem.path for problem in caught.value.problems]


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


def test_an_unknown_deployment_is_told_with_those_that_are_there() -> None:
    with pytest.raises(UsageError, match="did you mean quickstart") as caught:
        inventory_files("quikstart")
    assert caught.value.next_step == f"choose one of: {', '.join(inventories())}"
    with pytest.raises(UsageError):
        inventory_files("../tests")
