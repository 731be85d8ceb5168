"""A Python package index of a few made wheels, served on this machine."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from deploy.deployment.recipe import Wheel

OLDEST = (1980, 1, 1, 0, 0, 0)


class Wheelhouse:
    """A folder laid out as the simple index of a package registry."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = ""

    def add(
        self, name: str, version: str, files: dict[str, bytes], tag: str = "py3-none-any", needs: str = ""
    ) -> Wheel:
        """Make a wheel with these files and a console script."""
        folder = self.root / "simple" / name.replace("_", "-")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}-{version}-{tag}.whl"
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        everything = dict(files)
        everything[f"{info}/METADATA"] = (metadata + (f"Requires-Dist: {needs}\n" if needs else "")).encode()
        everything[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
        everything[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name}-run = {name}:main\n".encode()
        record = "".join(f"{file},{_digest(data)},{len(data)}\n" for file, data in everything.items())
        everything[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, data in everything.items():
                archive.writestr(zipfile.ZipInfo(file, OLDEST), data)
        return Wheel(name, version, path.name, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)

    @contextmanager
    def served(self) -> Iterator[Wheelhouse]:
        """Serve it on a port of its own."""
        handler = partial(_Quiet, directory=str(self.root))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
            yield self
            server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
