"""Messages of a rollback, in cases that need no real Docker."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.data import put_back
from deploy.agent.data.copy import take_copy
from deploy.agent.data.pending import remember_copy
from deploy.agent.data.put_back import finish_put_back
from deploy.agent.docker.api import Docker
from deploy.agent.docker.health import UnhealthyError
from deploy.agent.docker.logs import redacted_log
from deploy.agent.journal import Journal
from deploy.agent.releases.rollback import go_back_to, roll_back
from deploy.agent.stack.release import point

GOOD, NEW = "1" * 64, "2" * 64
QUIET = Journal("", "")


class Silent(Docker):
    """A Docker without a container, whose logs are given."""

    def __init__(self, *lines: str) -> None:
        super().__init__("/nowhere.sock")
        self.said = {"page": list(lines)}
        self.found: list[dict[str, Any]] = []

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        return self.found if labels else []

    def logs(self, name: str, lines: int = 30) -> list[str]:
        return self.said[name][-lines:]


def test_the_words_of_a_container_tell_no_secret_of_another_one(tmp_path: Path) -> None:
    for service, value in (("gate", "sk-of-the-gateway"), ("page", "word of the page")):
        (tmp_path / "secrets" / service).mkdir(parents=True)
        (tmp_path / "secrets" / service / "key").write_text(f"{value}\n")
    docker = Silent("refused: sk-of-the-gateway", "and word of the page")
    assert redacted_log(docker, tmp_path, "page") == ["refused: [redacted]", "and [redacted]"]


def test_a_disk_that_fails_while_rolling_back_hides_nothing_of_what_failed_first(tmp_path: Path) -> None:
    release = tmp_path / "releases" / GOOD
    release.mkdir(parents=True)
    (release / "manifest.json").write_text(
        json.dumps({"format": 1, "kit": "0", "stack": "home", "files": [], "services": {}})
    )
    # The link cannot be made: something else stands where it is prepared.
    (tmp_path / ".current.new" / "in the way").mkdir(parents=True)
    request: Any = {"root": str(tmp_path), "stack": "t", "project": "kit-t", "release": NEW, "services": {}}
    failure = UnhealthyError("main", "it ended with exit code 3", ["no such model"])
    back = {"release": GOOD, "images": {}}
    told = roll_back(Silent(), request, {}, back, failure, Journal(str(tmp_path), ""))
    assert told.problem.startswith("main did not get healthy: it ended with exit code 3\n  no such model\n")
    assert f"rolling back to {GOOD[:12]} failed as well: " in told.problem


def release_of(root: Path, release: str, data: Path, uid: int) -> None:
    """Place a release of the page, and make it the current one."""
    folder = root / "releases" / release
    folder.mkdir(parents=True)
    folders = [{"host_path": str(data), "owner": {"uid": uid, "gid": uid}, "mode": "0700"}]
    (folder / "deployment.json").write_text(json.dumps({"services": [{"name": "page", "folders": folders}]}))
    manifest = {"format": 1, "kit": "0", "stack": "home", "files": [], "services": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    point(root, "current", release)


@pytest.mark.parametrize("is_cut_off", [False, True])
def test_data_goes_back_with_its_former_user_although_the_failed_release_gave_it_to_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_cut_off: bool
) -> None:
    root, data, uid = tmp_path / "root", tmp_path / "data", os.geteuid()
    data.mkdir()
    (data / "letter.txt").write_text("dear")
    release_of(root, GOOD, data, uid)
    folder = root / "copies" / "page" / "1"
    take_copy({"service": "page", "host_path": str(data), "items": [{"tree": "letter.txt"}]}, folder, QUIET)
    remember_copy(root, "page", {"folder": str(folder), "image": "sha256:1", "release": GOOD})
    (data / "letter.txt").write_text("of the newer image")
    # The failed release gives the folder to another user; the way back has given it to the former one again.
    release_of(root, NEW, data, uid + 1)
    request: Any = {"root": str(root), "stack": "home", "project": "kit-home", "release": NEW, "services": {}}
    services: Any = {"page": {"action": "recreate"}}
    if is_cut_off:
        monkeypatch.setattr(put_back, "_swap_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            go_back_to(Silent(), root, request, services, {"release": GOOD, "images": {}}, QUIET)
        monkeypatch.undo()
        finish_put_back(root, QUIET)
    else:
        go_back_to(Silent(), root, request, services, {"release": GOOD, "images": {}}, QUIET)
    assert (data / "letter.txt").read_text() == "dear"
