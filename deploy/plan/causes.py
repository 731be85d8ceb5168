"""Differences between a model's layers and those of an engine, in words."""

from __future__ import annotations

from collections.abc import Mapping

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


def causes(wanted: Mapping[str, str], live: Mapping[str, str]) -> tuple[str, ...]:
    """Return the differences in words between the wanted layers of a model and those of an engine.

    Kinds may be whole media types. If all computed layers are equal, the rest is named as the possible difference.
    """
    ours, theirs = _by_kind(wanted), _by_kind(live)
    differences = [
        _difference(_WORDS.get(kind, f"layer {kind}"), digest, theirs.get(kind, ""))
        for kind, digest in sorted(ours.items(), key=lambda item: _order(item[0]))
        if digest != theirs.get(kind, "")
    ]
    if differences:
        return tuple(differences)
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
