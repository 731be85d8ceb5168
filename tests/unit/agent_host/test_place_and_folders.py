from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases import folders, place, secrets

QUIET = Journal("", "")
RELEASE = "a" * 64
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files to somebody")


def file(path: str, content: str = "x") -> dict[str, str]:
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
        place.run({"root": str(tmp_path), "release": RELEASE, "files": [file(path)]}, QUIET)
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_not_those_of_their_digest_are_not_placed(tmp_path: Path) -> None:
    wrong = {**file(f"releases/{RELEASE}/compose.yaml"), "content": "y"}
    with pytest.raises(AgentError, match="does not have the digest"):
        place.run({"root": str(tmp_path), "release": RELEASE, "files": [wrong]}, QUIET)


@NEEDS_ROOT
def test_folders_are_made_with_their_owner_and_never_taken_from_another(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {"host_path": str(tmp_path / "a" / "b"), "uid": 4711, "gid": 4712, "mode": "0750"}
    assert folders.run({"folders": [wanted]}, QUIET)["changed"]
    assert not folders.run({"folders": [wanted]}, QUIET)["changed"]
    status = (tmp_path / "a" / "b").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (4711, 4712, 0o750)
    (tmp_path / "a" / "b" / "chat").write_text("")
    with pytest.raises(AgentError, match="belongs to 4711:4712, and the service runs as 1:1") as refused:
        folders.run({"folders": [{**wanted, "uid": 1, "gid": 1}]}, QUIET)
    assert 'user: "4711:4712"' in refused.value.next_step


@NEEDS_ROOT
def test_a_secret_is_generated_once_and_every_reader_has_a_copy_of_its_own(tmp_path: Path) -> None:
    readers = [{"service": "one", "uid": 4711, "gid": 4711}, {"service": "two", "uid": 4712, "gid": 4712}]
    wanted = {"name": "key", "owner": "one", "prefix": "sk-", "value": None, "readers": readers}
    request = {"root": str(tmp_path), "secrets": [wanted]}
    assert secrets.run(request, QUIET) == {"changed": True, "written": ["one/key", "two/key"]}
    first, second = (tmp_path / "secrets" / service / "key" for service in ("one", "two"))
    value = first.read_text()
    assert value.startswith("sk-")
    assert len(value) > 40
    assert value == second.read_text()
    assert [(path.stat().st_uid, path.stat().st_mode & 0o7777) for path in (first, second)] == [
        (4711, 0o400),
        (4712, 0o400),
    ]
    assert secrets.run(request, QUIET) == {"changed": False, "written": []}
    second.unlink()
    first.chmod(0o444)
    assert secrets.run(request, QUIET) == {"changed": True, "written": ["one/key", "two/key"]}
    assert first.read_text() == second.read_text() == value
    assert value not in (tmp_path / "run" / "secrets.json").read_text()
    given = {**wanted, "value": "sk-given"}
    assert secrets.run({**request, "secrets": [given]}, QUIET)["changed"]
    assert second.read_text() == "sk-given"
    assert value not in str(secrets.read({"root": str(tmp_path), "name": "key", "owner": "one"}, QUIET))
    assert (
        secrets.read({"root": str(tmp_path), "name": "key", "owner": "one", "show": True}, QUIET)["value"] == "sk-given"
    )


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden"])
def test_a_secret_has_no_name_that_leaves_its_folder(tmp_path: Path, name: str) -> None:
    wanted: dict[str, Any] = {"name": name, "owner": "one", "prefix": "", "value": None, "readers": []}
    with pytest.raises(AgentError, match="is not a name"):
        secrets.run({"root": str(tmp_path), "secrets": [wanted]}, QUIET)
