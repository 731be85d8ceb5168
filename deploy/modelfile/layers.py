"""The layers that an engine makes of a model, as far as they can be computed: they only name a drift's cause.

A layer is its bytes, so equal digests are equal texts. The model's own file is not among them (an engine may rewrite
it while it imports it), nor what an engine may add to a file by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from deploy.modelfile.engine_json import written
from deploy.modelfile.modelfile import Modelfile
from deploy.modelfile.parameters import NAMES, Parameters, set_values

Layers = dict[str, str]
"""Kind of a layer to its digest, several joined by commas; empty where there is no such layer."""
Origin = Literal["bare file", "file", "model"]
"""What a model is made from: a file without a template of its own, any other file, which may bring a template and
stop words that the engine knows, or a model whose layers are taken over and not known here."""
_WORDS = {
    "template": "template",
    "system": "system text",
    "params": "parameters",
    "messages": "examples",
    "license": "license",
    "adapter": "adapter",
    "projector": "projector",
    "model": "file",
}


def inherited(parent: Modelfile, child: Modelfile) -> Modelfile:
    """Return a model that is made from another one with all that it takes over; licenses add up."""
    own = {name: getattr(child.parameters, name) for name in NAMES}
    above = {name: getattr(parent.parameters, name) for name in NAMES}
    return replace(
        child,
        parameters=Parameters(**{name: above[name] if own[name] is None else own[name] for name in NAMES}),
        template=child.template if child.template is not None else parent.template,
        system=child.system if child.system is not None else parent.system,
        license=parent.license + child.license,
        messages=child.messages or parent.messages,
    )


def layers(modelfile: Modelfile, origin: Origin) -> Layers:
    """Return what can be computed of a model's layers."""
    values = set_values(modelfile.parameters)
    texts = {
        "template": [modelfile.template] if modelfile.template else [],
        "system": [modelfile.system] if modelfile.system else [],
        "license": list(modelfile.license),
        "params": [f"{written(values)}\n"] if values else [],
        "messages": [_messages(modelfile)] if modelfile.messages else [],
    }
    unset = {kind for kind, found in texts.items() if not found}
    brought: dict[Origin, set[str]] = {
        "bare file": set(),
        "file": (unset & {"template"}) | ({"params"} if modelfile.parameters.stop is None else set()),
        "model": unset | {"params", "license"},
    }
    return {kind: ",".join(map(_digest, found)) for kind, found in texts.items() if kind not in brought[origin]}


def causes(wanted: Mapping[str, str], live: Mapping[str, str]) -> tuple[str, ...]:
    """Return in words what differs between the layers of a model as wanted and as an engine has them.

    Kinds may be whole media types. Where all that was computed is equal, the rest is named as what may differ.
    """
    ours, theirs = _by_kind(wanted), _by_kind(live)
    found = [
        _difference(_WORDS.get(kind, f"layer {kind}"), digest, theirs.get(kind, ""))
        for kind, digest in sorted(ours.items(), key=lambda item: _order(item[0]))
        if digest != theirs.get(kind, "")
    ]
    if found:
        return tuple(found)
    rest = sorted((kind for kind, digest in theirs.items() if digest and kind not in ours), key=_order)
    if not rest:
        return ()
    return (f"the {' or the '.join(_WORDS.get(kind, f'layer {kind}') for kind in rest)} changed in the engine",)


def _difference(what: str, wanted: str, live: str) -> str:
    if not live:
        return f"the engine lacks the {what}"
    return f"the {what} changed in the engine" if wanted else f"kit.yaml has no {what}, but the engine does"


def _order(kind: str) -> tuple[int, str]:
    known = list(_WORDS)
    return (known.index(kind) if kind in known else len(known), kind)


def _by_kind(given: Mapping[str, str]) -> dict[str, str]:
    return {kind.rpartition(".")[2]: digest for kind, digest in given.items()}


def _messages(modelfile: Modelfile) -> str:
    return written([{"role": each.role, "content": each.content} for each in modelfile.messages]) + "\n"


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
