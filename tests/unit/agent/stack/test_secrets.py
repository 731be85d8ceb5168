from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.probe import GivenSecret
from deploy.agent.contract.secrets import SecretRequest, SecretsRequest
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.stack import secrets
from tests.documents import with_keys

QUIET = Journal("", "")
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files to somebody")


@NEEDS_ROOT
def test_a_secret_is_generated_once_and_every_reader_has_a_copy_of_its_own(tmp_path: Path) -> None:
    readers = [{"service": "one", "uid": 4711, "gid": 4711}, {"service": "two", "uid": 4712, "gid": 4712}]
    wanted: Any = {"name": "key", "owner": "one", "prefix": "sk-", "value": None, "readers": readers}
    request: SecretsRequest = {"stack": "t", "root": str(tmp_path), "secrets": [wanted]}
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
    os.utime(first, (1000, 1000))
    assert secrets.run(request, QUIET) == {"changed": True, "written": ["one/key", "two/key"]}
    assert first.read_text() == second.read_text() == value
    # Its time tells whether a container has read it: another owner is no other secret.
    assert first.stat().st_mtime == 1000
    assert value not in (tmp_path / "run" / "secrets.json").read_text()
    given: Any = {**wanted, "value": "sk-given"}
    assert secrets.run({**request, "secrets": [given]}, QUIET)["changed"]
    assert second.read_text() == "sk-given"
    assert value not in str(secrets.read({"stack": "t", "root": str(tmp_path), "name": "key", "owner": "one"}, QUIET))
    asked: SecretRequest = {"stack": "t", "root": str(tmp_path), "name": "key", "owner": "one", "show": True}
    assert secrets.read(asked, QUIET)["value"] == "sk-given"


def test_data_of_another_stack_comes_with_the_secrets_that_it_was_written_with(tmp_path: Path) -> None:
    kept = tmp_path / "home" / "secrets" / "one" / "key"
    kept.parent.mkdir(parents=True)
    kept.write_text("of home")
    readers = [{"service": "one", "uid": os.getuid(), "gid": os.getgid()}]
    wanted: Any = {"name": "key", "owner": "one", "prefix": "", "value": None, "readers": readers, "stack": "home"}
    house = tmp_path / "house"
    secrets.run({"stack": "t", "root": str(house), "secrets": [with_keys(wanted, stack="")]}, QUIET)
    assert secrets.secret_path(house, "one", "key").read_text() != "of home"
    # An apply that was cut off has made some already.
    assert secrets.run({"stack": "t", "root": str(house), "secrets": [wanted]}, QUIET)["changed"]
    assert secrets.secret_path(house, "one", "key").read_text() == "of home"
    other = with_keys(wanted, name="new", stack="gone")
    assert secrets.run({"stack": "t", "root": str(house), "secrets": [other]}, QUIET)["changed"]
    with pytest.raises(AgentError):
        secrets.run({"stack": "t", "root": str(house), "secrets": [with_keys(wanted, stack="../home")]}, QUIET)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden"])
def test_a_secret_has_no_name_that_leaves_its_folder(tmp_path: Path, name: str) -> None:
    wanted: Any = {"name": name, "owner": "one", "prefix": "", "value": None, "readers": []}
    with pytest.raises(AgentError, match="is not a name"):
        secrets.run({"stack": "t", "root": str(tmp_path), "secrets": [wanted]}, QUIET)


@NEEDS_ROOT
def test_a_secret_that_is_kept_elsewhere_is_never_made_up(tmp_path: Path) -> None:
    wanted: Any = {
        "name": "mac_api_key",
        "owner": "mac",
        "prefix": "",
        "value": None,
        "reference": "env:MAC",
        "readers": [],
    }
    with pytest.raises(AgentError, match="kept in env:MAC, and was not provided"):
        secrets.run({"stack": "t", "root": str(tmp_path), "secrets": [wanted]}, QUIET)
    secrets.run({"stack": "t", "root": str(tmp_path), "secrets": [with_keys(wanted, value="given")]}, QUIET)
    kept = tmp_path / "secrets" / "mac" / "mac_api_key"
    assert (kept.read_text(), kept.stat().st_uid, kept.stat().st_mode & 0o7777) == ("given", 0, 0o400)
    assert not secrets.run({"stack": "t", "root": str(tmp_path), "secrets": [wanted]}, QUIET)["changed"]


@NEEDS_ROOT
def test_a_value_that_is_another_one_elsewhere_is_told_by_its_name_alone(tmp_path: Path) -> None:
    wanted: Any = {"name": "mac_api_key", "owner": "mac", "prefix": "", "value": "first", "readers": []}
    secrets.run({"stack": "t", "root": str(tmp_path), "secrets": [wanted]}, QUIET)
    given: GivenSecret = {"name": "mac_api_key", "owner": "mac", "value": "first"}
    assert secrets.replaced(tmp_path, [given]) == []
    assert secrets.replaced(tmp_path, [{**given, "value": "second"}]) == ["mac/mac_api_key"]
    assert secrets.replaced(tmp_path, [{**given, "owner": "elsewhere"}]) == []
