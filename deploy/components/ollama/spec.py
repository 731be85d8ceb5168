"""Fields of an Ollama engine."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from deploy.components.ollama.variables import refused
from deploy.errors import KitError
from deploy.fields.engine import EngineSpec, ModelsAre
from deploy.fields.gpu import GpuSpec, with_card
from deploy.fields.service import ServiceSpec, Traits
from deploy.fields.values import Duration, HostPath, Size, pattern_schema
from deploy.fields.variables import Variables
from deploy.nearest import not_allowed
from deploy.reference import parse_image
from deploy.strict import shown

DEFAULT_PORT = 11434
VERSION = "0.32.15"
"""Release that this kit was tested with."""
VERSION_FLOOR = (
    "0.17.1",
    "a crafted model file leaks the engine's memory (CVE-2026-7482)",
)
FOREVER = "forever"
_KEEP_ALIVE = re.compile(r"([0-9]+)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9.*\[\]:-]+")
_TAGGED = re.compile(r":v?([0-9]+(?:\.[0-9]+){2}(?:-rc[0-9]+)?)(?:-rocm)?(?:@|$)")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){2}(-rc[0-9]+)?")
_OWN = re.compile(r"(?:^|/)ollama:")
_REPOSITORY = "ollama/ollama"
_RELEASE = re.compile(r"v?([0-9]+(?:\.[0-9]+){2}(?:-rc[0-9]+)?)(?![0-9])")
_LIBRARIES = {"nvidia": ("cuda", "vulkan"), "intel": ("vulkan",)}
"""Back ends in the image for the cards of a vendor; AMD's has an image of its own."""
_GFX_VERSION = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}")


def _keep_alive(value: Any) -> int:
    match = _KEEP_ALIVE.fullmatch(value) if isinstance(value, str) else None
    if value == FOREVER:
        return -1
    if match is None:
        raise PydanticCustomError(
            "measure", "{value} is neither a duration such as 5m, nor 0s, nor forever", {"value": shown(value)}
        )
    return int(match[1]) * _SECONDS[match[2]]


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        faults = not_allowed(value, r"A-Za-z0-9.*\[\]:/+-")
        words = "{value} is no origin such as https://chat.lan{faults}"
        raise PydanticCustomError("url", words, {"value": shown(value), "faults": faults})
    return value


def _gfx_version(value: str) -> str:
    if not _GFX_VERSION.fullmatch(value):
        words = "{value} is not a target such as 10.3.0, which stands for gfx1030"
        raise PydanticCustomError("source", words, {"value": shown(value)})
    return value


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.partition("-")[0].split("."))


def _release(value: str) -> str:
    if not _VERSION.fullmatch(value):
        words = "{value} is not a release such as 0.32.15 or 0.33.0-rc2"
        raise PydanticCustomError("source", words, {"value": shown(value)})
    return value


def _image(value: str) -> str:
    try:
        parse_image(value)
    except KitError as error:
        wrong = f"{error.problem}; {error.next_step}"
        raise PydanticCustomError("source", "{wrong}", {"wrong": wrong}) from None
    return value


KeepAlive = Annotated[
    int, BeforeValidator(_keep_alive), WithJsonSchema({"type": "string", "examples": ["5m", "0s", FOREVER]})
]
Origin = Annotated[str, AfterValidator(_origin), WithJsonSchema({"type": "string", "examples": ["https://chat.lan"]})]
GfxVersion = Annotated[str, AfterValidator(_gfx_version), WithJsonSchema({"type": "string", "examples": ["10.3.0"]})]
Release = Annotated[
    str,
    AfterValidator(_release),
    pattern_schema(_VERSION, "0.32.15"),
]
Image = Annotated[
    str, AfterValidator(_image), WithJsonSchema({"type": "string", "examples": ["registry.lan:5000/ollama:0.32.15"]})
]


