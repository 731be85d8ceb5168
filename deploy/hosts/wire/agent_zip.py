"""The agent as one file for any host's Python: the same sources give the same bytes and digest."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import deploy

ENTRY = "agent/entry.py"
# The zip format's first moment: no clock in the bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class AgentZip:
    """The agent's bytes and their digest; it lies on hosts under the digest."""

    content: bytes
    digest: str

    @property
    def name(self) -> str:
        """Name of the agent's file on a host."""
        return f"{self.digest}.pyz"


@cache
def agent_zip() -> AgentZip:
    """Build the agent from this package: its own modules and every room's `agent/`."""
    content = build(members(Path(deploy.__file__).parent))
    return AgentZip(content, hashlib.sha256(content).hexdigest())


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
