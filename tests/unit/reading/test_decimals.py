"""A file with decimals is typed once, as any other is."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import SpecError
from deploy.protocols.ollama.parameters import NAMES, plain_type
from deploy.reading import validation
from deploy.reading.decimals import _names
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec

REAL = sorted(name for name in NAMES if plain_type(name) is float)


def spec(folder: Path, line: str) -> Path:
    path = folder / "kit.yaml"
    path.write_text(
        "kit: 1\nstack: home\nengines: [{name: main, kind: ollama}]\n"
        f'models: [{{name: a, engine: main, from: "llama3.2:3b", {line}}}]\n'
        "gateway: null\nwebui: null\nbackup: null\n"
    )
    return path


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    real = validation.attempt

    def attempt(model: type[Spec], data: object, folder: Path | None = None) -> object:
        made.append(model.__name__)
        return real(model, data, folder)

    monkeypatch.setattr(validation, "attempt", attempt)
    return made


@pytest.mark.parametrize("name", REAL)
def test_every_decimal_is_read_in_one_go(name: str, tmp_path: Path, attempts: list[str]) -> None:
    (model,) = load_spec(spec(tmp_path, f"{name}: 0.5")).models
    assert getattr(model, name) == 0.5
    assert attempts == ["Spec"]


def test_a_text_that_looks_like_a_decimal_stays_a_text(tmp_path: Path, attempts: list[str]) -> None:
    (model,) = load_spec(spec(tmp_path, "system: 1.10, temperature: 1.10")).models
    assert (model.system, model.temperature) == ("1.10", 1.1)
    assert attempts == ["Spec"]


def test_a_decimal_may_have_any_exponent_that_a_number_has(tmp_path: Path) -> None:
    (model,) = load_spec(spec(tmp_path, "temperature: 3.1e-158")).models
    assert model.temperature == 3.1e-158
    with pytest.raises(SpecError, match="temperature"):
        load_spec(spec(tmp_path, "temperature: 1e999"))


def test_the_names_are_those_of_the_model() -> None:
    assert set(REAL) <= _names(Spec)
    assert not _names(Spec) & {"name", "from", "version", "port", "system"}
