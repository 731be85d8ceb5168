"""Variables and settings of the programs themselves: a message names the key in kit.yaml, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

CONTAINERS = re.compile(
    r"(extra_)?env(ironment)?(_?var(iable)?s?)?|variables|([a-z]+_)?settings",
    re.IGNORECASE,
)
"""Names of mappings and lists in which people write variables."""
_THREADS = "belongs to a model, as `num_thread`, or to an engine that has the key `threads`"
_CONTEXT = "belongs to an engine that the kit runs, as `context_length`, or to a model that is made, as `num_ctx`"


@dataclass(frozen=True)
class Variables:
    """Variables that one program reads."""

    program: str
    place: str
    """Place of the program's keys in kit.yaml."""
    fields: Mapping[str, str]
    """Variable to the key that sets it."""
    reasons: Mapping[str, str]
    """Variable to the reason why no key sets it, or to its replacement."""
    families: tuple[tuple[str, str], ...] = ()
    """Patterns of further variables, each with its reason."""
    file_keys: frozenset[str] = frozenset()
    """First keys of the program's own settings file, which the kit writes."""

    def told(self, name: str, *, is_here: bool) -> str:
        """Return the message about a variable that is known by name; empty for others."""
        if field := self.fields.get(name, ""):
            return f"is called `{field}` here" if is_here else f"is {self.program}'s: write `{field}` at {self.place}"
        return self._of(self.reasons.get(name, ""), is_here)

    def told_by_family(self, name: str, *, is_here: bool) -> str:
        """Return the message about a variable that matches a pattern; empty for others."""
        return self._of(next((why for pattern, why in self.families if re.fullmatch(pattern, name)), ""), is_here)

    def _of(self, reason: str, is_here: bool) -> str:
        return (
            reason if is_here or not reason or not self.program else f"is {self.program}'s, at {self.place}; {reason}"
        )


def beginning(words: str) -> str:
    """Return the pattern of every name that begins with one of the given words."""
    return rf"({'|'.join(words.split())})_.+"


_GPU = "chooses among cards, which `gpu`, `devices` and `gpu_groups` at an engine do"
_NVIDIA = "is for NVIDIA's cards, which `gpu: nvidia` and `devices` at an engine choose; leave it out"
_COMPOSE = "the kit writes the compose file by itself, and decides this; leave it out"
_USER = "is written as `user: UID:GID` at the service"
_PROXY = "is written as `proxy` at the top of this file, for all that the kit fetches; containers get none"
_CA = "is written as `ca` at the top of this file, for all that the kit fetches"
_INDEX = "is written as `mirrors: {pypi: ...}` at the top of this file"
_HUB = (
    "no container fetches models from there; write `from: {url: ...}` at a model, or `hf.co/ORG/MODEL:TAG` as its name"
)
_TLS = "no service ends TLS by itself; put a proxy in front, with `url` at `webui` as its address"
_CLOCK = "containers keep UTC, as their logs do; leave it out"
_LISTENS = "is written as `port` and `publish` at the service"
_PYTHON = "the kit decides how its containers' programs start; leave it out"
IMAGE = (
    "which image runs follows from `version`, and whether it is pulled or built from `images: {source: ...}`; some"
    " engines have a key `image` of their own"
)
_COMPOSES = """
CAP_ADD CAP_DROP COMMAND CPUS CPUSET DEPENDS_ON DNS ENTRYPOINT EXTRA_HOSTS HEALTHCHECK HOSTNAME INIT IPC LABELS LOGGING
NETWORKS NETWORK_MODE PID PRIVILEGED PROFILES REPLICAS RESTART SCALE SECURITY_OPT SYSCTLS TMPFS ULIMITS
"""
_GENERIC = Variables(
    "",
    "",
    {},
    {
        "NVIDIA_VISIBLE_DEVICES": _NVIDIA,
        "NVIDIA_DRIVER_CAPABILITIES": _NVIDIA,
        "NVIDIA_REQUIRE_CUDA": _NVIDIA,
        "CUDA_DEVICE_ORDER": _NVIDIA,
        "CUDA_VISIBLE_DEVICES": _NVIDIA,
        "GPUS": _GPU,
        "HIP_VISIBLE_DEVICES": _GPU,
        "ROCR_VISIBLE_DEVICES": _GPU,
        "RUNTIME": _NVIDIA,
        "CONTEXT_LENGTH": _CONTEXT,
        "NUM_CTX": _CONTEXT,
        "OMP_NUM_THREADS": _THREADS,
        "OPENBLAS_NUM_THREADS": _THREADS,
        "MKL_NUM_THREADS": _THREADS,
        "NUMEXPR_NUM_THREADS": _THREADS,
        "GOMAXPROCS": _THREADS,
        "HTTP_PROXY": _PROXY,
        "HTTPS_PROXY": _PROXY,
        "ALL_PROXY": _PROXY,
        "NO_PROXY": _PROXY,
        "SSL_CERT_FILE": _CA,
        "SSL_CERT_DIR": _CA,
        "REQUESTS_CA_BUNDLE": _CA,
        "CURL_CA_BUNDLE": _CA,
        "NODE_EXTRA_CA_CERTS": _CA,
        "PIP_INDEX_URL": _INDEX,
        "PIP_EXTRA_INDEX_URL": _INDEX,
        "UV_INDEX_URL": _INDEX,
        "UV_DEFAULT_INDEX": _INDEX,
        "PUID": _USER,
        "PGID": _USER,
        "UID": _USER,
        "GID": _USER,
        "TZ": _CLOCK,
        "TIMEZONE": _CLOCK,
        "TIME_ZONE": _CLOCK,
        "IMAGE": IMAGE,
        "IMAGE_TAG": IMAGE,
        "BUILD": IMAGE,
        "PULL_POLICY": IMAGE,
        "HOST": _LISTENS,
        "HOST_IP": _LISTENS,
        "LISTEN": _LISTENS,
        "LISTEN_ADDRESS": _LISTENS,
        "BIND": _LISTENS,
        "BIND_ADDRESS": _LISTENS,
        "LANG": _PYTHON,
        "LC_ALL": _PYTHON,
        "LD_PRELOAD": _PYTHON,
        "LD_LIBRARY_PATH": _PYTHON,
        "DOCKER_HOST": "the kit asks each host's own Docker; leave it out",
        "COMPOSE_PROJECT_NAME": "follows from `stack`",
        "COMPOSE_FILE": _COMPOSE,
        "ENV_FILE": "no file of variables is read; write each as the key that it has here",
        "CONTAINER_NAME": "follows from `stack` and the service",
        "SERVICES": "they are `engines`, `gateway` and `webui` here",
        "VOLUMES": "folders are written as `models_dir` at an engine and `bridge` at `webui`",
        "PORTS": _LISTENS,
        "EXPOSE": _LISTENS,
        "TLS": _TLS,
        "SSL": _TLS,
        "HTTPS": _TLS,
        "CERTIFICATE": _TLS,
        "SSL_KEYFILE_PATH": _TLS,
        "SSL_CERTFILE_PATH": _TLS,
        "DOMAIN": "is written as `url` at `webui`, the address that people open",
        "ENABLED": "a service that shall not run is written as `null`, such as `gateway: null`, or left out",
        "MEM_LIMIT": "is written as `memory` at the service",
        "SHM_SIZE": "is written as `memory` at the service",
        "DEPLOY": "a limit is written as `memory` at the service; there is no other",
    }
    | dict.fromkeys(_COMPOSES.split(), _COMPOSE),
    (
        (beginning("HF HUGGINGFACE HUGGING_FACE SENTENCE_TRANSFORMERS TRANSFORMERS"), _HUB),
        (r"PYTHON[A-Z]+", _PYTHON),
        (beginning("CUDA NCCL NVIDIA"), _NVIDIA),
        (beginning("GGML HIP HSA ROCM ROCR"), _GPU),
        (beginning("COMPOSE DOCKER"), _COMPOSE),
    ),
)


