from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from deploy.agent.contract.releases import PlacedFile
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases import place
from tests.documents import with_keys

QUIET = Journal("", "")
RELEASE = "a" * 64


def file(path: str, content: str = "x") -> PlacedFile:
    return {"path": path, "content": content, "mode": "0444", "sha256": hashlib.sha256(content.encode()).hexdigest()}


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/etc/passwd",
        f"releases/{RELEASE}/../../x",
        f"releases/{'b' * 64}/compose.yaml",
        "current/compose.yaml",
        f"files/{'c' * 64}/settings",
        "run/hold",
        f"releases/{RELEASE}/.hidden",
    ],
)
def test_a_file_is_placed_nowhere_but_in_its_release(tmp_path: Path, path: str) -> None:
    with pytest.raises(AgentError):
        place.run({"stack": "t", "root": str(tmp_path), "release": RELEASE, "files": [file(path)]}, QUIET)
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_not_those_of_their_digest_are_not_placed(tmp_path: Path) -> None:
    wrong = with_keys(file(f"releases/{RELEASE}/compose.yaml"), content="y")
    with pytest.raises(AgentError, match="does not match its digest"):
        place.run({"stack": "t", "root": str(tmp_path), "release": RELEASE, "files": [wrong]}, QUIET)
