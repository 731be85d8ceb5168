"""Owners and modes of placed paths: each opened path is reported, and the kit's own paths are repaired."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deploy.agent.contract.deployed import Deployed, Folder, Secret, Service
from deploy.agent.contract.places import Owner
from deploy.agent.stack import rights
from deploy.agent.stack.rights import differing, mend, observe, stated

ME: Owner = {"uid": os.geteuid(), "gid": os.getegid()}
FOLDERS = (
    "agent",
    "tools/bin",
    "home/copies",
    "home/releases/r",
    "home/files/f",
    "home/run/images",
    "home/run/failed",
    "home/secrets",
)
KEY: Secret = {"name": "key", "owner": "main"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A stack as the kit places it: two services, one of which reads the other's key."""
    os.umask(0o022)
    for folder in (*FOLDERS, "home/secrets/main", "home/secrets/gate", "home/secrets/page", "data/chats"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    root = tmp_path / "home"
    files = {"run/key": 0o400, "run/converged.json": 0o644, "audit.log": 0o644, "run/failed/main.log": 0o600}
    secrets = {f"secrets/{name}": 0o400 for name in ("main/key", "gate/key", "page/password")}
    for name, mode in {**files, **secrets}.items():
        (root / name).write_text("x")
        (root / name).chmod(mode)
    for closed in (*root.glob("secrets/*"), root / "secrets", root / "run" / "failed", tmp_path / "data" / "chats"):
        closed.chmod(0o700)
    shared = {"agent/a.pyz": 0o444, "docker_engine.json": 0o644, "tools/pyvenv.cfg": 0o644, "tools/bin/uv": 0o755}
    for name, mode in shared.items():
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    (root / "copies").chmod(0o700)
    (root / "current").symlink_to("releases/r")
    (root / "releases/r/deployment.json").write_text(json.dumps(deployment(tmp_path)))
    return root


def deployment(folder: Path) -> Deployed:
    chats: Folder = {"host_path": str(folder / "data" / "chats"), "mode": "0700", "owner": ME}
    page: Service = {
        "name": "page",
        "owner": ME,
        "folders": [chats],
        "host_secrets": [{"name": "password", "owner": "page"}],
    }
    readers: list[Service] = [{"name": name, "owner": ME, "secrets": [{"secret": KEY}]} for name in ("main", "gate")]
    return {"stack": "home", "services": [*readers, page], "models": []}


def test_what_nobody_touched_is_right(root: Path) -> None:
    assert differing(root, deployment(root.parent), ME) == []


def paths(root: Path) -> list[Path]:
    return [right.path for right in stated(root, deployment(root.parent), ME)]


def test_all_that_is_placed_is_looked_at(root: Path) -> None:
    assert set(root.rglob("*")) - set(paths(root)) == {root / "current", root / "releases/r/deployment.json"}


def test_each_path_that_is_opened_is_told_and_the_kits_own_is_mended(root: Path) -> None:
    for path in paths(root):
        before = path.stat().st_mode & 0o7777
        path.chmod(before | 0o066)
        found = differing(root, deployment(root.parent), ME)
        assert [one["path"] for one in found] == [str(path)]
        assert f"mode is {before | 0o066:04o}, not " in found[0]["cause"]
        mended = mend(root, deployment(root.parent), ME)
        assert mended == ([str(path)] if found[0]["is_placed"] else [])
        if not mended:
            assert path.name == "chats"
            path.chmod(before)
        assert differing(root, deployment(root.parent), ME) == []


def test_what_all_stacks_of_a_host_share_is_looked_at_and_mended(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent and its tools run as root, layers lie in every container, and a boot reads the kernel's settings."""
    cache, boot = root.parent / "cache", root.parent / "sysctl"
    monkeypatch.setattr(rights, "KIT", root.parent)
    monkeypatch.setattr(rights, "CACHE", cache)
    monkeypatch.setattr(rights, "path_of", lambda stack: boot / f"90-kit-{stack}.conf")
    for name in ("layers/a", "images/b.json", "keys/k", "downloads/d", "uv/deep/file"):
        (cache / name).parent.mkdir(parents=True)
        (cache / name).write_text("x")
    boot.mkdir()
    (boot / "90-kit-home.conf").write_text("x")
    assert differing(root, deployment(root.parent), ME) == []
    wanted = [cache, cache / "layers", cache / "layers/a", cache / "images/b.json", cache / "keys/k", cache / "uv"]
    wanted += [boot / "90-kit-home.conf", root.parent / "agent/a.pyz", root.parent / "tools/bin/uv", root / "copies"]
    for path in wanted:
        path.chmod(path.stat().st_mode | 0o022)
        (found,) = differing(root, deployment(root.parent), ME)
        assert (found["path"], found["is_placed"]) == (str(path), True)
        assert mend(root, deployment(root.parent), ME) == [str(path)]
    assert differing(root, deployment(root.parent), ME) == []


def test_a_stack_elsewhere_says_nothing_of_what_it_does_not_share(root: Path) -> None:
    assert not [path for path in paths(root) if str(path).startswith(("/var", "/etc", "/opt"))]


def test_a_folder_that_is_more_closed_than_it_must_be_is_left_alone(root: Path) -> None:
    (root / "run").chmod(0o700)
    assert differing(root, deployment(root.parent), ME) == []
    (root / "secrets" / "main" / "key").chmod(0)
    assert differing(root, deployment(root.parent), ME)[0]["cause"] == "mode is 0000, not 0400"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a path to somebody else")
def test_another_owner_is_told_and_mended(root: Path) -> None:
    for name in ("run", "secrets", "secrets/gate", "secrets/gate/key"):
        os.chown(root / name, 1234, 1234)
        assert [one["cause"] for one in observe(root)] == ["owner is 1234:1234, not 0:0"]
        assert mend(root, deployment(root.parent)) == [str(root / name)]
        assert observe(root) == []


def test_before_the_first_apply_there_is_nothing_to_tell(tmp_path: Path) -> None:
    (tmp_path / "parent").mkdir(mode=0o755)
    assert differing(tmp_path / "parent" / "home", {}, ME) == []


def test_a_folder_of_data_behind_a_link_has_the_rights_of_what_the_link_leads_to(root: Path) -> None:
    chats, moved = root.parent / "data" / "chats", root.parent / "another disk"
    chats.rename(moved)
    chats.symlink_to(moved)
    assert differing(root, deployment(root.parent), ME) == []
    moved.chmod(0o777)
    assert [one["cause"] for one in differing(root, deployment(root.parent), ME)] == ["mode is 0777, not 0700"]


def test_the_place_of_all_data_may_be_a_link(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, moved = root.parent / "srv", root.parent / "another disk"
    (moved / "home" / "chats").mkdir(parents=True, mode=0o755)
    (moved / "home" / "chats").chmod(0o700)
    usual.symlink_to(moved)
    monkeypatch.setattr(rights, "DATA", usual)
    decided = deployment(root.parent)
    decided["services"][2]["folders"][0]["host_path"] = str(usual / "home" / "chats")
    assert differing(root, decided, ME) == []
    assert mend(root, decided, ME) == []
    moved.chmod(0o777)
    assert mend(root, decided, ME) == [str(usual)]
    assert differing(root, decided, ME) == []


def test_a_link_in_place_of_a_key_is_told_and_what_it_leads_to_stays_as_it_is(root: Path) -> None:
    key, other = root / "secrets" / "gate" / "key", root.parent / "somebody else's"
    key.unlink()
    other.write_text("x")
    other.chmod(0o640)
    key.symlink_to(other)
    assert [one["path"] for one in differing(root, deployment(root.parent), ME)] == [str(key)]
    assert mend(root, deployment(root.parent), ME) == []
    assert other.stat().st_mode & 0o777 == 0o640
