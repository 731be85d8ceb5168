"""Differences of rendered files: lines of public ones, and the names alone of those that may hold a token."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from deploy.decide.desired import Share
from deploy.hosts.observation.observe import read_observation
from deploy.hosts.wire.transport import Transport
from deploy.lifecycle.differences import HIDDEN, differences
from tests.golden.hosts import settled
from tests.golden.plans_of import PLANS, desired_of


class Host:
    """A host that has the files of a release."""

    def __init__(self, share: Share) -> None:
        self.texts = {file.path: file.content for file in share.bundle.placed()}
        self.asked: list[str] = []

    def call(self, _verb: Any, request: Any) -> Any:
        self.asked = request["paths"]
        return {"files": {path: self.texts[path] for path in request["paths"]}}


def share_of(folder: Path, more: str, backup: str = "{}") -> Share:
    (folder / "case").mkdir(exist_ok=True)
    written = (PLANS / "settled/kit.yaml").read_text().replace("backup: null\n", f"backup: {backup}\n")
    (folder / "case/kit.yaml").write_text(written + more)
    return desired_of(folder / "case/kit.yaml", folder)


def test_no_difference_shows_the_address_that_a_host_calls(tmp_path: Path) -> None:
    call = "on_failure: {{url: 'https://ntfy.example.org/{}'}}\n"
    none, first, second = (share_of(tmp_path, more) for more in ("", call.format("hunter2"), call.format("hunter3")))
    for before, after in ((none, first), (first, second), (second, none)):
        host = Host(before)
        seen = replace(read_observation(settled(before)), release=before.bundle.release)
        told = {each.name: each.lines for each in differences(after, cast("Transport", host), seen)}
        assert told["spec/kit.yaml"] == (HIDDEN,)
        assert "hunter" not in str(told)
        assert not [path for path in host.asked if path.endswith(("spec/kit.yaml", "on_failure.json"))]
    changed = share_of(tmp_path, "", backup="{daily_at: '05:00'}")
    seen = replace(read_observation(settled(none)), release=none.bundle.release)
    told = {each.name: each.lines for each in differences(changed, cast("Transport", Host(none)), seen)}
    assert "+  daily_at: 05:00" in [line.replace("'", "") for line in told["spec/kit.yaml"]], told
