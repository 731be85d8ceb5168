"""The double's image where Docker pulls it by digest: under the real one's name, in a registry of this machine."""

from __future__ import annotations

import json
import subprocess
import urllib.request

from tests.doubles.ollama.image import double_image

REPOSITORY = "ollama/ollama"
KINDS = ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json")


def publish(host: str, tag: str, repository: str = REPOSITORY) -> str:
    """Push the double's image to a registry; return the digest that its manifest has there."""
    reference = f"{host}/{repository}:{tag}"
    _docker("tag", double_image(), reference)
    try:
        _docker("push", "-q", reference)
    finally:
        # The tag alone: the image stays, for it is asked for again.
        _docker("rmi", "--no-prune", reference)
    return digest_of(host, repository, tag)


def digest_of(host: str, repository: str, tag: str) -> str:
    """Return what a registry says a tag is."""
    url = f"http://{host}/v2/{repository}/manifests/{tag}"
    request = urllib.request.Request(url, headers={"Accept": ", ".join(KINDS)}, method="HEAD")
    with urllib.request.urlopen(request, timeout=300) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def is_double(reference: str) -> bool:
    """Tell whether an image that Docker has is the double."""
    labels = json.loads(_docker("image", "inspect", "--format", "{{json .Config.Labels}}", reference))
    return "kit.double" in (labels or {})


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout
