"""A probe's answer about a Docker that does not run, and about a daemon.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.docker import installed as engine
from deploy.agent.docker.api import Docker
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


class Listing(Docker):
    """Docker with one image under a tag: a list of images leaves out its names elsewhere."""

    def __init__(self, tag: str, *digests: str) -> None:
        self.listed: dict[str, Any] = {"Id": "sha256:1", "RepoTags": [tag], "Labels": None, "RepoDigests": []}
        self.inspected: dict[str, Any] = {"Id": "sha256:1", "RepoDigests": [*digests]}

    def images(self, reference: str | None = None) -> list[dict[str, Any]]:
        assert reference == "kit/*"
        return [self.listed]

    def image(self, reference: str) -> dict[str, Any] | None:
        assert reference in self.listed["RepoTags"]
        return self.inspected


@pytest.mark.parametrize(
    ("digests", "remembered", "is_brought"),
    [
        (["library/x@sha256:" + "a" * 64], None, True),
        (["library/x@sha256:" + "b" * 64], None, False),
        ([], "sha256:1", True),
        ([], "sha256:2", False),
        ([], None, False),
    ],
)
def test_an_image_is_known_by_the_digest_in_its_name_or_by_the_id_that_is_remembered(
    digests: list[str], remembered: str | None, is_brought: bool, tmp_path: Path
) -> None:
    tag = f"kit/ollama:{'a' * 64}"
    (tmp_path / "images").mkdir()
    if remembered:
        (tmp_path / "images" / f"{'a' * 64}.json").write_text(json.dumps({"tag": tag, "id": remembered}))
    assert engine.images(Listing(tag, *digests), tmp_path)[tag]["is_brought"] is is_brought
