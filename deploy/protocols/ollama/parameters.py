"""Parameters of a model: their names, their ranges, and those that an engine no longer takes."""

from __future__ import annotations

from typing import Annotated, get_args, get_origin

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.strict import Strict, control_faults, several, shown

Value = bool | int | float | list[str]
"""A parameter's value in JSON."""
LONGEST_CONTEXT = 16_777_216
LONGEST_ANSWER = 1_048_576
LARGEST_SEED = 2**32 - 1


def _answer(value: int) -> int:
    if value != -1 and not 1 <= value <= LONGEST_ANSWER:
        raise PydanticCustomError(
            "measure",
            "{value} is neither -1 (no limit) nor a number of tokens from 1 to {most}",
            {"value": shown(value), "most": LONGEST_ANSWER},
        )
    return value


def _stop(value: str) -> str:
    if not value or len(value) > 1000:
        raise PydanticCustomError("text", "must hold 1 to 1000 characters", {})
    if wrong := [((), why) for why in control_faults(value.replace("\r", ""))]:
        raise several(wrong)
    return value


def _number(least: float, most: float) -> object:
    return Field(ge=least, le=most, allow_inf_nan=False)


AnswerLength = Annotated[
    int,
    AfterValidator(_answer),
    WithJsonSchema({"type": "integer", "minimum": -1, "maximum": LONGEST_ANSWER, "not": {"const": 0}}),
]
StopWord = Annotated[str, AfterValidator(_stop), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 1000})]


class Parameters(Strict):
    """Settings of how a model generates; an omitted one is the engine's or the base model's."""

    num_ctx: Annotated[int, Field(ge=256, le=LONGEST_CONTEXT)] | None = None
    """Context in tokens; one longer than the model was trained with is refused."""
    num_predict: AnswerLength | None = None
    """Longest answer in tokens; -1 for no limit."""
    num_keep: Annotated[int, Field(ge=-1, le=LONGEST_CONTEXT)] | None = None
    """Tokens from the beginning of the prompt that stay when the context is full; -1 for all of them."""
    seed: Annotated[int, Field(ge=-1, le=LARGEST_SEED)] | None = None
    """Start of the random numbers; the same seed gives the same answer, -1 draws one for each request."""
    temperature: Annotated[float, _number(0, 2)] | None = None
    """Freedom in choosing words: 0 always takes the likeliest, above 1 answers become wild."""
    top_k: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """Number of likeliest words to choose among; 0 for all."""
    top_p: Annotated[float, _number(0, 1)] | None = None
    """Choose among the likeliest words that together have this probability; 1 for all."""
    min_p: Annotated[float, _number(0, 1)] | None = None
    """Leave out words with less than this share of the likeliest one's probability; 0 for none."""
    typical_p: Annotated[float, _number(0, 1)] | None = None
    """Choose among words of typical information up to this probability; 1 for all."""
    repeat_last_n: Annotated[int, Field(ge=-1, le=LONGEST_CONTEXT)] | None = None
    """Number of tokens back in which a repetition counts; 0 for none, -1 for the whole context."""
    repeat_penalty: Annotated[float, _number(0.1, 5)] | None = None
    """Penalty for repeating; 1 for none, above 1.2 sentences may lose their thread."""
    presence_penalty: Annotated[float, _number(-2, 2)] | None = None
    """Penalty for a word that occurred before; 0 for none."""
    frequency_penalty: Annotated[float, _number(-2, 2)] | None = None
    """Penalty for a word for each earlier occurrence; 0 for none."""
    stop: Annotated[tuple[StopWord, ...], Field(min_length=1, max_length=64)] | None = None
    """Texts that end the answer; they replace those of the base model."""
    num_batch: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Tokens of a prompt that are read at once; more is faster and takes more memory."""
    num_gpu: Annotated[int, Field(ge=-1, le=10_000)] | None = None
    """Layers on the GPU; 0 for the CPU alone, -1 leaves it to the engine."""
    main_gpu: Annotated[int, Field(ge=0, le=255)] | None = None
    """Number of the one GPU to use; left out, the engine spreads the model."""
    num_thread: Annotated[int, Field(ge=0, le=1024)] | None = None
    """CPU threads; 0 leaves it to the engine."""
    use_mmap: bool | None = None
    """True to map the file into memory, false to read it; by default the engine decides."""
    draft_num_predict: Annotated[int, Field(ge=0, le=1024)] | None = None
    """Tokens that the draft model guesses ahead; 0 for none."""


NAMES = tuple(Parameters.model_fields)
_IGNORED = "is accepted and ignored by the engine"
_WITHDRAWN = "is no longer known to the engine"
_NOTHING = "leave it out"
_SAMPLING = "leave it out; set `temperature`, `top_p` and `min_p` instead"
REFUSED = {
    "penalize_newline": f"{_IGNORED}; leave it out, or set `repeat_penalty`",
    "low_vram": f"{_IGNORED}; leave it out, or lower `num_ctx` or `num_gpu`",
    "f16_kv": f"{_IGNORED}; leave it out, or set `kv_cache_type` at the engine",
    "logits_all": f"{_IGNORED}; {_NOTHING}",
    "vocab_only": f"{_IGNORED}; {_NOTHING}",
    "use_mlock": f"{_IGNORED}; leave it out, or set `use_mmap: false` and a longer `keep_alive` at the engine",
    "mirostat": f"{_IGNORED}; {_SAMPLING}",
    "mirostat_tau": f"{_IGNORED}; {_SAMPLING}",
    "mirostat_eta": f"{_IGNORED}; {_SAMPLING}",
    "tfs_z": f"{_WITHDRAWN}; leave it out, or set `min_p` or `typical_p`",
    "num_gqa": f"{_WITHDRAWN}; leave it out, the model's file says it",
}
"""Parameters of older Modelfiles, each with the reason for its refusal and what to write instead."""
OTHER_NAMES = {
    "max_tokens": "num_predict",
    "max_new_tokens": "num_predict",
    "max_length": "num_predict",
    "n_predict": "num_predict",
    "n_ctx": "num_ctx",
    "context_length": "num_ctx",
    "context_size": "num_ctx",
    "n_gpu_layers": "num_gpu",
    "gpu_layers": "num_gpu",
    "num_gpu_layers": "num_gpu",
    "threads": "num_thread",
    "num_threads": "num_thread",
    "batch_size": "num_batch",
    "repetition_penalty": "repeat_penalty",
}
"""Names of parameters in other programs, with their names here."""


def plain_type(name: str) -> object:
    """Return the type of a parameter's value: int, float, bool or tuple."""
    annotation: object = Parameters.model_fields[name].annotation
    while get_origin(annotation) is not tuple and get_args(annotation):
        annotation = get_args(annotation)[0]
    return get_origin(annotation) or annotation


def refusal(name: str) -> str | None:
    """Return the reason why a parameter is refused and its replacement; None for a valid one."""
    if name in NAMES:
        return None
    if name in OTHER_NAMES:
        return f"is called `{OTHER_NAMES[name]}` here"
    return REFUSED.get(name)


def set_values(parameters: Parameters) -> dict[str, Value]:
    """Return the set parameters as JSON values, in alphabetical order."""
    values = {name: getattr(parameters, name) for name in sorted(NAMES)}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value is not None
    }
