"""Images from a registry: pulled by digest through Docker, then known by the kit's own name alone."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.docker.api import Docker, has_digest
from deploy.agent.docker.credentials import login_of
from deploy.agent.errors import AgentError, FullDiskError
from deploy.agent.inputs.disk import Need, ensure_room
from deploy.agent.inputs.layers import ROOM_PER_BYTE
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.remembered import read_json, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import ImagesRequest, PresentImage, PulledImage

SAY_SECONDS = 1.0
GITHUB = "ghcr.io"
"""Registry that has a mirror of its own in kit.yaml."""
NO_LOGIN = "log in on this host as root: docker login{server}; or name an image or a mirror that asks for no account"
REFUSED_LOGIN = "root's login on this host is not enough for it; log in with another account: docker login{server}"
HINTS = (
    (
        r"HTTP response to HTTPS client",
        (
            '{host} speaks plain HTTP: give it a certificate, or write "insecure-registries": ["{host}"] '
            "into /etc/docker/daemon.json and restart Docker"
        ),
    ),
    (
        r"x509|certificate",
        "Docker does not trust {host}: install -D -m 644 {ca} /etc/docker/certs.d/{host}/ca.crt",
    ),
    (r"toomanyrequests|too many requests", "try again later, or name `mirrors: {{{mirror}: ...}}` in kit.yaml"),
    (r"unauthorized|denied|authentication|forbidden|no basic auth", "{login}"),
    (r"manifest unknown|not found", "the registry no longer has it; `{lock}` pins what it has today"),
)
UNREACHED = (
    "check that this host's Docker reaches {host}, then run `{apply}` again; `mirrors: {{{mirror}: ...}}` in kit.yaml "
    "names another place; to set a proxy for Docker itself, edit its unit: systemctl edit docker"
)


def bring(docker: Docker, images: list[PulledImage], request: ImagesRequest, journal: Journal) -> list[PresentImage]:
    """Pull every image that is missing under its reference."""
    answers = []
    missing = [image for image in images if _there(docker, image, request) is None]
    _ensure_room(docker, missing)
    for image in images:
        if image in missing:
            with journal.step(f"image {image['kind']}"):
                _note(image, request)
                docker.tag(_pulled(docker, image, request, journal)["Id"], image["reference"])
        known = docker.image(image["reference"])
        if known is None:
            raise AgentError(
                f"{image['reference']} was pulled, but Docker does not have it", f"run `{Line('apply')}` again"
            )
        answers.append(_answer(image, known["Id"], image in missing))
    return answers


def _there(docker: Docker, image: PulledImage, request: ImagesRequest) -> dict[str, Any] | None:
    """Return the image if its name is confirmed: by Docker or, if it was loaded otherwise, by the agent's record."""
    present = docker.image(image["reference"])
    if present is None:
        return None
    known = read_json(_record(image, request)) or {}
    return present if has_digest(present, _digest(image)) or known.get("id") == present["Id"] else None


def _pulled(docker: Docker, image: PulledImage, request: ImagesRequest, journal: Journal) -> dict[str, Any]:
    """Return the image by its digest, from this host or from its registry."""
    for present in docker.images():
        if has_digest(present, _digest(image)):
            journal.say("it is on this host already")
            return present
    place = image["pull"]["from"]
    story = Story(journal, place, image["pull"].get("size"))
    try:
        login, (repository, _, digest) = login_of(_host(place)), place.partition("@")
        for line in docker.pull(repository, digest, login.header() if login else ""):
            story.hear(line)
    except AgentError as problem:
        raise AgentError(f"{place} could not be pulled: {problem.problem}", _next(problem, image, request)) from None
    pulled = docker.image(place)
    if pulled is None or not has_digest(pulled, _digest(image)):
        raise AgentError(
            f"{place} could not be pulled: Docker ended the pull without it",
            f"run `{Line('apply')}` again, or see `journalctl -u docker`",
        )
    return pulled


class Story:
    """Docker's reports about its layers, as one line with bytes, at most one a second."""

    def __init__(self, journal: Journal, place: str, size: int | None) -> None:
        self.journal, self.place, self.size = journal, place, size
        self._fetched: dict[str, tuple[int, int]] = {}
        self._said = 0.0

    def hear(self, line: dict[str, Any]) -> None:
        """Take one line of Docker's output."""
        status, layer = line.get("status"), str(line.get("id"))
        detail = line.get("progressDetail") or {}
        if status == "Downloading" and detail.get("total"):
            self._fetched[layer] = (detail.get("current", 0), detail["total"])
        elif status in ("Download complete", "Pull complete") and layer in self._fetched:
            self._fetched[layer] = (self._fetched[layer][1],) * 2
        if time.monotonic() - self._said >= SAY_SECONDS:
            self._said = time.monotonic()
            done, known = (sum(layer[which] for layer in self._fetched.values()) for which in (0, 1))
            words = "unpacking" if status == "Extracting" else "pulling"
            self.journal.say(f"{words} {self.place}", done, max(self.size or 0, known) or None)


def _next(problem: AgentError, image: PulledImage, request: ImagesRequest) -> str:
    if isinstance(problem, FullDiskError):
        return problem.next_step
    place = image["pull"]["from"]
    host = _host(place) or "its registry"
    server = f" {_host(place)}" if _host(place) else ""
    login = (REFUSED_LOGIN if login_of(_host(place)) else NO_LOGIN).format(server=server)
    facts = {"host": host, "login": login, "place": place, "ca": request.get("ca") or "CA.pem"}
    facts["mirror"] = "ghcr" if host == GITHUB else "registry"
    facts |= {"lock": str(Line("lock", "--upgrade", image["kind"])), "apply": str(Line("apply"))}
    for words, hint in HINTS:
        if re.search(words, problem.problem, re.IGNORECASE):
            return hint.format(**facts)
    return problem.next_step or UNREACHED.format(**facts)


def _host(place: str) -> str:
    """Return the registry in an image's name; empty for Docker's own."""
    return place.split("/")[0] if re.match(r"[^/]*[.:][^/]*/|localhost/", place) else ""


def _digest(image: PulledImage) -> str:
    digest: str = image["pull"]["from"].partition("@")[2]
    if digest != f"sha256:{image['reference'].rpartition(':')[2]}":
        raise AgentError(f"{image['reference']} is not the name for {digest}", "this is a fault of the kit")
    return digest


def _answer(image: PulledImage, image_id: str, changed: bool) -> PresentImage:
    return {
        "kind": image["kind"],
        "tag": image["reference"],
        "id": image_id,
        "built": changed,
        "debian_versions": {},
    }


def _record(image: PulledImage, request: ImagesRequest) -> Path:
    return Path(request["root"]) / "run" / "images" / f"{image['reference'].rpartition(':')[2]}.json"


def _note(image: PulledImage, request: ImagesRequest) -> None:
    """Record the image's stack before the pull: `collect` then also finds an interrupted one."""
    known: dict[str, Any] = {"kind": image["kind"], "tag": image["reference"], "id": None, "debian_versions": {}}
    write_json(_record(image, request), {"format": 1, **known})


def _ensure_room(docker: Docker, images: list[PulledImage]) -> None:
    need = int(ROOM_PER_BYTE * sum(image["pull"].get("size") or 0 for image in images))
    if need:
        ensure_room([Need(Path(docker.root()), need, "images")])
