"""A probe's answer about a Docker that does not run, and about a daemon.json."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.docker import installed as engine
from deploy.agent.docker.daemon import daemon_json


def test_an_engine_that_is_installed_and_does_not_run_tells_its_place_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "dockerd"
    program.write_text("#!/bin/sh\necho 'Docker version 20.10.24+dfsg1, build 5d6db84'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    seen, _ = engine.observe(tmp_path)
    assert (seen["server"], seen["engine_path"], seen["version"]) == (False, str(program), "20.10.24+dfsg1")
    assert seen["is_denied"] is False


@pytest.mark.parametrize(
    ("text", "document", "problem"),
    [
        ('{"debug": true}', {"debug": True}, None),
        ("", {}, None),
        ('{\n "debug" true\n}', None, "line 2, column 10: Expecting ':' delimiter"),
        ("[]", None, "does not hold a JSON object, `{...}`"),
    ],
)
def test_a_daemon_json_is_told_with_the_place_of_its_mistake(
    tmp_path: Path, text: str, document: dict[str, bool] | None, problem: str | None
) -> None:
    (tmp_path / "daemon.json").write_text(text)
    assert daemon_json(tmp_path / "daemon.json") == (document, problem)


def test_a_daemon_json_that_is_not_there_is_no_problem(tmp_path: Path) -> None:
    assert daemon_json(tmp_path / "daemon.json") == (None, None)


def test_a_user_without_a_name_and_a_home_has_no_plugin_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "DOCKER_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    monkeypatch.setattr(engine, "PLUGIN_FOLDERS", (str(tmp_path),))
    assert engine.plugin_path("docker-compose") is None
