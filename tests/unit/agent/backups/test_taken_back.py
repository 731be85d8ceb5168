"""A restore that is taken back: what was there before is in its place, and what was restored is kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from deploy.agent.errors import AgentError
from tests.unit.agent.backups.conftest import Host, Restore, said


def test_a_persons_folders_are_in_the_backup_and_come_back_while_the_page_goes_on(
    host: Host, put_back: Restore, calls: list[str]
) -> None:
    bridge = host.data.with_name("bridge")
    uploads = bridge / "static" / "uploads"
    uploads.mkdir(parents=True)
    (uploads / "leaflet.txt").write_text("ferries")
    host.shared = [
        {
            "service": "page_bridge",
            "host_path": str(bridge),
            "items": [{"tree": "config"}, {"tree": "static/uploads"}],
            "version": "1.0.0",
            "uid": os.geteuid(),
            "gid": os.getegid(),
        }
    ]
    host.release()
    taken = host.back_up()["snapshot"]
    assert "data/page_bridge" in {part["path"] for part in host.listed(taken)["parts"]}
    (uploads / "leaflet.txt").write_text("no ferries")

    answer = put_back(only=["page_bridge"])
    assert (answer["parts"], answer["services"], calls) == (["page_bridge"], [], [])
    assert (uploads / "leaflet.txt").read_text() == "ferries"
    assert (Path(answer["aside"]["page_bridge"]) / "static/uploads/leaflet.txt").read_text() == "no ferries"

    # As after checks that fail; the person wrote meanwhile.
    (uploads / "timetable.txt").write_text("at ten")
    returned = put_back(back=answer["aside"])
    assert [(path.name, path.read_text()) for path in uploads.iterdir()] == [("leaflet.txt", "no ferries")]
    kept = Path(returned["aside"]["page_bridge"]) / "static/uploads"
    assert {path.name: path.read_text() for path in kept.iterdir()} == {
        "leaflet.txt": "ferries",
        "timetable.txt": "at ten",
    }
    assert put_back(taken)["parts"] == ["page", "page_bridge"]
    assert (uploads / "leaflet.txt").read_text() == "ferries"


def test_a_restore_whose_checks_fail_is_taken_back(host: Host, put_back: Restore) -> None:
    host.back_up()
    host.say("later")
    shutil.rmtree(host.data / "uploads")
    answer = put_back()
    assert (host.data / "uploads/letter.txt").exists()
    host.say("while it was checked")
    returned = put_back(back=answer["aside"])
    assert said(host.database) == ["first", "later"]
    assert not (host.data / "uploads").exists()
    # People may have written while the checks ran.
    kept = Path(returned["aside"]["page"])
    assert said(kept / "webui.db") == ["first", "while it was checked"]
    assert (kept / "uploads/letter.txt").read_text() == "dear"


def test_an_interrupted_swap_is_taken_back_whole(
    host: Host, put_back: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    host.say("later")
    rename, left = Path.rename, [2]

    def failing(path: Path, target: Path) -> Path:
        left[0] -= 1
        if not left[0]:
            raise OSError(5, "Input/output error", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(AgentError, match="the former data is back"):
        put_back()
    assert said(host.database) == ["first", "later"]
    assert (host.data / "uploads/letter.txt").read_text() == "dear"
