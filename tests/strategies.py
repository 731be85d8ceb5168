"""Hypothesis strategies: specs that are valid, in all the variety that kit.yaml allows."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from deploy.components import ROOMS
from deploy.spec.model import Spec
from deploy.spec.presets import PRESETS

DEFAULT_PORTS = (9931, 11434, 4000, 3000)
TAGS = ("llama3:8b-instruct-q4_K_M", "nomic-embed-text", "hf.co/some/model-gguf:Q4_K_M", "hub.lan:5000/own/phi:latest")
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True).filter(lambda name: name not in ROOMS)
STACKS = NAMES.filter(lambda name: name not in ("agent", "tools"))
MODEL_NAMES = st.from_regex(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}(:[A-Za-z0-9_][A-Za-z0-9._-]{0,19})?", fullmatch=True
).filter(lambda name: name not in TAGS)
PACKAGES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,30}[A-Za-z0-9])?", fullmatch=True)
SHA256S = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
PORTS = st.integers(1, 65535).filter(lambda port: port not in DEFAULT_PORTS)
SIZES = st.builds("{}{}".format, st.integers(1, 4096), st.sampled_from(["MiB", "GiB", "TiB"]))
DURATIONS = st.builds("{}{}".format, st.integers(1, 999), st.sampled_from(["s", "m", "h", "d"]))
OWNERS = st.builds("{}:{}".format, st.integers(1, 999_999_999), st.integers(0, 999_999_999))
ADDRESSES = st.one_of(
    st.just("local"),
    st.ip_addresses(v=4, network="10.0.0.0/8").map(str),
    st.ip_addresses(v=6, network="fd00::/8").map(str),
)
LETTERS = st.characters(codec="utf-8", exclude_categories=["C", "Z"])
TEXTS = st.text(st.one_of(LETTERS, st.sampled_from("{}$'\"\\ \n\t#:%")), min_size=1, max_size=200)
LANGUAGES = ["\u200c", "\u200d", "\u00a0", "\u202f", "\u3000", "\u00ad", "\ufeff", "🩷", "\U0001fae9"]
CARRIED = st.text(LETTERS | st.sampled_from([*"{}$'\"\\ \n\t#:%", *LANGUAGES]), min_size=1, max_size=200)
SEGMENTS = st.text(LETTERS.filter(lambda char: char not in "/:$\\"), min_size=1, max_size=20).filter(
    lambda segment: segment not in (".", "..")
)
FOLDERS = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda parts: "/srv/users/" + "/".join(parts))
FILES = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join).filter(lambda path: not path.startswith("~"))
URLS = st.from_regex(
    r"https?://[a-z0-9.-]{1,20}(:[1-9][0-9]{0,3})?(/[A-Za-z0-9_.-]{1,10}){0,3}", fullmatch=True
).filter(lambda url: url.split("//")[1][0].isalnum())


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any subset of optional fields."""
    return st.fixed_dictionaries({}, optional=fields)


