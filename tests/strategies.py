"""Hypothesis strategies: specs that are valid, in all the variety that kit.yaml allows."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from deploy.components import ROOMS
from deploy.spec.model import Spec

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True).filter(lambda name: name not in ROOMS)
STACKS = NAMES.filter(lambda name: name not in ("agent", "tools"))
MODEL_NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}(:[A-Za-z0-9._-]{1,20})?", fullmatch=True)
PACKAGES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,30}[A-Za-z0-9])?", fullmatch=True)
SHA256S = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
PORTS = st.integers(1, 65535).filter(lambda port: port not in (9931, 4000, 3000))
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
SEGMENTS = st.text(LETTERS.filter(lambda char: char not in "/:$\\"), min_size=1, max_size=20).filter(
    lambda segment: segment not in (".", "..")
)
FOLDERS = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda parts: "/srv/users/" + "/".join(parts))
FILES = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join).filter(lambda path: not path.startswith("~"))
URLS = st.from_regex(r"https?://[a-z0-9.-]{1,20}(:[0-9]{1,4})?(/[A-Za-z0-9_.-]{1,10}){0,3}", fullmatch=True).filter(
    lambda url: url.split("//")[1][0].isalnum()
)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any subset of optional fields."""
    return st.fixed_dictionaries({}, optional=fields)


SERVICE = _some(
    publish=ADDRESSES,
    egress=st.sampled_from([None, "none", "any"]),
    user=OWNERS,
    memory=SIZES,
    health_timeout=DURATIONS,
)
ENGINE = _some(
    context_length=st.integers(256, 1_048_576),
    parallel=st.integers(1, 256),
    predict=st.none() | st.integers(1, 1_048_576),
    chat_template=TEXTS,
)
SOURCES = st.fixed_dictionaries(
    {"pip": PACKAGES, "version": st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}", fullmatch=True), "sha256": SHA256S}
) | st.fixed_dictionaries({"file": FILES, "sha256": SHA256S})


@st.composite
def spec_data(draw: st.DrawFn, most_engines: int = 4) -> dict[str, Any]:
    """Return the data of a valid kit.yaml."""
    names = draw(st.lists(NAMES, min_size=1, max_size=most_engines, unique=True))
    models = draw(st.lists(MODEL_NAMES, min_size=len(names), max_size=len(names), unique=True))
    ports = iter(draw(st.lists(PORTS, min_size=len(names) + 2, max_size=len(names) + 2, unique=True)))
    engines = [
        draw(SERVICE) | draw(ENGINE)
        | {"name": name, "kind": "llama_cpp", "threads": draw(st.integers(1, 1024)), "port": next(ports)}
        for name in names
    ]  # fmt: skip
    if draw(st.booleans()):
        del engines[0]["port"]
    data: dict[str, Any] = {"kit": 1, "stack": draw(STACKS), "backup": None, "engines": engines}
    data["models"] = [
        {"name": model, "engine": name, "from": draw(SOURCES)} for name, model in zip(names, models, strict=True)
    ]
    data |= draw(_some(gateway=st.none() | _gateways(next(ports)), webui=st.none() | _webuis(next(ports), models)))
    return data | draw(
        _some(images=st.just({"source": "build", "debian": "moving"}), proxy=URLS, ca=FOLDERS, mirrors=MIRRORS)
    )


MIRRORS = _some(debian=st.none() | URLS, pypi=st.none() | URLS)


def _gateways(port: int) -> st.SearchStrategy[dict[str, Any]]:
    own = _some(port=st.just(port), version=st.sampled_from(["1.84.0", "1.106.2"]), request_timeout=DURATIONS)
    return st.builds(lambda service, more: service | more | {"kind": "litellm"}, SERVICE, own)


def _webuis(port: int, models: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    own = _some(
        port=st.just(port),
        version=st.sampled_from(["0.9.0", "0.12.4"]),
        embedding=st.none() | st.sampled_from(models),
        bridge=FOLDERS,
        url=st.none() | st.sampled_from(["https://chat.example.org", "http://box:8080", "https://[fd00::1]"]),
        admin=_some(email=st.from_regex(r"[a-z0-9._%+-]{1,20}@[a-z0-9.-]{1,20}", fullmatch=True)),
    )
    return st.builds(lambda service, more: service | more | {"kind": "open_webui"}, SERVICE, own)


def specs(most_engines: int = 4) -> st.SearchStrategy[Spec]:
    """Return valid specs, typed."""
    return spec_data(most_engines).map(lambda data: Spec.model_validate_json(json.dumps(data)))
