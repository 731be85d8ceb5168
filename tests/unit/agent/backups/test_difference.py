"""The difference between two snapshots of a live host, with the real restic."""

from __future__ import annotations

from typing import Any

from deploy.agent.backups import difference
from deploy.cli.told.backup_diff import differences
from tests.unit.agent.backups.conftest import QUIET, Host


def test_two_backups_differ_by_kind_and_by_rows(host: Host) -> None:
    first = host.back_up()["snapshot"]
    host.say("second", "third")
    (host.data / "uploads/letter.txt").write_text("dearest")
    (host.data / "uploads/photo.png").write_text("pixels")
    host.secret("page", "other", "another secret")
    second = host.back_up()["snapshot"]
    request: Any = {**host.request, "first": first[:8], "second": "latest"}
    answer = difference.run(request, QUIET)
    assert (answer["first"]["id"], answer["second"]["id"]) == (first, second)
    assert answer["changes"] == {
        "page": {"added": [], "changed": ["webui.db"], "removed": []},
        "page uploads": {"added": ["uploads/photo.png"], "changed": ["uploads/letter.txt"], "removed": []},
        "secrets": {"added": ["secrets/page/other"], "changed": [], "removed": []},
    }
    table = {"service": "page", "database": "webui.db", "table": "said"}
    assert answer["rows"] == [{**table, "before": 1, "after": 3}]
    text = differences(answer)
    assert "uploads/photo.png" in text
    assert "another secret" not in text
    back: Any = {**request, "first": "latest", "second": first}
    assert difference.run(back, QUIET)["changes"]["page uploads"]["removed"] == ["uploads/photo.png"]
    same: Any = {**request, "second": first}
    assert differences(difference.run(same, QUIET)).endswith("nothing differs")
