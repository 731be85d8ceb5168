"""`/api/create`: layers from files or from a model, each with the bytes that the real engine would write."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import PurePosixPath
from typing import Any

from tests.doubles.ollama import gguf, gotemplate
from tests.doubles.ollama.golang import by_key, compact, human
from tests.doubles.ollama.known_templates import recognised
from tests.doubles.ollama.names import Name, parse, source_of
from tests.doubles.ollama.pull import pull
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.store import CONFIG, KIND, FullError, Layer, Store
from tests.doubles.ollama.typed import texts

QUANTIZED = {"F32", "F16", "Q8_0", "Q4_K_S", "Q4_K_M", "Q4_K", "BF16"}
KEPT = ("renderer", "parser", "requires", "capabilities", "model_format")
ORDER = (
    *("model_format", "model_family", "model_families", "model_type", "file_type"),
    *("renderer", "parser", "requires", "capabilities", "architecture", "os"),
)
Line = dict[str, Any]


def create(store: Store, name: Name, request: dict[str, Any], prune: bool) -> Generator[Line, None, None]:
    """Create a model, line by line; what goes wrong half way raises."""
    before = store.models().get(name)
    config: dict[str, Any] = {key: request.get(key) for key in KEPT}
    if request.get("from"):
        layers = yield from _from_model(store, request["from"], config)
        fresh: list[Layer] = []
    elif request.get("files") is not None:
        layers = yield from _from_files(store, request["files"])
        fresh = list(layers)
    else:
        raise Refused(400, "neither 'from' or 'files' was specified")
    if request.get("adapters"):
        adapters = yield from _from_files(store, request["adapters"], only_one=True)
        layers, fresh = [*layers, *adapters], [*fresh, *adapters]
    wanted = (request.get("quantize") or request.get("quantization") or "").upper()
    for index, layer in enumerate(layers):
        if layer.kind == "model":
            layers[index] = yield from _imported(store, layer, wanted, any(layer is one for one in fresh))
            _describe(config, gguf.read(store.blob(layer.digest)))
    layers = _dressed(store, layers, request)
    written = store.keep([_config(config)], CONFIG)
    yield from ({"status": layer.status} for layer in layers if layer.status)
    yield {"status": "writing manifest"}
    store.write(name, written, layers)
    if before and prune:
        store.drop_unused(before.parts)
    yield {"status": "success"}


def _from_model(store: Store, text: str, config: dict[str, Any]) -> Generator[Line, None, list[Layer]]:
    base, source = source_of(text)
    name = parse(base)
    if not name.valid:
        raise Refused(400, "invalid model name")
    if source == "cloud":
        raise Refused(502, "this double has no cloud")
    if not (store.manifests / name.path).is_file():
        yield from (line for line in pull(store, name, insecure=False, prune=True) if line != {"status": "success"})
    found = store.manifest(name)
    if found.config:
        base = by_key(json.loads(store.text(found.config)))
        config.update({key: base.get(key) for key in KEPT if not config[key]})
    return [store.adopt(layer.digest, layer.media, str(name)) for layer in found.layers]


def _from_files(store: Store, files: dict[str, str], only_one: bool = False) -> Generator[Line, None, list[Layer]]:
    layers: list[Layer] = []
    if only_one and len(files) > 1:
        raise Refused(400, "only one adapter is currently supported")
    for path, digest in sorted(files.items()):
        if not path.endswith(".gguf") and not _looks_like_gguf(store, digest):
            raise Refused(400, "unknown type")
        yield {"status": "parsing GGUF"}
        layer = store.adopt(digest, f"{KIND}model", path)
        try:
            header = gguf.read(store.blob(digest))
        except gguf.NotGgufError as error:
            raise Refused(400, str(error)) from None
        kind = header.values.get("general.type")
        if kind in ("adapter", "projector", "mmproj"):
            layer.media = f"{KIND}{kind}".replace("mmproj", "projector")
        layers.append(layer)
    if not layers:
        raise Refused(400, "no files provided to convert")
    for layer in list(layers):
        known = recognised(str(gguf.read(store.blob(layer.digest)).values.get("tokenizer.chat_template") or ""))
        if known:
            template = store.keep([known.template.encode()], f"{KIND}template")
            template.status = f"using autodetected template {known.name}"
            layers += [template, _parameters(store, {"stop": list(known.stop)})]
    return layers


def _looks_like_gguf(store: Store, digest: str) -> bool:
    path = store.blob(digest)
    return path.is_file() and path.open("rb").read(4) == b"GGUF"


def _imported(store: Store, layer: Layer, wanted: str, fresh: bool) -> Generator[Line, None, Layer]:
    header = gguf.read(store.blob(layer.digest))
    if wanted:
        if wanted not in QUANTIZED:
            supported = "F32, F16, Q4_K_S, Q4_K_M, Q8_0"
            raise Refused(500, f"unsupported quantization type {wanted} - supported types are {supported}")
        if header.file_type not in ("F16", "BF16", "F32"):
            raise Refused(500, "quantization is only supported for F16, BF16 and F32 models")
        if header.file_type != wanted:
            raise Refused(500, "this double does not quantize: llama-quantize unavailable")
    if not fresh:
        return layer
    try:
        store.ensure_room(layer.size)
    except FullError:
        validated = "failed to validate GGUF with llama-quantize without compatibility patches"
        raise Refused(500, f"{validated}: llama-quantize failed: exit status 1") from None
    # What llama-quantize wrote is copied once more to its place before it is dropped.
    store.ensure_room(2 * layer.size)
    yield {"status": "verifying conversion"}
    if gguf.normal(header):
        return Layer(layer.media, layer.digest, layer.size, status=f"using existing layer {layer.digest}")
    with store.writing() as copy:
        gguf.write_normal(store.blob(layer.digest), header, copy)
        copy.seek(0)
        return store.keep(iter(lambda: copy.read(1 << 20), b""), layer.media)


def _describe(config: dict[str, Any], header: gguf.Header) -> None:
    config["model_format"] = config["model_format"] or "gguf"
    config.setdefault("model_family", header.architecture)
    config.setdefault("model_type", human(header.parameters))
    config.setdefault("file_type", header.file_type)
    config["model_families"] = [*config.get("model_families", []), header.architecture]


def _dressed(store: Store, layers: list[Layer], request: dict[str, Any]) -> list[Layer]:
    if template := request.get("template"):
        layers = _without(store, layers, "template")
        try:
            gotemplate.parse(template)
        except gotemplate.TemplateError as error:
            raise Refused(400, f"template error: {error}") from None
        layers.append(store.keep([template.encode()], f"{KIND}template"))
    if system := request.get("system"):
        layers = [*_without(store, layers, "system"), store.keep([system.encode()], f"{KIND}system")]
    for text in texts(request.get("license")):
        layers.append(store.keep([text.encode()], f"{KIND}license"))
    parameters = dict(request.get("parameters") or {})
    for layer in layers:
        if layer.kind == "params":
            parameters = json.loads(store.text(layer)) | parameters
    if parameters:
        layers = _without(store, layers, "params")
        layers.append(_parameters(store, parameters))
    if messages := request.get("messages"):
        text = compact([_message(message) for message in messages]) + "\n"
        layers = [*_without(store, layers, "messages"), store.keep([text.encode()], f"{KIND}messages")]
    return layers


def _parameters(store: Store, parameters: dict[str, Any]) -> Layer:
    return store.keep([(compact(by_key(parameters)) + "\n").encode()], f"{KIND}params")


def _without(store: Store, layers: list[Layer], kind: str) -> list[Layer]:
    store.drop_unused(layer for layer in layers if layer.kind == kind)
    return [layer for layer in layers if layer.kind != kind]


def _message(message: dict[str, Any]) -> dict[str, Any]:
    plain = {"role": str(message.get("role", "")).lower(), "content": message.get("content", "")}
    return plain | {key: message[key] for key in ("thinking", "images", "tool_calls") if message.get(key)}


def _config(config: dict[str, Any]) -> bytes:
    full = {"model_format": "", "model_family": "", "model_families": None, "model_type": "", "file_type": ""}
    full |= {key: value for key, value in config.items() if value}
    full |= {"architecture": "amd64", "os": "linux"}
    return (compact({key: full[key] for key in ORDER if key in full}) + "\n").encode()


def ensure_paths(files: dict[str, str]) -> None:
    """Refuse file names that lead out of a folder, and digests that are none."""
    for path, digest in files.items():
        if path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise Refused(400, "file path must be relative")
        if not digest:
            raise Refused(400, "invalid digest format")
