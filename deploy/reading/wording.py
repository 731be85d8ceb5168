"""Pydantic's errors in plain words, with a guess at the intended key."""

from __future__ import annotations

import functools
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from deploy.reading.described import descriptions
from deploy.reading.document import FieldPath
from deploy.strict import IN_FILE, shown
from deploy.words import did_you_mean

Keys = dict[str, str]
"""Allowed key to its description."""


_OWN_WORDS = {
    "several",
    IN_FILE,
    "name",
    "port",
    "measure",
    "publish",
    "path",
    "file",
    "url",
    "email",
    "text",
    "source",
    "value_error",
}


def keys_at(model: type[BaseModel], path: FieldPath, data: Any) -> Keys:
    """Return the allowed keys of the mapping at a path of a document."""
    return {
        key: descriptions(each).get(name, "")
        for each in _models_at(model, path, data)
        for name, key in ((name, info.alias or name) for name, info in each.model_fields.items())
    }


def field_at(model: type[BaseModel], path: FieldPath, data: Any) -> FieldInfo | None:
    """Return the field at a path of a document; None if no field is there."""
    fitting = (_keys(each).get(str(path[-1])) for each in _models_at(model, path[:-1], data))
    return next(filter(None, fitting), None)


def _refused(model: type[BaseModel], path: FieldPath, data: Any) -> Keys:
    """Return the tempting but refused keys of the mapping at a path, each with its reason."""
    return {
        key: why for each in _models_at(model, path[:-1], data) for key, why in getattr(each, "refused", {}).items()
    }


def _models_at(model: type[BaseModel], path: FieldPath, data: Any) -> list[type[BaseModel]]:
    models = {model}
    for step, part in enumerate(path):
        if isinstance(part, str):
            here = _fitting(models, _at(data, path[:step]))
            # A name of the user's own (in a mapping by name) is no field and leads nowhere else
            models = {inner for each in here for inner in models_in(_keys(each).get(part))} or models
    return _fitting(models, _at(data, path))


def words(error: Any, path: FieldPath, model: type[BaseModel], data: Any) -> str:
    """Return the message for one error of pydantic."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        meaning = keys_at(model, path[:-1], data).get(str(path[-1]))
        return f"is missing: {meaning}" if meaning else "is missing"
    if kind == "extra_forbidden":
        return told_of_key(str(path[-1]), path[:-1], model, data)
    if kind == "union_tag_invalid":
        known = context["expected_tags"].replace("'", "").split(", ")
        return f"{shown(context['tag'])} is not {', '.join(known)}{did_you_mean(str(context['tag']), known)}"
    if kind == "union_tag_not_found":
        kinds = [kind for each in _models_at(model, path[:-1], data) for kind in _kinds(each)]
        told = f", one of {', '.join(sorted(kinds))}" if kinds else ""
        return f"is missing: the kind of component{told}"
    if kind == "literal_error":
        wanted = context["expected"].replace("'", "")
        return f"{shown(value)} is not {wanted}{did_you_mean(str(value), wanted.replace(' or ', ', ').split(', '))}"
    if kind in _OWN_WORDS:
        return str(error["msg"])
    return _form(kind, value, context) or _lowered(error["msg"])


def told_of_key(key: str, path: FieldPath, model: type[BaseModel], data: Any) -> str:
    """Return the message about an unknown key: its right name, the reason why there is none, or a guess."""
    from deploy.fields.variables import told_by_family, told_of

    here, known = _models_at(model, path, data), keys_at(model, path, data)
    name, colon, _ = key.partition(":")
    if colon and name in known and _at(data, (*path, key)) is None:
        # In braces YAML reads a key and its value as one word.
        return f"a blank is missing behind `{name}:`"
    refused = _refused(model, (*path, key), data).get(key)
    if told := refused or told_of(key, here, all_models(model)):
        return told
    # A variable of several words is a program's before it is a key that somebody mistyped.
    is_variable = key.isupper() and "_" in key
    is_near = key.lower() in known or (not is_variable and did_you_mean(key, known))
    places = [place for place in _places_of(key, model) if place not in path[:1]]
    return (not is_near and not places and told_by_family(key, here, all_models(model))) or _unknown(key, known, places)


def _form(kind: str, value: Any, context: dict[str, Any]) -> str:
    """Return the message about a value of the wrong form or size."""
    if value is None:
        return "has no value; write a value or remove the key"
    if kind.startswith("int_"):
        digits = isinstance(value, str) and value.isascii() and value.isdigit()
        return f"{shown(value)} is not a whole number" + (
            "; write it without quotes and leading zeros" if digits else ""
        )
    limits = {"greater_than_equal": ("ge", "too small; at least"), "less_than_equal": ("le", "too large; at most")}
    if kind in limits:
        bound, say = limits[kind]
        return f"{shown(value)} is {say} {context[bound]}"
    keys = f"{_what(value)} is not a mapping (`key: value`{_or_none(value)})"
    plain = {
        "string_type": f"{_what(value)} is not text",
        "bool_type": f"{shown(value)} is neither true nor false",
        "model_type": keys,
        "dict_type": keys,
        "tuple_type": f"{_what(value)} is not a list (`[...]` or lines with '- ')",
        "too_short": "needs at least one entry",
        "too_long": f"has {context.get('actual_length')} entries; at most {context.get('max_length')} are taken",
        "finite_number": f"{shown(value)} is no finite number",
        "string_too_short": "is empty",
        "json_invalid": "holds a character that is no text",
    }
    return plain.get(kind, "")


def _or_none(value: Any) -> str:
    return ", or null for none" if value is False or value in ("no", "No", "off", "Off", "none", "None") else ""


def _what(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else shown(value)


def _unknown(key: str, known: Keys, places: list[str]) -> str:
    if key in known:
        return "excludes the other keys here; keep one of them"
    near = did_you_mean(key, known)
    if near or not known:
        return f"unknown key{near}"
    elsewhere = f", which belongs to {' or '.join(f'`{place}`' for place in places)}" if places else ""
    return f"unknown key{elsewhere}; known here: {', '.join(sorted(known))}"


def _places_of(key: str, model: type[BaseModel]) -> list[str]:
    """Return the parts of the file whose mappings have this key."""
    return [place for place, info in model.model_fields.items() if any(key in _keys(each) for each in models_in(info))]


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {info.alias or name: info for name, info in model.model_fields.items()}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return every model within an annotation."""
    if isinstance(annotation, FieldInfo):
        annotation = annotation.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


@functools.cache
def all_models(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """Return a model and every model within it, each at its first place."""
    inner = (each for info in model.model_fields.values() for each in models_in(info))
    return tuple(dict.fromkeys((model, *(each for outer in inner for each in all_models(outer)))))


def _fitting(models: set[type[BaseModel]], value: Any) -> list[type[BaseModel]]:
    """Return the possible model of the value's kind, or the models that know most of its keys."""
    if len(models) < 2 or not isinstance(value, dict):
        return sorted(models, key=lambda model: model.__name__)
    own = [model for model in models if "kind" in value and value["kind"] in _kinds(model)]
    known = {model: len(value.keys() & _keys(model).keys()) for model in own or models}
    best = max(known.values())
    return sorted((model for model in known if known[model] == best), key=lambda model: model.__name__)


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["kind"].annotation) if "kind" in model.model_fields else ()


def _at(data: Any, path: FieldPath) -> Any:
    for part in path:
        inside = isinstance(data, dict) and part in data
        if not inside and not (isinstance(data, list) and isinstance(part, int) and part < len(data)):
            return None
        data = data[part]
    return data
