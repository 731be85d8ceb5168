"""Types of single values: names, ports, sizes, durations, paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from posixpath import normpath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.nearest import (
    address_faults,
    address_near,
    model_near,
    name_near,
    not_allowed,
    package_near,
    sha256_near,
    version_near,
)
from deploy.strict import several, shown, text_faults

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


_MODEL_PART = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"


_MODEL_NAME = re.compile(
    rf"(?=.{{1,200}}$)({_MODEL_PART}(:[0-9]{{1,5}})?/({_MODEL_PART}/){{0,2}})?{_MODEL_PART}(:[A-Za-z0-9_][A-Za-z0-9._-]{{0,61}})?"
)


_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")


_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}((a|b|rc|\.post|\.dev)[0-9]+)?")


_URL = re.compile(r"https?://[A-Za-z0-9\[][^\s\"'\\$`<>\x00-\x1f\x7f]*")


_SHA256 = re.compile(r"[0-9a-f]{64}")


_SIZE = re.compile(r"([0-9]+)(MiB|GiB|TiB)")


_DURATION = re.compile(r"([0-9]+)(s|m|h|d)")


_SIZE_UNITS = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


_DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def matching(
    pattern: re.Pattern[str], what: str, allowed: str = "", nearest: Callable[[str], str] = str
) -> AfterValidator:
    """Return the check of a text that must fit a pattern from its beginning to its end.

    `allowed` is the class of characters that the text may hold; `nearest` returns a value to propose.
    """

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            near = nearest(value)
            faults = not_allowed(value, allowed) if allowed else ""
            propose = f"; write {near}" if near != value and pattern.fullmatch(near) else ""
            words = {"value": shown(value), "what": what, "faults": faults, "propose": propose}
            raise PydanticCustomError("name", "{value} is not {what}{faults}{propose}", words)
        return value

    return AfterValidator(check)


def _port(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and not 1 <= value <= 65535:
        raise PydanticCustomError("port", "{value} is not a port (1-65535)", {"value": shown(value)})
    return value


def _measure(pattern: re.Pattern[str], units: dict[str, int], what: str) -> BeforeValidator:
    def parse(value: Any) -> int:
        match = pattern.fullmatch(value) if isinstance(value, str) else None
        if match is None or int(match[1]) == 0:
            raise PydanticCustomError("measure", "{value} is not {what}", {"value": shown(value), "what": what})
        return int(match[1]) * units[match[2]]

    return BeforeValidator(parse)


def host_path(value: str) -> str:
    """Check a path on a host."""
    parts = value.split("/")
    if re.match(r"[A-Za-z]:[\\/]", value):
        raise PydanticCustomError(
            "path", "{value} is a path of Windows; name a folder of the Linux side", {"value": shown(value)}
        )
    if re.match(r"(//|\\\\)[^/\\]", value):
        words = "{value} is a share of another machine; mount it, and name the folder that it is mounted in"
        raise PydanticCustomError("path", words, {"value": shown(value)})
    if value.startswith("~"):
        raise PydanticCustomError("path", "{value}: write the whole path: '~' is not expanded", {"value": shown(value)})
    if not value.startswith("/") or ".." in parts or len(value) > 1000 or re.search(r"[\x00-\x1f\x7f:$\\]", value):
        faults = not_allowed(value, r" -#%-9;-[\]-~\u0080-\U0010ffff")
        near = "" if faults or not value.startswith("/") or len(value) > 1000 else normpath(value)
        propose = f"; without '..' it is {near}" if near.strip("/") else ""
        words = "{value} is not an absolute path without '..', ':', '$' and control characters{faults}{propose}"
        raise PydanticCustomError("path", words, {"value": shown(value), "faults": faults, "propose": propose})
    return "/" + "/".join(part for part in parts if part not in ("", "."))


def _file(value: str) -> str:
    if not value or len(value) > 1000 or value.endswith("/") or re.search(r"[\x00-\x1f\x7f]", value):
        raise PydanticCustomError("file", "{value} does not name a file", {"value": shown(value)})
    if value.startswith("~"):
        raise PydanticCustomError("file", "{value}: write the whole path: '~' is not expanded", {"value": shown(value)})
    return value


def _text(value: str) -> str:
    if wrong := [((), words) for words in text_faults(value)]:
        raise several(wrong)
    return value


_URL_PORT = re.compile(r"https?://[^/?#]*?:([^\]:/?#]*)(?:[/?#]|$)")


def _such_as(example: str) -> AfterValidator:
    def check(value: str) -> str:
        # Programs send a host and a path in ASCII alone, each in a form of its own: one form is written.
        if not _URL.fullmatch(value) or not value.isascii() or len(value) > 1000:
            near = address_near(value)
            propose = f"; write {near}" if near != value and _URL.fullmatch(near) and near.isascii() else ""
            words = {"value": shown(value), "example": example, "faults": address_faults(value), "propose": propose}
            raise PydanticCustomError("url", "{value} is not an address such as {example}{faults}{propose}", words)
        if "@" in value:
            raise PydanticCustomError("url", "holds a user or a password, and this file goes to git", {})
        port = _URL_PORT.match(value)
        if port and not is_port(port[1]):
            words = {"value": shown(value), "port": shown(port[1])}
            raise PydanticCustomError("url", "{value} is not an address: {port} is not a port (1-65535)", words)
        return value

    return AfterValidator(check)


def is_port(text: str) -> bool:
    """Return True if digits name a port."""
    return re.fullmatch(r"[1-9][0-9]{0,4}", text) is not None and int(text) <= 65535


def _address_schema(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": "^https?://", "examples": [example]})


def _base_url(value: str) -> str:
    if match := re.search(r"[?#]", value):
        # What stands there may be a key.
        words = "this address has no {what}; leave out all from the '{sign}' on"
        what = {"?": "query", "#": "fragment"}[match[0]]
        raise PydanticCustomError("url", words, {"what": what, "sign": match[0]})
    return value


_BASE = AfterValidator(_base_url)


def pattern_schema(pattern: re.Pattern[str], *examples: str) -> WithJsonSchema:
    """Return the schema of a text that must fit a pattern."""
    told = {"examples": list(examples)} if examples else {}
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern.pattern}$", **told})


Name = Annotated[
    str,
    matching(_NAME, "a name (a to z, 0 to 9 and '-', begins with a letter, at most 31 long)", "a-z0-9-", name_near),
    pattern_schema(_NAME, "home", "main"),
]


ModelName = Annotated[
    str,
    matching(
        _MODEL_NAME,
        "a model name (letters, digits, '.', '_', '-', '/', and a tag after ':')",
        "A-Za-z0-9._:/-",
        model_near,
    ),
    pattern_schema(_MODEL_NAME, "gemma", "llama3.2:3b"),
]


PackageName = Annotated[
    str,
    matching(_PACKAGE, "a Python package name", "A-Za-z0-9._-", package_near),
    pattern_schema(_PACKAGE, "some-model-gguf"),
]


Version = Annotated[
    str, matching(_VERSION, "a version such as 1.2.3", nearest=version_near), pattern_schema(_VERSION, "1.2.3")
]


Sha256 = Annotated[
    str,
    matching(_SHA256, "a sha256 (64 hex digits, small letters)", nearest=sha256_near),
    pattern_schema(_SHA256, "0" * 64),
]


Port = Annotated[
    int, BeforeValidator(_port), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535, "examples": [3000]})
]


Size = Annotated[int, _measure(_SIZE, _SIZE_UNITS, "a size such as 512MiB or 4GiB"), pattern_schema(_SIZE, "4GiB")]


Duration = Annotated[
    int, _measure(_DURATION, _DURATION_UNITS, "a duration such as 30s, 5m or 2h"), pattern_schema(_DURATION, "5m")
]


HostPath = Annotated[
    str, AfterValidator(host_path), WithJsonSchema({"type": "string", "pattern": "^/", "examples": ["/srv/models"]})
]


SourcePath = Annotated[
    str, AfterValidator(_file), WithJsonSchema({"type": "string", "minLength": 1, "examples": ["models/mine.gguf"]})
]


Url = Annotated[
    str, _such_as("https://example.org/models/mine.gguf"), _address_schema("https://example.org/models/mine.gguf")
]


EngineUrl = Annotated[str, _BASE, _such_as("http://mac.lan:11434"), _address_schema("http://mac.lan:11434")]


ProxyUrl = Annotated[str, _BASE, _such_as("http://proxy.internal:3128"), _address_schema("http://proxy.internal:3128")]


def _fingerprint_of(value: str) -> str:
    return value.replace(" ", "").upper()


DebianUrl = Annotated[
    str, _BASE, _such_as("https://mirror.internal/debian"), _address_schema("https://mirror.internal/debian")
]


NvidiaUrl = Annotated[
    str,
    _BASE,
    _such_as("https://mirror.internal/libnvidia-container"),
    _address_schema("https://mirror.internal/libnvidia-container"),
]


Fingerprint = Annotated[
    str,
    matching(re.compile("[0-9A-F]{40}"), "a key's fingerprint of 40 digits and capitals", nearest=_fingerprint_of),
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-F]{40}$"}),
]


PypiUrl = Annotated[
    str, _BASE, _such_as("https://mirror.internal/simple"), _address_schema("https://mirror.internal/simple")
]


RegistryUrl = Annotated[
    str, _BASE, _such_as("https://registry.internal:5000"), _address_schema("https://registry.internal:5000")
]


LibraryUrl = Annotated[
    str, _BASE, _such_as("https://models.internal:8443"), _address_schema("https://models.internal:8443")
]


Text = Annotated[str, AfterValidator(_text), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 65_536})]
