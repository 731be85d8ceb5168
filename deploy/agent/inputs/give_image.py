"""Operations `layers` and `give_image`: which layers this host has, and an image without those of another host."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError
from deploy.agent.inputs.image import record_of
from deploy.agent.inputs.saved import Outgoing, chain_ids, read_saved
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.remembered import read_json

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Request
    from deploy.agent.contract.images import GiveRequest, LayersAnswer, Shipment


def layers(_request: Request, _journal: Journal) -> LayersAnswer:
    """Run the operation `layers`."""
    docker = Docker()
    images = filter(None, (docker.image(each["Id"]) for each in docker.images()))
    return {"chains": sorted({chain for image in images for chain in chain_ids(image["RootFS"].get("Layers") or [])})}


def run(request: GiveRequest, _journal: Journal) -> Iterator[bytes]:
    """Run the operation `give_image`: Docker's archive is read twice, so that no disk and no memory holds it."""
    docker, tag = Docker(), request["tag"]
    if docker.image(tag) is None:
        raise AgentError(f"Docker does not have {tag} any more", f"run `{Line('apply')}` again: it brings the image")
    try:
        with docker.saved(tag) as archive:
            outgoing = Outgoing.of(tag, read_saved(archive), frozenset(request["has"]))
        shipment: Shipment = {
            "tag": tag,
            "layers": [layer.diff_id for layer in outgoing.image.layers],
            "left_out": len(outgoing.image.layers) - len(outgoing.sent),
            "size": outgoing.size,
            "debian_versions": _debian_versions(request),
        }
        yield json.dumps(shipment).encode()
        with docker.saved(tag) as archive:
            yield from outgoing.pieces(archive)
    except tarfile.TarError as problem:
        raise AgentError(f"Docker's archive of {tag} cannot be read: {problem}", "see `journalctl -u docker`") from None


def _debian_versions(request: GiveRequest) -> dict[str, str]:
    known = read_json(record_of(Path(request["root"]) / "run", request["tag"])) or {}
    versions: dict[str, str] = known.get("debian_versions", {})
    return versions
