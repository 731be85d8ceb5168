"""Data of removed services is reported until it is destroyed, and data of other stacks never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.agent.data.left import left_behind, remembered_paths
from deploy.agent.releases.remove import _services_with_data
from tests.unit.agent.data.places import SERVICE, Host, write_chats


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    write_chats(found.data, "of the kit", chats=1)
    found.accept()
    found.release("a" * 64, found.data)
    for holder in (SERVICE, "gateway"):
        (found.root / "secrets" / holder).mkdir(parents=True)
        (found.root / "secrets" / holder / "key").write_text("sk-1")
    return found


def left(host: Host, *folders: Path, holders: tuple[str, ...] = (SERVICE, "gateway")) -> list[tuple[str, str]]:
    found = left_behind(host.root, str(host.folder / "srv"), [str(one) for one in folders], list(holders))
    return [(one["kind"], one["path"]) for one in found]


def no_service(host: Host) -> None:
    """Let the release that runs have no service any more."""
    (host.root / "releases" / ("a" * 64) / "deployment.json").write_text(json.dumps({"services": [], "engines": []}))


def test_what_kit_yaml_or_the_release_has_a_service_for_is_not_left(host: Host) -> None:
    assert left(host, host.data) == []
    assert left(host, holders=("gateway",)) == []


def test_data_and_keys_of_a_removed_service_are_left(host: Host) -> None:
    no_service(host)
    assert left(host, holders=("gateway",)) == [
        ("data", str(host.data)),
        ("keys", str(host.root / "secrets" / SERVICE)),
    ]


def test_folders_that_nobody_remembers_are_found_under_the_stacks_own(host: Host) -> None:
    models = host.folder / "srv" / "old engine" / "models"
    models.mkdir(parents=True)
    (host.folder / "srv" / "empty").mkdir()
    assert left(host, host.data) == [("data", str(host.folder / "srv" / "old engine"))]


def test_a_folder_that_the_services_own_is_a_link_to_is_not_left(host: Host) -> None:
    stack = host.folder / "srv"
    (stack / "moved" / "data").mkdir(parents=True)
    (stack / "moved" / "data" / "webui.db").touch()
    (stack / "linked").symlink_to("moved")
    assert left(host, host.data, stack / "linked" / "data") == []
    assert left(host, host.data) == [("data", str(stack / "moved"))]


def test_destroy_without_data_keeps_the_keys_that_left_data_needs(host: Host) -> None:
    no_service(host)
    assert _services_with_data(host.root) == [SERVICE]


def test_a_place_that_another_stack_has_now_is_nobody_elses_to_destroy(host: Host) -> None:
    assert remembered_paths(host.root) == [str(host.data)]
    second = host.root.parent / "second"
    (second / "releases" / ("b" * 64)).mkdir(parents=True)
    decided = {"services": [{"name": SERVICE, "data": {"host_path": str(host.data)}}], "engines": []}
    (second / "releases" / ("b" * 64) / "deployment.json").write_text(json.dumps(decided))
    (second / "current").symlink_to(f"releases/{'b' * 64}")
    assert remembered_paths(host.root) == []
