"""Paths of the kit's own files, installed from a wheel or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_assets"


def _root() -> Path:
    return _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent


def package_dir() -> Path:
    """Return the folder of the kit's own modules."""
    return _PACKAGE


def templates_dir() -> Path:
    """Return the folder of the templates, which has one folder per component."""
    return _root() / "templates"


def roles_dir() -> Path:
    """Return the folder of the Ansible roles."""
    return _root() / "roles"


def inventories_dir() -> Path:
    """Return the folder of the deployments that are ready to use, one folder each."""
    return _root() / "inventories"


def playbooks_dir() -> Path:
    """Return the folder of the playbooks and of the other files that Ansible reads from the package."""
    return _PACKAGE / "playbooks"
