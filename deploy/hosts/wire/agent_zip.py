"""The agent as one file for any host's Python: the same sources give the same bytes and digest."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import deploy
from deploy.errors import KitError
from deploy.kept import remember, remembered
from deploy.stamps import package_stamps

ENTRY = "agent/entry.py"
# The zip format's first moment: no clock in the bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


MOST = 20
"""Number of kits whose agents' digests are remembered."""


@dataclass(frozen=True)
class AgentZip:
    """The agent's digest, under which it lies on hosts, and its size."""

    digest: str
    size: int

    @property
    def name(self) -> str:
        """Name of the agent's file on a host."""
        return f"{self.digest}.pyz"

    @property
    def content(self) -> bytes:
        """The agent's bytes, which a host that has them does not need."""
        content = _content()
        if hashlib.sha256(content).hexdigest() != self.digest:
            raise KitError("the modules of this kit changed while it ran", "run the same command again")
        return content


@cache
def agent_zip() -> AgentZip:
    """Return the agent of this package: its own modules and every room's `agent/`."""
    stamps = package_stamps()
    known = remembered("agents", stamps) if stamps else {}
    if isinstance(known.get("digest"), str) and isinstance(known.get("size"), int):
        return AgentZip(known["digest"], known["size"])
    agent = AgentZip(hashlib.sha256(_content()).hexdigest(), len(_content()))
    if stamps:
        remember("agents", stamps, {"digest": agent.digest, "size": agent.size}, MOST)
    return agent


@cache
def _content() -> bytes:
    return build(members(Path(deploy.__file__).parent))


def members(package: Path) -> dict[str, str]:
    """Return the archive's files by their paths; a room's other files stay."""
    files = {"__main__.py": (package / ENTRY).read_text(), "deploy/components/__init__.py": ""}
    files["deploy/__init__.py"] = (package / "__init__.py").read_text()
    rooms = list((package / "components").glob("*/agent"))
    for folder in (package / "agent", *rooms):
        for path in folder.rglob("*.py"):
            files[f"deploy/{path.relative_to(package)}"] = path.read_text()
    return {**files, **{f"deploy/components/{room.parent.name}/__init__.py": "" for room in rooms}}


def build(files: dict[str, str]) -> bytes:
    """Write a zip whose bytes depend on the files only; not compressed, because versions of zlib differ."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, EPOCH)
            member.external_attr = 0o100444 << 16
            member.create_system = 3
            archive.writestr(member, files[name])
    return buffer.getvalue()
