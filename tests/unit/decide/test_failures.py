"""The call on failures as a file and a job of the release."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.deployment.bundle import File
from tests.golden.plans_of import PLANS, desired_of


def bundle_of(folder: Path, more: str) -> tuple[File, ...]:
    written = (PLANS / "settled/kit.yaml").read_text()
    (folder / "kit.yaml").write_text((written.replace("backup: null\n", "") if "backup:" in more else written) + more)
    return desired_of(folder / "kit.yaml", folder.parent).bundle.files


def files_of(folder: Path, more: str = "") -> dict[str, str]:
    return {file.path: file.content for file in bundle_of(folder, more)}


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


def test_an_address_with_a_token_is_in_no_file_that_every_user_of_the_host_reads(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    call = "on_failure: {url: 'https://ntfy.example.org/token'}\n"
    telling = {file.path: file.mode for file in bundle_of(case, f"backup: {{}}\n{call}") if "org/token" in file.content}
    assert telling == {"on_failure.json": "0400", "spec/kit.yaml": "0400"}
    assert {file.mode for file in bundle_of(case, "backup: {}\n") if file.path.startswith("spec/")} == {"0444"}
