"""Where the kit's own files lie, installed from a wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_assets"


def _root() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent


def package_dir() -> Path:
    """The kit's own modules."""
    return _PACKAGE


def templates_dir() -> Path:
    """The templates, one folder per component."""
    return _root() / "templates"


def roles_dir() -> Path:
    """The Ansible roles."""
    return _root() / "roles"


def inventories_dir() -> Path:
    """The deployments that are ready to use, one folder each."""
    return _root() / "inventories"


def playbooks_dir() -> Path:
    """The playbooks and what else Ansible reads from the package."""
    return _PACKAGE / "playbooks"