def told_of(name: str, here: list[type[BaseModel]], every: Iterable[type[BaseModel]]) -> str:
    """Return the message about a variable in the place of some models; empty if no program knows it.

    A variable of several words belongs first to the program that this place configures, then to others.
    """
    is_several = name.isupper() and "_" in name
    whole = _of_own(name, here) if is_several else ""
    return whole or _told(name, here, every, by_family=False)


def _of_own(name: str, here: list[type[BaseModel]]) -> str:
    tables = [table for model in here if (table := _table(model))]
    messages = (table.told(name, is_here=True) or table.told_by_family(name, is_here=True) for table in tables)
    return next(filter(None, messages), "")


def told_by_family(name: str, here: list[type[BaseModel]], every: Iterable[type[BaseModel]]) -> str:
    """Return the message about a variable that is known only by the beginning of its name."""
    return _told(name, here, every, by_family=True)


def _told(name: str, here: list[type[BaseModel]], every: Iterable[type[BaseModel]], *, by_family: bool) -> str:
    spelled = name.upper().replace("-", "_")
    own = [table for model in here if (table := _table(model))]
    # A table without a program holds plain words, which mean nothing in another place.
    others = [table for model in every if (table := _table(model)) and table.program and table not in own]
    # A word in small letters is another program's only where it cannot be a plain word.
    is_variable = name.isupper() or ("_" in name and not by_family)
    tables: list[Variables] = [*own, _GENERIC, *(others if is_variable else ())]
    for table in tables:
        is_here = table in own
        told = table.told_by_family(spelled, is_here=is_here) if by_family else table.told(spelled, is_here=is_here)
        if told:
            return told
    return ""


def program_of_file(keys: frozenset[str], every: Iterable[type[BaseModel]]) -> str:
    """Return the program whose own settings file begins with some of these keys; empty if there is none."""
    tables = (_table(model) for model in every)
    return next((table.program for table in tables if table and table.file_keys & keys), "")


def _table(model: type[BaseModel]) -> Variables | None:
    tell = getattr(model, "variables", None)
    table: Any = tell() if callable(tell) else None
    return table if isinstance(table, Variables) else None


def names_in(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the names of variables, each with its path: in a mapping, a list or lines of `NAME=value`.

    An entry of a list may also be a mapping: `NAME: value`, or `name: NAME` with its value beside it.
    """
    if isinstance(value, dict):
        yield from (((str(key),), str(key)) for key in value)
    elif isinstance(value, list):
        yield from (((place,), name) for place, entry in enumerate(value) for name in _named(entry))
    elif isinstance(value, str):
        yield from (((), name) for line in value.splitlines() for name in _named(line))


def _named(entry: Any) -> Iterator[str]:
    if isinstance(entry, dict):
        name = next((entry[key] for key in ("name", "key") if isinstance(entry.get(key), str)), None)
        yield from [name] if name is not None else map(str, entry)
    elif isinstance(entry, list):
        yield from (text for text in entry[:1] if isinstance(text, str))
    elif isinstance(entry, str):
        name, equals, _ = entry.removeprefix("export ").partition("=")
        # A word without a value is a variable's name if it is in capitals; another word is a value.
        yield from [name.strip()] if name.strip() and (equals or name.isupper()) else []
