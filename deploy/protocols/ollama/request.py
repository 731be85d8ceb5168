"""The request that creates a model over an engine's API, and the digest of everything that decides its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.deployment.bundle import digest
from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import set_values


@dataclass(frozen=True)
class Inputs:
    """The blobs of a model by sha256, and the options of its creation."""

    files: Mapping[str, str] = field(default_factory=dict)
    """File name to sha256; empty for a model created from another model."""
    adapters: Mapping[str, str] = field(default_factory=dict)
    quantize: str | None = None


def create_request(name: str, modelfile: Modelfile, inputs: Inputs) -> dict[str, object]:
    """Return the body of the request, without unset values."""
    whole = {
        "model": name,
        "from": None if inputs.files else modelfile.from_,
        "files": _blobs(inputs.files),
        "adapters": _blobs(inputs.adapters),
        "template": modelfile.template,
        "renderer": modelfile.renderer,
        "parser": modelfile.parser,
        "system": modelfile.system,
        "license": list(modelfile.license),
        "parameters": set_values(modelfile.parameters),
        "messages": [message.model_dump() for message in modelfile.messages],
        "quantize": inputs.quantize,
        "requires": modelfile.requires,
    }
    return {key: value for key, value in whole.items() if value not in (None, {}, [])}


def request_digest(request: Mapping[str, object], *, base: str | None = None, parent: str | None = None) -> str:
    """Return the digest of a request and its base: the base's manifest, or the digest of the parent's own request.

    The order of keys does not count, nor does the streaming of the answer.
    """
    decided = {key: value for key, value in request.items() if key != "stream"}
    return digest({"request": decided, "parent": parent, "base": base})


def _blobs(files: Mapping[str, str]) -> dict[str, str]:
    return {name: f"sha256:{sha256.removeprefix('sha256:')}" for name, sha256 in sorted(files.items())}
