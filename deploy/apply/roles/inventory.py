"""The inventory of one run: every value in it is data, never a template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


def inventory_text(hosts: Mapping[str, dict[str, object]], groups: Mapping[str, Sequence[str]]) -> str:
    """Write hosts, their variables and groups as an inventory in which no string is a template."""
    told = {name: as_data(variables) for name, variables in hosts.items()}
    children: dict[str, object] = {group: {"hosts": {name: {} for name in names}} for group, names in groups.items()}
    tree = {"all": {"hosts": told, "children": children}}
    return json.dumps(tree, sort_keys=True, ensure_ascii=True, indent=1)


def as_data(value: object) -> object:
    """Mark every string in a tree of JSON values as data.

    YAML's tag `!unsafe` does not do: under it an empty string becomes null and "0750" a number.
    """
    if isinstance(value, str):
        return {"__ansible_unsafe": value}
    if isinstance(value, dict):
        return {str(key): as_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_data(item) for item in value]
    return value
