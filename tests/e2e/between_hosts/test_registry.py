"""An engine's image comes by its digest from a registry of the network, which shows a certificate of its own."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.ollama.image import double_image
from tests.e2e.agent_stack import docker
from tests.e2e.image_registry import certificate_of, running_registry
from tests.e2e.lab.host import LabHost
from tests.e2e.lab.pair import APPLY, Pair
from tests.e2e.lab.stack_on import containers

pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.e2e]
REPOSITORY = "lan/ollama"


def test_an_image_is_pulled_once_docker_trusts_its_registry_and_while_that_has_it(pair: Pair, tmp_path: Path) -> None:
    pair.apply()
    before, up = containers(pair.desk), ExitStack()
    certificate, authorities = certificate_of(pair.network.gateway, tmp_path), tmp_path / "ca.pem"
    authorities.write_text(Path(pair.person.spec["ca"]).read_text() + certificate.path.read_text())
    for host in pair.hosts.values():
        put(authorities, host, str(authorities))
    fill_registry(tmp_path)

    def registry() -> Any:
        return running_registry(tmp_path, "0.0.0.0", certificate=certificate)

    def from_it(spec: dict[str, Any]) -> None:
        spec["ca"] = str(authorities)
        spec["engines"][1]["image"] = f"{place}/{REPOSITORY}:1"

    def failed() -> str:
        error = pair.person.kit(*APPLY, "--host", "desk", code=1).document["error"]
        assert containers(pair.desk) == before
        return f"{error['problem']}; {error['next']}"

    place = f"{pair.network.gateway}:{up.enter_context(registry()).host.rpartition(':')[2]}"
    trusted = f"/etc/docker/certs.d/{place}/ca.crt"
    try:
        with pair.changed(from_it), pair.person.locked_anew():
            with up:
                assert f"install -D -m 644 {authorities} {trusted}" in failed()
                put(certificate.path, pair.desk, trusted)
                storage, gone = tmp_path / "registry", tmp_path / "gone"
                storage.rename(gone)
                assert "the registry no longer has it" in failed()
                gone.rename(storage)
            assert f"check that this host's Docker reaches {place}" in failed()
            with registry():
                pair.person.kit(*APPLY, "--host", "desk")
    finally:
        pair.desk.read("rm", "-rf", "/etc/docker/certs.d")


def fill_registry(folder: Path) -> None:
    """Put an image into the folder of a registry that no box has under its digest."""
    with running_registry(folder) as plain:
        reference = f"{plain.host}/{REPOSITORY}:1"
        container = docker("create", double_image())
        docker("commit", "--change", "LABEL kit.place=lan", container, reference)
        docker("rm", container)
        docker("push", "-q", reference)
        docker("rmi", "--no-prune", reference)


def put(file: Path, host: LabHost, path: str) -> None:
    """Copy a file to a box."""
    with file.open("rb") as content:
        argv = ["docker", "exec", "-i", host.name, "install", "-D", "-m", "644", "/dev/stdin", path]
        subprocess.run(argv, stdin=content, check=True)
