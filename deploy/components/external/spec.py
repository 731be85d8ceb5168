"""Fields of an engine that the kit does not run."""

from __future__ import annotations

import json
import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from deploy.fields.addresses import hostname_of, is_unspecified
from deploy.fields.engine import EngineSpec, ModelsAre
from deploy.fields.keys import Key
from deploy.fields.values import EngineUrl
from deploy.fields.variables import Variables
from deploy.strict import shown

_VERSION = re.compile(r"/v[0-9][^/]*(/|$)")
_BELOW = {
    "ollama": ("one of Ollama's protocols, not its address", ("/v1", "/api")),
    "openai": (
        "the path of one request",
        ("/models", "/chat/completions", "/completions", "/embeddings", "/responses"),
    ),
}
"""Ends of an address that lie below a protocol's root, with their meaning."""


def _address(value: str) -> str:
    try:
        host = hostname_of(value)
        _ = urlsplit(value).port
    except ValueError:
        raise PydanticCustomError("url", "{value} is not an address", {"value": shown(value)}) from None
    if is_unspecified(host):
        words = "{value} means every address, and only says where a program listens; write an address"
        raise PydanticCustomError("url", words, {"value": shown(value)})
    return value.rstrip("/")


Address = Annotated[EngineUrl, AfterValidator(_address)]


class ExternalEngine(EngineSpec):
    """An engine that runs without the kit: models are created on it or only asked for, and the gateway routes to it."""

    shortest: ClassVar[str] = '{name: mac, kind: external, api: ollama, url: "http://mac.lan:11434"}'

    kind: Literal["external"]
    """The component: external."""
    api: Literal["ollama", "openai"]
    """Protocol of its API: ollama, or openai (LM Studio, GPT4All, vLLM and many more)."""
    url: Address
    """Its address from this host and from containers; for openai, /v1 is added unless it names a version."""
    key: Key | None = None
    """Place of the key that it asks for: env:NAME or file:PATH."""
    prune: bool = False
    """True to remove models that left this file, if the kit made or pulled them."""

    cloud: bool = False
    """True to allow models of its vendor's cloud, if it is an Ollama; false keeps each question on the engine."""

    @classmethod
    def at(cls, url: str) -> str:
        """Return the YAML of an engine at an address: a version in its path tells which API it is."""
        api = "openai" if _VERSION.search(urlsplit(url).path) else "ollama"
        return f"{{name: main, kind: external, api: {api}, url: {json.dumps(url)}}}"

    @classmethod
    def variables(cls) -> Variables:
        """Return what other programs call its address and its key, for who writes one of them here."""
        from deploy.components.external.variables import VARIABLES

        return VARIABLES

    @field_validator("url")
    @classmethod
    def _is_where_its_protocol_begins(cls, value: str, info: ValidationInfo) -> str:
        api = str(info.data.get("api"))
        words, paths = _BELOW.get(api, ("", ()))
        if path := next((path for path in paths if value.endswith(path)), ""):
            told = {"value": shown(value), "words": words, "path": path}
            raise PydanticCustomError("url", "{value} is {words}; leave {path} out", told)
        # One spelling from here on: who asks the engine, the gateway and the web UI all get the same.
        return f"{value}/v1" if api == "openai" and not _VERSION.search(urlsplit(value).path) else value

    @property
    def models_are(self) -> ModelsAre:
        """Return the way in which its models come: opened, created or named."""
        return "created" if self.api == "ollama" else "named"

    @property
    def uses_cloud(self) -> bool:
        """True if the engine may send questions to its vendor's cloud."""
        return self.cloud

    @property
    def outside(self) -> str:
        """Address of the engine outside of the stack's own networks."""
        return self.url

    @property
    def heeding(self) -> str:
        """Setting by which the `template` of a model overrides the one in its file."""
        return "the variable OLLAMA_GO_TEMPLATE=1 in its environment lets the `template` win"

    @property
    def moved_by(self) -> str:
        """Setting that moves an Ollama's listener; other engines have settings of their own."""
        if self.api != "ollama":
            return ""
        return " (an Ollama: `sudo systemctl edit ollama`, lines `[Service]` and `Environment=OLLAMA_HOST=ADDRESS`)"
