"""The files of a stack on its host: modes, owners and content, asked in one call each."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from testinfra.host import Host

from deploy.agent.line import Line
from deploy.stack import Stack
from deploy.verify.checks import NotAsPlannedError, ensure
from deploy.verify.docker.rendered import read_compose
from deploy.verify.seen import Seen


class Files:
    """Asks the host about many files at once."""

    def __init__(self, host: Host, seen: Seen) -> None:
        self.host = host
        self.stack = Stack(seen.deployment.stack)
        self.seen = seen

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the current release."""
        found = self.host.run("cat %s", f"{self.stack.current}/manifest.json")
        if found.rc != 0:
            raise NotAsPlannedError(f"no release is placed; run `{Line('apply')}`")
        manifest: dict[str, Any] = json.loads(found.stdout)
        return manifest

    @cached_property
    def compose(self) -> dict[str, Any]:
        """What the current release says of its containers, as Compose reads it."""
        found = self.host.run("cat %s", f"{self.stack.current}/compose.yaml")
        if found.rc != 0:
            raise NotAsPlannedError(f"no release is placed; run `{Line('apply')}`")
        return read_compose(str(found.stdout))

    @cached_property
    def differing_rights(self) -> dict[str, str]:
        """Each path that the kit placed and that has another mode or owner, with the difference in words."""
        return {one["path"]: one["cause"] for one in self.seen.part("rights")}

    @cached_property
    def placed(self) -> dict[str, dict[str, str]]:
        """What the manifest says of each file, by its path on the host."""
        return {self._path(file["path"]): file for file in self.manifest["files"]}

    def _path(self, path: str) -> str:
        return f"{self.stack.root if path.startswith('files/') else self.stack.current}/{path}"

    def modes(self, paths: list[str]) -> dict[str, str]:
        """Return `mode uid:gid` of each path that is there."""
        found = self._asked("stat --dereference --format=%%a:%%u:%%g:%%n --", paths)
        parts = (line.split(":", 3) for line in found)
        return {name: f"{mode.zfill(4)} {uid}:{gid}" for mode, uid, gid, name in parts}

    def digests(self, paths: list[str]) -> dict[str, str]:
        """Return the sha256 of each file that is there."""
        return {line[66:]: line[:64] for line in self._asked("sha256sum --", paths)}

    def text(self, paths: list[str]) -> dict[str, str]:
        """Return what each file holds."""
        return {path: str(self.host.run("cat -- %s", path).stdout) for path in paths}

    def _asked(self, command: str, paths: list[str]) -> list[str]:
        ensure(paths, "nothing to look at")
        return str(self.host.run(" ".join([command, *("%s" for _ in paths)]), *paths).stdout).splitlines()
