"""The inventory of one run: every value in it is data, never a template."""

from __future__ import annotations

from typing import Any

import yaml


class _Data(str):
    """A string that Ansible must not take for a template."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out: an alias would be one more thing to read wrongly."""
        return True


_Dumper.add_representer(_Data, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


def inventory_text(hosts: dict[str, dict[str, Any]]) -> str:
    """Write hosts and their variables as a YAML inventory in which no string is ever templated."""
    tree = {"all": {"hosts": {name: as_data(variables) for name, variables in sorted(hosts.items())}}}
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=True, allow_unicode=False, width=2**20)


def as_data(value: Any) -> Any:
    """Mark every string in a tree of JSON values as data."""
    if isinstance(value, str):
        return _Data(value)
    if isinstance(value, dict):
        return {str(key): as_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_data(item) for item in value]
    return value
