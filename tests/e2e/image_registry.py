"""A real container registry on this machine, with an image of its own, for as long as a test needs it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.agent_stack import docker, import_image
from tests.e2e.place import free_ports
from tests.waiting import PATIENCE_SECONDS, wait_until

PROGRAM = "docker-registry"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Certificate:
    """A certificate that vouches for itself, and its key."""

    path: Path
    key: Path


def certificate_of(address: str, folder: Path) -> Certificate:
    """Make a certificate of an address."""
    made = Certificate(folder / "registry.pem", folder / "registry.key")
    own = ["-subj", f"/CN={address}", "-addext", f"subjectAltName=IP:{address}"]
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *own]
    subprocess.run([*making, "-keyout", made.key, "-out", made.path], check=True, capture_output=True)
    return made


@dataclass(frozen=True)
class ImageRegistry:
    """Debian's docker-registry on one address: plain HTTP, or TLS with a certificate."""

    host: str
    process: subprocess.Popen[bytes]
    storage: Path

    def push(self, name: str, platforms: tuple[str, ...] = ("amd64",)) -> str:
        """Have an image under NAME:1 as a list of platforms; return its id, and leave nothing of it with Docker."""
        reference = f"{self.host}/{name}:1"
        # A layer that Docker knows from elsewhere would not be fetched.
        image_id = import_image(reference, uuid.uuid4().hex)
        docker("push", reference)
        docker("rmi", reference)
        content, _ = self._sent("GET", f"/v2/{name}/manifests/1", {"Accept": MANIFEST})
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        entries = [
            {
                "mediaType": MANIFEST,
                "size": len(content),
                "digest": digest,
                "platform": {"os": "linux", "architecture": architecture},
            }
            for architecture in platforms
        ]
        listed = json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}).encode()
        self._sent("PUT", f"/v2/{name}/manifests/1", {"Content-Type": LIST}, listed)
        return image_id

    def lose_layers(self) -> None:
        """Lose every blob that is no JSON, as a disk does."""
        for path in self.storage.rglob("data"):
            if "blobs" in path.parts and not path.read_bytes().startswith(b"{"):
                path.unlink()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Let it take connections and say nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Let nobody listen there any more."""
        self.process.kill()
        self.process.wait()

    def _sent(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> tuple[bytes, Any]:
        request = urllib.request.Request(f"http://{self.host}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.read(), answer.headers


@contextmanager
def running_registry(
    folder: Path, address: str = "127.0.0.1", password: str = "", certificate: Certificate | None = None
) -> Iterator[ImageRegistry]:
    """Run a registry whose images lie in a folder.

    With a hashed password, it lets in the user `ada` alone; with a certificate, it speaks TLS.
    """
    port = next(free_ports(1, str(folder)))
    storage = folder / "registry"
    # JSON is YAML as well.
    settings: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(storage)}},
        "http": {"addr": f"{address}:{port}"},
    }
    if password:
        (folder / "htpasswd").write_text(f"ada:{password}\n")
        settings["auth"] = {"htpasswd": {"realm": "little", "path": str(folder / "htpasswd")}}
    if certificate:
        settings["http"]["tls"] = {"certificate": str(certificate.path), "key": str(certificate.key)}
    (folder / "registry.yml").write_text(json.dumps(settings))
    process = subprocess.Popen(
        [PROGRAM, "serve", str(folder / "registry.yml")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    made = ImageRegistry(f"{address}:{port}", process, storage)
    try:
        wait_until(
            lambda: _answers(made, "https" if certificate else "http"),
            "the registry answers",
            saw=lambda: f"nothing at {made.host}",
        )
        yield made
    finally:
        made.stop()


def _answers(registry: ImageRegistry, scheme: str) -> bool:
    assert registry.process.poll() is None, "the registry has ended"
    try:
        # Its certificate is for the address that other machines know it by.
        with urllib.request.urlopen(f"{scheme}://{registry.host}/v2/", timeout=PATIENCE_SECONDS, context=_anybody()):
            return True
    except urllib.error.HTTPError as refusal:
        return refusal.code == 401
    except (urllib.error.URLError, ConnectionError):
        return False


def _anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
