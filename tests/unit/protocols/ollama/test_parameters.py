"""Every parameter has a type, a range and words; what the engine ignores or withdrew is refused with a next step."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.protocols.ollama.parameters import NAMES, OTHER_NAMES, REFUSED, Parameters, refusal, set_values
from deploy.reading.described import descriptions

RANGES: dict[str, tuple[float, float]] = {
    "num_ctx": (256, 16_777_216),
    "num_predict": (-1, 1_048_576),
    "num_keep": (-1, 16_777_216),
    "seed": (-1, 4_294_967_295),
    "temperature": (0, 2),
    "top_k": (0, 100_000),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "typical_p": (0, 1),
    "repeat_last_n": (-1, 16_777_216),
    "repeat_penalty": (0.1, 5),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "num_batch": (1, 65_536),
    "num_gpu": (-1, 10_000),
    "main_gpu": (0, 255),
    "num_thread": (0, 1024),
    "draft_num_predict": (0, 1024),
}
WHOLE = {name for name in RANGES if not name.endswith(("_p", "_penalty")) and name != "temperature"}


def read(**values: Any) -> Parameters:
    """The parameters as kit.yaml's loader reads them."""
    return Parameters.model_validate_json(json.dumps(values))


def test_every_parameter_of_the_engine_can_be_set() -> None:
    assert set(NAMES) == {*RANGES, "stop", "use_mmap"}


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_says_what_it_means(name: str) -> None:
    assert descriptions(Parameters)[name].endswith(".")


@pytest.mark.parametrize(("name", "bounds"), RANGES.items())
def test_a_parameter_takes_its_whole_range_and_nothing_beyond(name: str, bounds: tuple[float, float]) -> None:
    least, most = bounds
    for value in bounds:
        assert set_values(read(**{name: value})) == {name: value}
    for value in (least - 1, most + 1):
        with pytest.raises(ValidationError):
            read(**{name: value})


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize("value", [1.5, "512", True])
def test_a_whole_number_is_not_taken_from_anything_else(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        read(**{name: value})


@pytest.mark.parametrize("name", sorted(set(RANGES) - WHOLE))
@pytest.mark.parametrize("value", ["0.5", True, float("nan"), float("inf")])
def test_a_number_is_not_taken_from_anything_else(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        read(**{name: value})


def test_no_answer_can_be_zero_tokens_long() -> None:
    with pytest.raises(ValidationError, match="0 is neither -1 \\(no limit\\) nor a number of tokens from 1"):
        read(num_predict=0)


@pytest.mark.parametrize("value", ["yes", 1, "true"])
def test_use_mmap_is_true_or_false(value: Any) -> None:
    assert read(use_mmap=False).use_mmap is False
    with pytest.raises(ValidationError):
        read(use_mmap=value)


def test_stop_holds_texts_in_their_order() -> None:
    assert set_values(read(stop=["<end>", '"', "\n\n", "a"])) == {"stop": ["<end>", '"', "\n\n", "a"]}


@pytest.mark.parametrize("value", ["<end>", [], [""], ["a\x00"], ["\x1b"], [1], ["a" * 1001], ["a"] * 65])
def test_stop_holds_nothing_else(value: Any) -> None:
    with pytest.raises(ValidationError):
        read(stop=value)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_engine_ignores_or_withdrew_is_refused_with_a_next_step(name: str) -> None:
    words = refusal(name) or ""
    assert "the engine" in words
    assert "; leave it out" in words
    with pytest.raises(ValidationError):
        read(**{name: 1})


def test_the_refused_ones_are_those_of_older_modelfiles() -> None:
    assert set(REFUSED) == {
        *("penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock"),
        *("mirostat", "mirostat_tau", "mirostat_eta", "tfs_z", "num_gqa"),
    }


@pytest.mark.parametrize("name", sorted(OTHER_NAMES))
def test_another_programs_name_is_answered_with_the_one_here(name: str) -> None:
    assert OTHER_NAMES[name] in NAMES
    assert refusal(name) == f"is called `{OTHER_NAMES[name]}` here"


def test_a_name_that_may_be_set_and_an_unknown_one_are_not_refused_here() -> None:
    assert refusal("num_ctx") is None
    assert refusal("no_such") is None


def test_what_is_set_comes_in_the_order_of_the_alphabet() -> None:
    values = set_values(read(top_p=0.9, num_ctx=4096, stop=["b", "a"], min_p=None))
    assert list(values.items()) == [("num_ctx", 4096), ("stop", ["b", "a"]), ("top_p", 0.9)]
