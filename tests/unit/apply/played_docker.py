"""A Docker whose containers are values, and the moments at which a control node ends beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from tests.unit.listed import listed

STARTED = "2026-11-28T08:34:18.638110315Z"


class Killed(BaseException):
    """The control node ends here, as after `kill -9`."""


class PlayedDocker(Docker):
    """The containers of one host, each with the digest that its release gave it."""

    def __init__(self) -> None:
        super().__init__("/nowhere.sock")
        self.made: dict[str, dict[str, Any]] = {}
        self.sick: frozenset[str] = frozenset()
        """Digests of services that end at once."""
        self.kills: Kills | None = None
        self.tried = 0
        """Number of trials of a new image."""

    def containers(self, _labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        return [listed(each) for each in map(self._seen, self.made.values())]

    def container(self, name: str) -> dict[str, Any] | None:
        return next((self._seen(each) for each in self.made.values() if each["Id"] == name), None)

    def _seen(self, each: dict[str, Any]) -> dict[str, Any]:
        is_sick = each["Config"]["Labels"]["kit.digest"] in self.sick
        state = {"Status": "exited", "ExitCode": 3} if is_sick else each["State"]
        return {**each, "State": {"StartedAt": STARTED, **state}}

    def info(self) -> dict[str, Any]:
        # It closes the way to its containers by itself.
        return {"ServerVersion": "28.0.0"}

    def image(self, reference: str) -> dict[str, Any] | None:
        return {"Id": f"id of {reference}"}

    def stop(self, name: str, _seconds: int = 30) -> None:
        for each in self.made.values():
            if each["Id"] == name:
                each["State"] = {"Status": "exited", "ExitCode": 0}

    def remove(self, name: str) -> None:
        self.made = {service: each for service, each in self.made.items() if each["Id"] != name}

    def remove_whole(self, name: str) -> None:
        if self.kills and self.kills.is_over:
            # What a killed agent has started stays.
            raise Killed
        self.remove(name)

    def logs(self, _name: str, _lines: int = 30) -> list[str]:
        return ["it ends"]

    def events(self, *_: object) -> list[dict[str, Any]]:
        return []

    def up(self, root: Path, services: list[str]) -> None:
        """Make containers as `docker compose up` does: one that is as its release says is only started."""
        if self.kills:
            self.kills.pass_by()
        manifest = json.loads((root / "current" / "manifest.json").read_text())
        for name in services:
            parts, before = manifest["services"][name], self.made.get(name)
            if before is None or before["Config"]["Labels"]["kit.digest"] != parts["digest"]:
                self.made[name] = _container(name, parts, len(self.made))
            self.made[name]["State"] = {"Status": "running", "ExitCode": 0}
        if self.kills:
            self.kills.pass_by()

    def beside(self, service: str, name: str, file: Path) -> None:
        """Make a second container of a service as `docker compose run` does."""
        self.tried += 1
        if self.kills:
            self.kills.pass_by()
        parts = json.loads(file.with_name("manifest.json").read_text())["services"][service]
        self.made[name] = _container(name, parts, len(self.made))
        if self.kills:
            self.kills.pass_by()


def _container(name: str, parts: Mapping[str, Any], number: int) -> dict[str, Any]:
    labels = {"kit.stack": "home", "kit.service": name, "kit.digest": parts["digest"]}
    return {
        "Id": f"{name}-{parts['digest'][:12]}-{number}",
        "Name": name,
        "Image": f"id of {parts['image']}",
        "RestartCount": 0,
        "State": {"Status": "running", "ExitCode": 0},
        "Config": {"Image": parts["image"], "Labels": labels},
        "HostConfig": {},
        "NetworkSettings": {},
    }


class Kills:
    """Ends the control node at one of the points that a run passes; none after its last point."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.is_over = False

    def pass_by(self) -> None:
        """Pass one point; behind the deadly one nothing is asked any more."""
        if self._left == 0:
            self.is_over = True
        self._left -= 1
        if self.is_over:
            raise Killed
