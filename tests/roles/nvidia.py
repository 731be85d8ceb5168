"""A stand-in for NVIDIA's package source: four packages whose programs write down what they were asked.

The real packages cannot be had here.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from deploy.deployment.cards import TOOLKIT_PACKAGES, Toolkit, ToolkitPackage
from deploy.deployment.fetch import Fetch
from tests.tree import REPOSITORY

LOG = "/var/log/nvidia-ctk.log"
SOURCE = "stable/deb/amd64"
HOOK = '#!/bin/sh\necho "$*" >>/var/log/nvidia-hook.log\n'
FILES = {
    "nvidia-container-toolkit": {"usr/bin/nvidia-container-runtime-hook": HOOK},
    "nvidia-container-toolkit-base": {
        "usr/bin/nvidia-ctk": (REPOSITORY / "tests/doubles/nvidia/nvidia-ctk.sh").read_text(),
        "usr/bin/nvidia-container-runtime": '#!/bin/sh\nexec runc "$@"\n',
    },
}


@dataclass(frozen=True)
class Source:
    """A package source that is served."""

    fetch: Fetch
    toolkits: dict[str, Toolkit]
    """The pinned toolkit of each version."""
    folder: Path


@contextmanager
def served(folder: Path, address: str, *versions: str) -> Iterator[Source]:
    """Build the packages, sign their list with a new key, and serve them."""
    key, fingerprint = _key(folder / "gnupg")
    root = folder / "www"
    packages = {version: _packages(root / SOURCE, version) for version in versions}
    _signed(root / SOURCE, folder / "gnupg")
    (root / "gpgkey").write_bytes(_gpg(folder / "gnupg", "--armor", "--export"))
    handler = partial(_Quiet, directory=str(root))
    with ThreadingHTTPServer((address, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://{address}:{server.server_address[1]}"
        toolkits = {
            version: Toolkit(version, base64.b64encode(key).decode(), files) for version, files in packages.items()
        }
        yield Source(Fetch(nvidia=base, nvidia_key=fingerprint), toolkits, root)
        server.shutdown()
    subprocess.run(["gpgconf", "--homedir", folder / "gnupg", "--kill", "gpg-agent"], check=True)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _packages(folder: Path, version: str) -> tuple[ToolkitPackage, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name in TOOLKIT_PACKAGES:
        file = folder / f"{name}_{version}_amd64.deb"
        _deb(file, name, version)
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        made.append(ToolkitPackage(name, file.name, sha256))
        with (folder / "Packages").open("a") as listed:
            listed.write(
                f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: nobody <nobody@example.org>\n"
                f"Filename: ./{file.name}\nSize: {file.stat().st_size}\nSHA256: {sha256}\nDescription: a stand-in\n\n"
            )
    return tuple(made)


def _deb(file: Path, name: str, version: str) -> None:
    tree = file.with_suffix(".tree")
    for path, content in FILES.get(name, {}).items():
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
        place.chmod(0o755)
    control = tree / "DEBIAN" / "control"
    control.parent.mkdir(parents=True, exist_ok=True)
    control.write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: nobody <nobody@example.org>\n"
        "Description: a stand-in\n"
    )
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, file], check=True, capture_output=True)


def _signed(folder: Path, home: Path) -> None:
    listed = (folder / "Packages").read_bytes()
    release = folder / "Release"
    release.write_text(
        f"Origin: stand-in\nArchitectures: amd64\nDate: {formatdate(usegmt=True)}\nSHA256:\n"
        f" {hashlib.sha256(listed).hexdigest()} {len(listed)} Packages\n"
    )
    signed = _gpg(home, "--clearsign", "--output", "-", str(release))
    (folder / "InRelease").write_bytes(signed)


def _key(home: Path) -> tuple[bytes, str]:
    home.mkdir(mode=0o700, parents=True)
    _gpg(home, "--passphrase", "", "--quick-generate-key", "stand-in <nobody@example.org>", "rsa2048", "sign", "1d")
    told = _gpg(home, "--with-colons", "--list-keys").decode().splitlines()
    fingerprint = next(line.split(":")[9] for line in told if line.startswith("fpr:"))
    return _gpg(home, "--export"), fingerprint


def _gpg(home: Path, *words: str) -> bytes:
    argv = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", *words]
    return subprocess.run(argv, check=True, capture_output=True).stdout
