"""Why a model's layers differ from those that an engine has, in words; a plan loads this, and no reader of texts."""

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
