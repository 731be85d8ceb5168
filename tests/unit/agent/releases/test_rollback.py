"""Messages of a rollback, in cases that need no real Docker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from deploy.agent.docker.health import UnhealthyError
from deploy.agent.docker.logs import redacted_log
from deploy.agent.journal import Journal
from deploy.agent.releases.rollback import roll_back

GOOD, NEW = "1" * 64, "2" * 64


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
