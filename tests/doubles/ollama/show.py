"""Descriptions of a model by the engine: in lists, and in full."""

from __future__ import annotations

import datetime
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doubles.ollama import gguf, gotemplate
from tests.doubles.ollama.modelfile import modelfile, table
from tests.doubles.ollama.names import Name
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.selection import takes_given
from tests.doubles.ollama.store import Manifest, Store

PLAIN = "{{ .Prompt }}"
CUT, EMPTY = "unexpected EOF", "EOF"
HIDDEN = ("general.name", "tokenizer.chat_template")


@dataclass(frozen=True)
class Model:
    """A model with everything that its layers hold."""

    name: Name
    manifest: Manifest
    path: Path
    header: gguf.Header
    config: dict[str, Any]
    template: str | None
    system: str
    parameters: dict[str, Any]
    messages: list[dict[str, Any]]
    licences: list[str]
    adapters: list[str]
    go_template: bool | None = None
    """Value of `OLLAMA_GO_TEMPLATE`; None if it is unset."""
    is_unread: bool = False
    """True if its file could not be opened."""

    @property
    def parent(self) -> str:
        """The model that this one was made from."""
        return self.manifest.of_kind("model")[-1].origin

    @property
    def jinja(self) -> str:
        """The template that the file brings."""
        return str(self.header.values.get("tokenizer.chat_template") or "")

    @property
    def used_template(self) -> str | None:
        """The template that makes its prompts, unless that is its file's own."""
        is_taken = bool(self.config.get("parser")) or takes_given(self.template, self.jinja, self.go_template)
        return self.template if is_taken else None

    @property
    def embeds(self) -> bool:
        """True if it makes embeddings, not answers."""
        return f"{self.header.architecture}.pooling_type" in self.header.values

    @property
    def capabilities(self) -> list[str]:
        """Its capabilities; none if its file cannot be read."""
        if self.is_unread:
            return []
        asked = gotemplate.fields(gotemplate.parse(self.used_template or PLAIN))
        native = self.jinja if self.used_template is None else ""
        found = ["embedding" if self.embeds else "completion"]
        found += ["tools"] if "tools" in asked or "tools" in native else []
        found += ["insert"] if "suffix" in asked else []
        return found + (["thinking"] if "thinking" in asked or "enable_thinking" in native else [])

    @property
    def details(self) -> dict[str, Any]:
        """Kind of the model."""
        words = ("model_format", "model_family", "model_families", "model_type", "file_type")
        names = ("format", "family", "families", "parameter_size", "quantization_level")
        return {name: self.config.get(word) for name, word in zip(names, words, strict=True)}


def load(store: Store, name: Name, *, is_file_wanted: bool = True, go_template: bool | None = None) -> Model:
    """Return a model; FileNotFoundError where there is none, or where a layer of it is missing."""
    manifest = store.manifest(name)

    def texts(kind: str) -> list[str]:
        return [store.text(layer) for layer in manifest.of_kind(kind)]

    path = store.blob(manifest.of_kind("model")[-1].digest)
    header = _header(path, is_file_wanted)
    return Model(
        name=name,
        manifest=manifest,
        path=path,
        header=header or gguf.Header(0),
        config=_json(store.text(manifest.config)) if manifest.config else {},
        template=next(iter(texts("template")), None),
        system="".join(texts("system")),
        parameters=next((_floats(_json(text)) for text in texts("params")), {}),
        messages=next((_json(text) for text in texts("messages")), []),
        licences=texts("license"),
        adapters=[str(store.blob(layer.digest)) for layer in manifest.of_kind("adapter")],
        go_template=go_template,
        is_unread=header is None,
    )


def _header(path: Path, is_wanted: bool) -> gguf.Header | None:
    try:
        header = gguf.read(path)
        if is_wanted:
            _ensure_long_enough(header, path.stat().st_size)
        return header
    except (struct.error, gguf.NotGgufError):
        if is_wanted:
            raise Refused(500, CUT if path.stat().st_size else EMPTY) from None
    except OSError:
        if is_wanted:
            raise
    return None


def _ensure_long_enough(header: gguf.Header, size: int) -> None:
    for tensor in header.tensors:
        end = header.data + tensor.offset + tensor.size
        if end > size:
            raise Refused(500, f'tensor "{tensor.name}" offset+size ({end}) exceeds file size ({size})')


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Refused(500, CUT if text else EMPTY) from None


def listed(model: Model) -> dict[str, Any]:
    """Return a model as `/api/tags` lists it."""
    header = model.header
    sizes = {
        "context_length": header.of_family("context_length"),
        "embedding_length": header.of_family("embedding_length"),
    }
    return {
        "name": str(model.name),
        "model": str(model.name),
        "modified_at": stamp(model.manifest.modified),
        "size": model.manifest.size,
        "digest": model.manifest.digest,
        "details": {"parent_model": model.parent, **model.details, **{k: v for k, v in sizes.items() if v}},
        "capabilities": model.capabilities,
    }


def shown(model: Model, system: str, verbose: bool) -> dict[str, Any]:
    """Return a model as `/api/show` tells it; what is empty is left out."""
    template = PLAIN if model.template is None else model.template
    texts = {
        "template": template,
        "system": system or model.system,
        "renderer": model.config.get("renderer"),
        "parser": model.config.get("parser"),
        "parameters": model.parameters,
        "license": model.licences,
        "messages": model.messages,
        "adapters": model.adapters,
    }
    is_built_in = bool(model.config.get("renderer") or model.config.get("parser"))
    native = model.jinja if model.used_template is None and not is_built_in else ""
    document = {
        "license": "\n".join(model.licences),
        "modelfile": modelfile(str(model.name), [str(model.path)], texts),
        "parameters": table(model.parameters),
        "template": native or template,
        "system": system or model.system,
        "details": {"parent_model": model.parent, **model.details},
        "messages": [{"role": one["role"], "content": one["content"]} for one in model.messages],
        "model_info": _info(model.header, verbose),
        "tensors": [{"name": one.name, "type": one.type, "shape": one.shape} for one in model.header.tensors],
        "capabilities": model.capabilities,
        "modified_at": stamp(model.manifest.modified),
        "requires": model.config.get("requires"),
    }
    return {key: value for key, value in document.items() if value or key in ("details", "model_info")}


def stamp(seconds: float) -> str:
    """Return a time as the engine writes it."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _info(header: gguf.Header, verbose: bool) -> dict[str, Any]:
    values = {key: value for key, value in header.values.items() if key not in HIDDEN}
    values["general.parameter_count"] = header.parameters
    return {
        key: None if isinstance(value, list) and not verbose else _plain(value) for key, value in sorted(values.items())
    }


def _plain(value: Any) -> Any:
    return four_bytes(value) if isinstance(value, float) else value


def four_bytes(value: float) -> float:
    """Return a float of four bytes, with as many digits as tell it from its neighbours."""
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("<f", short) == struct.pack("<f", value):
            return short
    return value


def _floats(parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        key: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for key, value in parameters.items()
    }
