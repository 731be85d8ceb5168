"""The call on failures as a file and a job of the release."""

from __future__ import annotations

import json
from pathlib import Path

from tests.golden.plans_of import PLANS, desired_of


def files_of(folder: Path, more: str = "") -> dict[str, str]:
    (folder / "kit.yaml").write_text((PLANS / "settled/kit.yaml").read_text() + more)
    return {file.path: file.content for file in desired_of(folder / "kit.yaml", folder.parent).bundle.files}


def test_a_release_says_whom_its_host_calls(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    files = files_of(case, "on_failure: {url: 'https://ntfy.example.org/kit', body: plain, every: 2m}\n")
    said = json.loads(files["on_failure.json"])
    assert (said["url"], said["command"], said["body"]) == ("https://ntfy.example.org/kit", None, "plain")
    assert "OnUnitInactiveSec=120" in files["units/kit-home.watch.timer"]
    assert json.loads(files["units/watch.json"])["verb"] == "watch"
    assert "ntfy" not in files["deployment.json"]
    without = files_of(case)
    assert "on_failure.json" not in without
    assert not [path for path in without if "watch" in path]