OWN = _some(user=OWNERS, memory=SIZES, health_timeout=DURATIONS, egress=st.sampled_from([None, "none", "any"]))
PLACES = st.sampled_from(["local", "lan"]) | ADDRESSES
PUBLISHED = st.just("all") | PLACES | st.lists(PLACES, min_size=1, max_size=4)
SERVICE = st.builds(lambda own, more: own | more, OWN, _some(publish=PUBLISHED))
BUILT = _some(source=st.just("build"))
LLAMA_CPP_IMAGE = BUILT | st.fixed_dictionaries({"source": st.just("pull")}, optional={"version": st.just("b11434")})
WEBUI_IMAGE = BUILT | st.fixed_dictionaries(
    {"source": st.just("pull")}, optional={"variant": st.sampled_from(["main", "cuda"])}
)
LLAMA_CPP = _some(
    context_length=st.integers(256, 1_048_576),
    parallel=st.integers(1, 256),
    predict=st.none() | st.integers(1, 1_048_576),
    chat_template=TEXTS,
)
OLLAMA = _some(
    publish=st.sampled_from(["local", "127.0.0.1", "::1"]),
    version=st.sampled_from(["0.17.1", "0.32.15"]),
    context_length=st.integers(256, 16_777_216),
    keep_alive=st.just("forever") | st.just("0s") | DURATIONS,
    num_parallel=st.integers(1, 256),
    max_queue=st.integers(1, 1_000_000),
    max_loaded_models=st.integers(1, 1000),
    flash_attention=st.none() | st.just(True),
    kv_cache_type=st.sampled_from(["f16", "q8_0", "q4_0"]),
    load_timeout=DURATIONS,
    origins=st.lists(st.sampled_from(["https://chat.lan", "http://*.lan:8080", "app://*"]), max_size=3),
    noprune=st.booleans(),
    go_template=st.just(True),
    debug=st.booleans(),
    cloud=st.booleans(),
    prune=st.booleans(),
)
AMD = _some(
    gpu_groups=st.lists(st.integers(1, 65_535), max_size=2),
    devices=st.lists(st.sampled_from(["0", "1", "GPU-8668c3be2237aa5f"]), max_size=2, unique=True),
    igpu_enable=st.booleans(),
    hsa_override_gfx_version=st.just("10.3.0"),
    gpu_overhead=SIZES,
    sched_spread=st.booleans(),
    llm_library=st.just("rocm_v7_2"),
)
EXTERNAL = _some(key=st.sampled_from(["env:ITS_KEY", "file:its.key"]))
PIP = st.fixed_dictionaries(
    {"pip": PACKAGES, "version": st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True), "sha256": SHA256S}
)
FILE = st.fixed_dictionaries({"file": FILES, "sha256": SHA256S})
SOURCES = PIP | FILE
BLOBS = SOURCES | st.fixed_dictionaries({"url": URLS, "sha256": SHA256S})
TURNS = st.lists(st.tuples(CARRIED, CARRIED), min_size=1, max_size=2).map(
    lambda pairs: [
        {"role": role, "content": text}
        for pair in pairs
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
)
MAKING = _some(
    preset=st.sampled_from(sorted(PRESETS)),
    num_ctx=st.integers(256, 16_777_216),
    num_predict=st.just(-1) | st.integers(1, 1_048_576),
    temperature=st.integers(0, 200).map(lambda number: number / 100),
    top_p=st.integers(0, 100).map(lambda number: number / 100),
    use_mmap=st.booleans(),
    stop=st.lists(CARRIED, min_size=1, max_size=3),
    system=CARRIED,
    template=st.sampled_from(["{{ .Prompt }}", "{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }}{{ .Response }}"]),
    messages=TURNS,
    renderer=st.just("qwen3-coder"),
    parser=st.just("qwen3.5"),
    adapter=FILE,
    license=CARRIED,
    requires=st.just("0.14.0"),
)


@st.composite
def _engines(draw: st.DrawFn, names: list[str], ports: list[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return engines of every kind and what each of them may have as models."""
    engines, models = [], []
    for index, (name, port) in enumerate(zip(names, ports, strict=True)):
        kind = draw(st.sampled_from(["llama_cpp", "ollama", "asked for its models", "given its models"]))
        if kind == "llama_cpp":
            engine = (
                draw(SERVICE)
                | draw(LLAMA_CPP)
                | draw(LLAMA_CPP_IMAGE)
                | {"kind": kind, "threads": draw(st.integers(1, 1024))}
            )
            models.append({"name": draw(MODEL_NAMES), "engine": name, "from": draw(SOURCES)})
        elif kind == "ollama":
            engine = draw(OWN) | draw(OLLAMA) | draw(_some(models_dir=st.just(f"/srv/stores/{index}"))) | {"kind": kind}
            if draw(st.booleans()):
                engine |= draw(AMD) | {"gpu": "amd"}
            models += draw(_created(name))
        elif kind == "given its models":
            engine = draw(EXTERNAL) | {"kind": "external", "api": "ollama", "url": f"http://10.0.0.{index + 1}:11434"}
            models += draw(_created(name))
        else:
            engine = draw(EXTERNAL) | {"kind": "external", "api": "openai", "url": f"http://10.0.0.{index + 1}/v1"}
            models += [
                {"name": one, "engine": name} | draw(_some(**{"from": MODEL_NAMES})) for one in draw(_distinct())
            ]
        engines.append({"name": name, **engine, **({} if engine["kind"] == "external" else {"port": port})})
    return engines, models


def _distinct() -> st.SearchStrategy[list[str]]:
    return st.lists(MODEL_NAMES, max_size=3, unique_by=lambda name: name.lower().removesuffix(":latest"))


@st.composite
def _created(draw: st.DrawFn, engine: str) -> list[dict[str, Any]]:
    """Return models that an engine makes: from a tag, a file, or one before it."""
    found: list[dict[str, Any]] = []
    for name in draw(_distinct()):
        source = draw(st.sampled_from([*TAGS, *(one["name"] for one in found)]) | BLOBS)
        quantized = _some(quantize=st.sampled_from(["F16", "Q4_K_M"])) if isinstance(source, dict) else st.just({})
        made = draw(MAKING)
        if "renderer" in made and "template" in made:
            # Beside a renderer, a template may only fill a place.
            made["template"] = "{{ .Prompt }}"
        found.append({"name": name, "engine": engine, "from": source, **made, **draw(quantized)})
    return found


@st.composite
def spec_data(draw: st.DrawFn, most_engines: int = 4) -> dict[str, Any]:
    """Return the data of a valid kit.yaml."""
    names = draw(st.lists(NAMES, min_size=1, max_size=most_engines, unique=True))
    *ports, first, second = draw(st.lists(PORTS, min_size=len(names) + 2, max_size=len(names) + 2, unique=True))
    engines, models = draw(_engines(names, ports))
    if draw(st.booleans()):
        engines[0].pop("port", None)
    data: dict[str, Any] = {"kit": 1, "stack": draw(STACKS), "backup": None, "engines": engines, "models": models}
    chosen = [model["name"] for model in models]
    data |= draw(_some(gateway=st.none() | _gateways(first), webui=st.none() | _webuis(second, chosen)))
    if any(engine["kind"] == "external" for engine in engines):
        for front in ("gateway", "webui"):
            # Kept from an engine outside, it is refused.
            if (data.get(front) or {}).get("egress") == "none":
                del data[front]["egress"]
    return data | draw(_some(images=st.sampled_from(IMAGES), proxy=URLS, ca=FOLDERS, mirrors=MIRRORS))


IMAGES = [{"source": "build", "debian": "moving"}, {"source": "pull"}]
MIRRORS = _some(
    debian=st.none() | URLS,
    pypi=st.none() | URLS,
    registry=st.none() | URLS,
    ghcr=st.none() | URLS,
    models=st.none() | st.just("http://models.lan:5000"),
)


def _gateways(port: int) -> st.SearchStrategy[dict[str, Any]]:
    own = _some(port=st.just(port), version=st.sampled_from(["1.84.0", "1.106.2"]), request_timeout=DURATIONS)
    return st.builds(lambda service, more: service | more | {"kind": "litellm"}, SERVICE, own)


def _webuis(port: int, models: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    own = _some(
        port=st.just(port),
        version=st.sampled_from(["0.9.0", "0.12.4"]),
        embedding=st.none() | st.sampled_from(models) if models else st.none(),
        bridge=FOLDERS,
        url=st.none() | st.sampled_from(["https://chat.example.org", "http://box:8080", "https://[fd00::1]"]),
        admin=_some(email=st.from_regex(r"[a-z0-9._%+-]{1,20}@[a-z0-9.-]{1,20}", fullmatch=True)),
    )
    return st.builds(
        lambda service, more, image: service | more | image | {"kind": "open_webui"}, SERVICE, own, WEBUI_IMAGE
    )


def specs(most_engines: int = 4) -> st.SearchStrategy[Spec]:
    """Return valid specs, typed."""
    return spec_data(most_engines).map(lambda data: Spec.model_validate_json(json.dumps(data)))
