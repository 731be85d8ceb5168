"""`kit backup spec`: kit.yaml and kit.lock come out of a repository into a folder of a person's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.hosts.reach import Hosts
from deploy.stack import HERE
from tests.tree import REPOSITORY
from tests.unit.cli.conftest import Kit
from tests.unit.refusing import Refusing

QUICKSTART = REPOSITORY / "inventories" / "quickstart"
KEY = "a key of sixteen"


class Machine(Refusing):
    """A machine that reaches a repository."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.requests: list[Any] = []

    def call(self, verb: Any, request: Any) -> Any:
        assert verb == "backed_up_spec"
        self.requests.append(request)
        files = {"kit.yaml": self.spec, "kit.lock": (QUICKSTART / "kit.lock").read_text()}
        return {"snapshot": "b" * 64, "taken": "2026-11-28T02:00:00Z", "stack": "quickstart", "files": files}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine((QUICKSTART / "kit.yaml").read_text())
    monkeypatch.setattr("deploy.cli.verbs.hosts.reach", lambda _ways: Hosts({HERE: machine}))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "backup.key").write_text(f"{KEY}\n")
    return machine


SPEC = ("backup", "spec", "--key", "backup.key", "--from")


def test_the_files_are_written_and_the_next_line_can_be_typed(kit: Kit, asked: Machine, tmp_path: Path) -> None:
    shown = kit(*SPEC, "disk2/kit", "home/kit.yaml")
    assert shown.code == 0, shown.err
    (request,) = asked.requests
    assert request == {"other": {"repository": str(tmp_path / "disk2/kit"), "key": KEY}, "snapshot": "latest"}
    assert (tmp_path / "home/kit.yaml").read_text() == asked.spec
    assert (tmp_path / "home/kit.lock").read_bytes() == (QUICKSTART / "kit.lock").read_bytes()
    line = f"kit backup restore bbbbbbbb --from {tmp_path}/disk2/kit --key backup.key home/kit.yaml"
    assert line in shown.out
    assert "note:" not in shown.out
    assert KEY not in shown.out


def test_a_repository_of_another_machine_keeps_its_name(kit: Kit, asked: Machine) -> None:
    kit(*SPEC, "sftp:kit@nas:/k", "--snapshot", "2026-11-28")
    assert asked.requests[0]["other"]["repository"] == "sftp:kit@nas:/k"
    assert asked.requests[0]["snapshot"] == "2026-11-28"


def test_files_that_no_backup_holds_are_told(kit: Kit, asked: Machine) -> None:
    asked.spec = asked.spec.replace("stack: ", "ca: company.pem\nstack: ")
    shown = kit(*SPEC, "/mnt/disk2/kit", "home/kit.yaml")
    assert shown.code == 0
    assert "note: " in shown.out
    assert "company.pem" in shown.out


@pytest.mark.parametrize("name", ["kit.yaml", "kit.lock"])
def test_nothing_is_overwritten(kit: Kit, asked: Machine, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    shown = kit(*SPEC, "/mnt/disk2/kit")
    assert (shown.code, asked.requests) == (2, [])
    assert f"{name} is there already" in shown.err
    assert (tmp_path / name).read_text() == "mine"
