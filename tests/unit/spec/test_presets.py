"""A preset sets parameters for a purpose; what a model sets itself wins."""

from __future__ import annotations

from typing import get_args

import pytest

from deploy.protocols.ollama.parameters import Parameters, set_values
from deploy.spec.presets import PRESETS, PresetName, resolved

COLUMNS = ("temperature", "top_p", "top_k", "num_predict", "repeat_penalty")
TABLE = {
    "balanced": (0.7, 0.9, 40, 512, 1.1),
    "creative": (0.9, 0.95, 60, 512, 1.05),
    "factual": (0.3, 0.85, 40, 512, 1.15),
    "concise": (0.4, 0.8, 30, 256, 1.2),
    "long-form": (0.7, 0.95, 60, 1024, 1.05),
}
RANGES = {
    "technical": ((0.3, 0.5), (0.7, 0.9), (20, 40), (512, 512)),
    "creative-text": ((0.7, 1.0), (0.9, 1.0), (40, 60), (1024, 1024)),
    "chat": ((0.5, 0.7), (0.8, 0.95), (30, 50), (768, 768)),
}
ALL: tuple[PresetName, ...] = get_args(PresetName)


def test_every_preset_has_values() -> None:
    assert set(PRESETS) == set(ALL) == {*TABLE, *RANGES}


@pytest.mark.parametrize("name", [name for name in ALL if name in TABLE])
def test_a_preset_of_the_table_holds_its_row(name: PresetName) -> None:
    assert set_values(PRESETS[name]) == dict(sorted(zip(COLUMNS, TABLE[name], strict=True)))


@pytest.mark.parametrize("name", [name for name in ALL if name in RANGES])
def test_a_preset_of_ranges_holds_the_middle_of_each(name: PresetName) -> None:
    middles = [pytest.approx(sum(bounds) / 2) for bounds in RANGES[name]]
    assert set_values(PRESETS[name]) == dict(sorted(zip(COLUMNS, middles, strict=False)))


@pytest.mark.parametrize("name", ALL)
def test_what_the_model_sets_itself_wins(name: PresetName) -> None:
    found = set_values(resolved(name, Parameters(temperature=0.01, num_ctx=8192)))
    assert found == set_values(PRESETS[name]) | {"temperature": 0.01, "num_ctx": 8192}


def test_a_null_takes_the_value_of_the_preset_away() -> None:
    assert "top_k" not in set_values(resolved("factual", Parameters(top_k=None)))


def test_without_a_preset_only_the_models_own_values_count() -> None:
    assert set_values(resolved(None, Parameters(seed=7))) == {"seed": 7}


def test_a_model_that_has_more_than_parameters_is_resolved_alike() -> None:
    class Model(Parameters):
        name: str

    assert type(resolved("chat", Model(name="mine", top_k=1))) is Parameters
    assert set_values(resolved("chat", Model(name="mine", top_k=1)))["top_k"] == 1
