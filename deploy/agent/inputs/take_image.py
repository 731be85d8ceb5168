"""Operation `take_image`: loads an image that another host of the stack has, and proves that it can be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.contract.frames import CutOffError
from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError, FullDiskError
from deploy.agent.inputs.disk import Need, ensure_room
from deploy.agent.inputs.image import record_of, remember
from deploy.agent.inputs.pace import Pace
from deploy.agent.inputs.sent import piped
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.remembered import write_json

if TYPE_CHECKING:
    from deploy.agent.contract.images import Shipment, TakeAnswer, TakeRequest
    from deploy.agent.contract.inputs import PresentImage

COPIES = 2
"""Docker keeps the archive, and unpacks it."""


def run(request: TakeRequest, journal: Journal) -> TakeAnswer:
    """Run the operation `take_image`."""
    docker, tag = Docker(), request["tag"]
    with journal.step(f"image {request['kind']}"):
        try:
            pieces = piped(tag)
            shipment: Shipment = json.loads(next(pieces))
            _ensure_room(docker, shipment["size"])
            _note(request)
            problem = _loaded(docker, shipment, pieces, journal)
        except CutOffError:
            raise AgentError(f"{tag} ended before its end", f"run `{Line('apply')}` again") from None
    image = docker.image(tag)
    if image is None or problem:
        if not shipment["left_out"]:
            raise AgentError(problem or f"Docker loaded {tag}, but does not have it", "see `journalctl -u docker`")
        # Its layers are not stored as their names promise: the whole image will do.
        return {"changed": False, "image": None, "received": shipment["size"]}
    present: PresentImage = {
        "kind": request["kind"],
        "tag": tag,
        "id": image["Id"],
        "built": True,
        "debian_versions": shipment["debian_versions"],
    }
    remember(Path(request["root"]) / "run", present)
    return {"changed": True, "image": present, "received": shipment["size"]}


def _loaded(docker: Docker, shipment: Shipment, pieces: Iterator[bytes], journal: Journal) -> str:
    """Load the archive and look at what came of it; return the problem, or nothing."""
    tag = shipment["tag"]
    try:
        docker.load(Pace(journal, f"receiving {tag}", shipment["size"]).counted(pieces), shipment["size"])
        if (image := docker.image(tag)) is None:
            return f"Docker loaded {tag}, but does not have it"
        if image["RootFS"].get("Layers") != shipment["layers"]:
            return f"Docker loaded {tag} with other layers"
        # An archive can be loaded with an error and a good status: a container proves the layers.
        docker.ensure_usable(image["Id"], f"kit-check-{tag.rpartition(':')[2][:12]}")
    except FullDiskError:
        # The whole image needs even more room.
        raise
    except AgentError as problem:
        return problem.problem
    return ""


def _ensure_room(docker: Docker, size: int) -> None:
    ensure_room([Need(Path(docker.root()), COPIES * size, "images")])


def _note(request: TakeRequest) -> None:
    """Record the image's stack before it comes: `collect` then also finds an interrupted one."""
    known: dict[str, Any] = {"kind": request["kind"], "tag": request["tag"], "id": None, "debian_versions": {}}
    write_json(record_of(Path(request["root"]) / "run", request["tag"]), {"format": 1, **known})
