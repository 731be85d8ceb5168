"""Layers that an engine makes of a model, as far as they can be computed: they only name a drift's cause.

A layer is its bytes, so equal digests are equal texts. The model's own file is not among them (an engine may rewrite it
while it imports it), nor what an engine may add to a file by itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Literal

from deploy.protocols.ollama.engine_json import written
from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import NAMES, Parameters, set_values

Layers = dict[str, str]
"""Kind of a layer to its digest (several joined by commas); empty without such a layer."""
Origin = Literal["bare file", "file", "model"]
"""Source of a model: a file without a template of its own, any other file, or a model.

A file may bring a template and stop words that the engine knows; a model's layers are inherited and unknown here.
"""


def inherited(parent: Modelfile, child: Modelfile) -> Modelfile:
    """Return a model created from another one, with all that it inherits; licenses add up."""
    own = {name: getattr(child.parameters, name) for name in NAMES}
    above = {name: getattr(parent.parameters, name) for name in NAMES}
    return replace(
        child,
        parameters=Parameters(**{name: above[name] if own[name] is None else own[name] for name in NAMES}),
        template=child.template if child.template is not None else parent.template,
        renderer=child.renderer or parent.renderer,
        parser=child.parser or parent.parser,
        system=child.system if child.system is not None else parent.system,
        license=parent.license + child.license,
        messages=child.messages or parent.messages,
    )


def layers(modelfile: Modelfile, origin: Origin) -> Layers:
    """Return the computable layers of a model."""
    values = set_values(modelfile.parameters)
    texts = {
        "template": [modelfile.template] if modelfile.template else [],
        "system": [modelfile.system] if modelfile.system else [],
        "license": list(modelfile.license),
        "params": [f"{written(values)}\n"] if values else [],
        "messages": [_messages(modelfile)] if modelfile.messages else [],
    }
    unset = {kind for kind, parts in texts.items() if not parts}
    brought: dict[Origin, set[str]] = {
        "bare file": set(),
        "file": (unset & {"template"}) | ({"params"} if modelfile.parameters.stop is None else set()),
        "model": unset | {"params", "license"},
    }
    return {kind: ",".join(map(_digest, parts)) for kind, parts in texts.items() if kind not in brought[origin]}


def _messages(modelfile: Modelfile) -> str:
    return written([{"role": each.role, "content": each.content} for each in modelfile.messages]) + "\n"


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