class OllamaEngine(EngineSpec, GpuSpec, ServiceSpec):
    """An engine that creates models from Modelfiles and runs several of them."""

    shortest: ClassVar[str] = "{name: main, kind: ollama}"
    traits: ClassVar[Traits] = Traits(
        DEFAULT_PORT, has_authentication=False, offers_chat=True, version_floor=VERSION_FLOOR
    )
    refused: ClassVar[dict[str, str]] = refused()
    is_buildable: ClassVar[bool] = False
    homes: ClassVar[tuple[str, ...]] = ("/usr/share/ollama",)

    kind: Literal["ollama"]
    """The component: ollama."""
    version: Release | None = None
    """Release of Ollama; by default the release that this kit was tested with."""
    image: Image | None = None
    """Another image of Ollama, by its name in a registry; it excludes `version`."""
    models_dir: HostPath | None = None
    """Folder of this host that holds the models; by default under /srv/kit."""
    context_length: Annotated[int, Field(ge=256, le=16_777_216)] | None = None
    """Context in tokens of models without `num_ctx`; by default 4096 on the CPU, more by the memory of the GPUs."""
    keep_alive: KeepAlive | None = None
    """Time that a model stays in memory after its last answer: 5m, 0s, or forever; by default 5m."""
    num_parallel: Annotated[int, Field(ge=1, le=256)] | None = None
    """Requests that a model answers at the same time, each with a context of its own; by default 1."""
    max_queue: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Requests that may wait; further ones are refused. By default 512."""
    max_loaded_models: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Models in memory at the same time; by default 3 on the CPU, or 3 for each GPU."""
    flash_attention: bool | None = None
    """True to compute attention in the way that saves memory; by default the engine decides."""
    kv_cache_type: Literal["f16", "q8_0", "q4_0"] | None = None
    """Type of the numbers in the context's cache: f16, or smaller ones with flash attention."""
    load_timeout: Duration | None = None
    """Timeout of a load that stands still; by default 5m."""
    gpu_overhead: Size | None = None
    """Memory that stays free on each GPU."""
    sched_spread: bool | None = None
    """True to spread a model over all GPUs even if it fits one."""
    llm_library: Literal["cuda_v12", "cuda_v13", "rocm_v7_2", "vulkan"] | None = None
    """The one back end to use; by default the engine decides."""
    igpu_enable: bool | None = None
    """True to use graphics inside the processor as a card; by default the engine takes those that it knows."""
    hsa_override_gfx_version: GfxVersion | None = None
    """Target that a card pretends to be, such as 10.3.0, if ROCm does not know its own."""
    origins: tuple[Origin, ...] = ()
    """Origins of web pages that may call the engine, beside its host's own."""
    noprune: bool | None = None
    """True to keep parts of models that no model needs on the disk when the engine starts."""
    go_template: bool | None = None
    """True to prefer a `template` (a tag's too) to the chat template in a model's file, for all models; by default true
    if a model here has a `template`, else the engine decides by what each of the two can do."""
    debug: bool = False
    """True for more detail in the engine's log."""
    cloud: bool = False
    """True to let the engine talk with its vendor's cloud; false keeps every request on its host."""
    prune: bool = False
    """True to remove models that left this file, if the kit made or pulled them."""

    @property
    def models_are(self) -> ModelsAre:
        """Return the way in which its models come: opened, created or named."""
        return "created"

    @property
    def uses_cloud(self) -> bool:
        """True if the engine may send questions to its vendor's cloud."""
        return self.cloud

    @property
    def ignores_templates_by(self) -> str:
        """Setting by which the engine ignores the `template` of a model, as written; empty if it takes it."""
        return "go_template: false" if self.go_template is False else ""

    @property
    def release(self) -> str | None:
        """Release of Ollama, if its image's name tells it; else None."""
        if self.image is None:
            return self.version or VERSION
        tag = _TAGGED.search(self.image)
        return tag[1] if tag else None

    @field_validator("image")
    @classmethod
    def _is_named_once(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("version") is not None:
            raise PydanticCustomError("source", "contains the release already; leave `version` out", {})
        tag = _TAGGED.search(value or "")
        floor, reason = VERSION_FLOOR
        # Another name's number may be that of whoever built it.
        if tag and _OWN.search(str(value)) and _numbers(tag[1]) < _numbers(floor):
            words = "{value} is older than {floor}: {reason}"
            raise PydanticCustomError("source", words, {"value": tag[1], "floor": floor, "reason": reason})
        return value

    @field_validator("image")
    @classmethod
    def _has_what_its_card_needs(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or info.data.get("gpu") != "amd":
            return value
        named = parse_image(value)
        # Another repository's tags, and an image by its digest alone, say nothing of what is inside.
        if named.repository == _REPOSITORY and named.tag and not re.search(r"(?:^|-)rocm$", named.tag):
            release = _RELEASE.match(named.tag)
            right = f"{_REPOSITORY}:{release[1]}-rocm" if release else f"{_REPOSITORY}:rocm"
            words = "{value} has no ROCm inside, which AMD's cards need; write {right}"
            raise PydanticCustomError("source", words, {"value": value, "right": right})
        return value

    @field_validator("kv_cache_type")
    @classmethod
    def _is_able(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value not in (None, "f16") and info.data.get("flash_attention") is False:
            words = "{value} needs flash attention; leave `flash_attention` out or write true"
            raise PydanticCustomError("source", words, {"value": value})
        return value

    @field_validator("llm_library")
    @classmethod
    def _is_in_the_image(cls, value: str | None, info: ValidationInfo) -> str | None:
        gpu, is_own = info.data.get("gpu"), info.data.get("image") is None
        if gpu == "amd" and is_own and value is not None and not value.startswith("rocm"):
            words = "{value} is not in the image for AMD's cards, which has ROCm alone; leave it out"
            raise PydanticCustomError("source", words, {"value": value})
        wanted = _LIBRARIES.get(gpu or "")
        if wanted and value is not None and not value.startswith(wanted):
            words = "{value} is not for these cards; leave it out"
            raise PydanticCustomError("source", words, {"value": value})
        return value

    @field_validator("hsa_override_gfx_version")
    @classmethod
    def _is_for_amds_card(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("gpu") in ("nvidia", "intel"):
            raise PydanticCustomError("source", "is for AMD's cards alone; leave it out", {})
        return value

    @field_validator("gpu_overhead", "sched_spread", "llm_library", "igpu_enable", "hsa_override_gfx_version")
    @classmethod
    def _has_such_a_card(cls, value: Any, info: ValidationInfo) -> Any:
        return with_card(value, info)

    @classmethod
    def variables(cls) -> Variables:
        """Return the variables of the program itself, for messages to a person who writes one of them here."""
        from deploy.components.ollama.variables import VARIABLES

        return VARIABLES
