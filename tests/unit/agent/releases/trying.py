"""A Docker of two services, whose containers are values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError
from deploy.agent.stack.release import linked_release
from tests.unit.listed import listed

OLD, NEW = "1" * 64, "2" * 64
Container = dict[str, Any]


def container(service: str, digest: str, image: str) -> Container:
    labels = {"kit.stack": "home", "kit.service": service, "kit.digest": digest}
    return {
        "Id": f"{service} of {digest}",
        "Image": f"id of {image}",
        "RestartCount": 0,
        "State": {"Status": "running", "ExitCode": 0, "StartedAt": "2026-11-28T08:34:18.638110315Z"},
        "Config": {"Image": image, "Labels": labels},
        "HostConfig": {},
        "NetworkSettings": {},
    }


class TryingDocker(Docker):
    """The containers of a host, by service, and what was done to them in its order."""

    def __init__(self, root: Path) -> None:
        super().__init__("/nowhere.sock")
        self.folder = root
        self.made = {name: container(name, f"old {name}", f"kit/{name}:1") for name in ("gate", "engine")}
        self.acts: list[str] = []
        self.sick: set[str] = set()
        """Digests of containers that end at once."""
        self.ids: dict[str, str] = {}
        """Ids of images that have another one than their name says."""
        self.version = "28.0.0"
        self.broken: set[str] = set()
        """Acts that fail."""

    def info(self) -> dict[str, Any]:
        return {"ServerVersion": self.version}

    def _act(self, act: str) -> None:
        self.acts.append(act)
        if act in self.broken:
            raise AgentError("Docker refuses this")

    def image(self, reference: str) -> dict[str, Any] | None:
        if f"image {reference}" in self.broken:
            raise AgentError("Docker refuses this")
        return {"Id": self.ids.get(reference, reference if reference.startswith("id of") else f"id of {reference}")}

    def tag(self, image: str, reference: str) -> None:
        self.acts.append(f"tag {reference}")
        self.ids[reference] = image

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        assert labels == {"kit.stack": "home"}
        return [listed(each) for each in self.made.values()]

    def container(self, name: str) -> Container | None:
        return next((each for each in self.made.values() if each["Id"] == name), None)

    def stop(self, name: str, _seconds: int = 30) -> None:
        self._act(f"stop {name}")
        for each in self.made.values():
            if each["Id"] == name:
                each["State"]["Status"] = "exited"

    def remove(self, name: str) -> None:
        self.remove_whole(name)

    def remove_whole(self, name: str) -> None:
        self._act(f"remove {name}")
        self.made = {service: each for service, each in self.made.items() if each["Id"] != name}

    def logs(self, _name: str, _lines: int = 30) -> list[str]:
        return ["no module named gate"]

    def events(self, *_: object) -> list[dict[str, Any]]:
        return []

    def networks(self, _labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        return []

    def run(self, _root: Path, asked: tuple[str, ...], _what: str) -> None:
        """Do what Compose does."""
        self.acts.append(" ".join(asked if asked[0] == "up" else asked[:2]))
        if asked[0] == "run":
            self._make(asked[2], asked[1], NEW)
        elif asked[0] == "up":
            for name in asked[1:]:
                self._make(name, name, linked_release(self.folder, "current") or "")

    def _make(self, name: str, service: str, release: str) -> None:
        parts = json.loads((self.folder / "releases" / release / "manifest.json").read_text())["services"][service]
        if name not in self.made or self.made[name]["Config"]["Labels"]["kit.digest"] != parts["digest"]:
            self.made[name] = container(name, parts["digest"], parts["image"])
            self.made[name]["Image"] = str((self.image(parts["image"]) or {})["Id"])
        is_sick = parts["digest"] in self.sick
        self.made[name]["State"] |= {"Status": "exited", "ExitCode": 3} if is_sick else {"Status": "running"}
