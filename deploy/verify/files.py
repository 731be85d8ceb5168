"""The files of a stack on its host: modes, owners and content, as the agent's evidence has them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from deploy.agent.line import Line
from deploy.stack import Stack
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.docker.rendered import read_compose
from deploy.verify.evidence import HostEvidence

if TYPE_CHECKING:
    from deploy.agent.contract.evidence import PlacedFile
    from deploy.agent.contract.released import ReleaseFile


class Files:
    """The current release's files, and the rights of the stack's folders and secrets."""

    def __init__(self, evidence: HostEvidence) -> None:
        self.evidence = evidence
        self.stack = Stack(evidence.deployment.stack)

    @cached_property
    def compose(self) -> dict[str, Any]:
        """The current release's compose file, as Compose reads it."""
        compose = self.evidence.release["compose"]
        if compose is None:
            raise NotAsPlannedError(f"the release has no compose file; run `{Line('apply')}`")
        return read_compose(compose)

    @property
    def differing_rights(self) -> dict[str, str]:
        """Each path that the kit placed and that has another mode or owner, with the difference in words."""
        return {right["path"]: right["cause"] for right in self.evidence.rights}

    @cached_property
    def placed(self) -> dict[str, ReleaseFile]:
        """The manifest's statement of each file, by its path on the host."""
        return {self._path(file["path"]): file for file in self.evidence.release["manifest"]["files"]}

    @cached_property
    def present(self) -> dict[str, PlacedFile]:
        """Each file of the release on the host, by its path."""
        return {self._path(path): file for path, file in self.evidence.files.items()}

    def _path(self, path: str) -> str:
        return f"{self.stack.root if path.startswith('files/') else self.stack.current}/{path}"

    def rights(self, path: str) -> str:
        """Return the mode and owner of a folder or secret, or `missing`."""
        rights = self.evidence.modes.get(path)
        return f"{rights['mode']} {rights['owner']}" if rights else "missing"
