"""A stack's name, and the folders and names that follow from it on every host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.agent import kit_folders

HERE = "here"
"""Name of the host of a kit.yaml that names none: the machine that kit runs on."""
KIT_FOLDER = str(kit_folders.KIT)
DATA_FOLDER = str(kit_folders.DATA)
CACHE = str(kit_folders.CACHE)
AGENT_FOLDER = str(kit_folders.AGENTS)
TOOLS = str(kit_folders.TOOLS)
UV = str(kit_folders.UV)
INSTALLED_DOCKER = kit_folders.INSTALLED_DOCKER
HOST_PYTHON = "/usr/bin/python3"
RESERVED_NAMES = (kit_folders.AGENTS.name, kit_folders.TOOLS.name)
"""Names that no stack can have: the folders of all stacks have them."""


@dataclass(frozen=True)
class Stack:
    """Folders and names that follow from a stack's name on every host."""

    name: str

    @property
    def root(self) -> str:
        """Folder of the stack's releases, files, secrets and state."""
        return str(kit_folders.KIT / self.name)

    @property
    def data_root(self) -> str:
        """Folder of the stack's user data; kit.yaml can name another one."""
        return str(kit_folders.DATA / self.name)

    @property
    def project(self) -> str:
        """Name of the compose project."""
        return kit_folders.project_of(self.name)

    def unit(self, job: str) -> str:
        """Return the name of a job's units, without their ending; no name of a stack or job has a dot."""
        return f"{self.project}.{job}"

    @property
    def current(self) -> str:
        """Link to the release in use."""
        return str(Path(self.root, "current"))

    @property
    def files(self) -> str:
        """Folder of the rendered files that containers mount."""
        return str(Path(self.root, "files"))

    @property
    def secrets(self) -> str:
        """Folder of the secrets, with a folder for each service that reads one."""
        return str(Path(self.root, "secrets"))

    def secret(self, service: str, name: str) -> str:
        """Return the path of a secret's file that a service reads."""
        return str(Path(self.secrets, service, name))

    def copies(self, service: str) -> str:
        """Return the folder of the copies of a service's user data."""
        return str(Path(self.root, "copies", service))

    def data_of(self, name: str) -> str:
        """Return the folder of a service's user data; kit.yaml can name another one."""
        return str(Path(self.data_root, name))
