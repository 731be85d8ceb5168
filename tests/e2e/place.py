"""A place of its own for the stack under test: its name, its ports, its kit.yaml."""

from __future__ import annotations

import copy
import hashlib
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.tree import REPOSITORY

QUICKSTART = REPOSITORY / "inventories" / "quickstart"
NAME = f"e2e-{hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:6]}"
FOLDER = REPOSITORY / ".cache" / "e2e"
FIRST_PORT, PORTS = 21_000, 8_000
"""Below the ports that connections leave from, so that none is taken while a container is away."""

PUBLIC_URL = "https://chat.test"
"""Address of the page for people, behind a TLS proxy."""

PATIENCE = "10m"
"""Timeout of a start on a busy machine; a fault in a scenario fails by itself, and sooner."""

Document = dict[str, Any]


class Place:
    """The folder with kit.yaml and kit.lock, made from the quickstart's."""

    def __init__(self, folder: Path = FOLDER, name: str = NAME) -> None:
        self.folder = folder
        self.name = name
        self.spec_path = folder / "kit.yaml"
        self.lock_path = folder / "kit.lock"
        self.templates = folder / "templates"
        self._original: Document = {}

    def prepare(self) -> None:
        """Write the quickstart down under a name and on ports of its own."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._original = yaml.safe_load((QUICKSTART / "kit.yaml").read_text())
        self._original["stack"] = self.name
        ports = free_ports(3, self.name)
        for service in (self._original["engines"][0], self._original["gateway"], self._original["webui"]):
            service["port"] = next(ports)
            service["health_timeout"] = PATIENCE
        self._original["webui"]["url"] = PUBLIC_URL
        shutil.copyfile(QUICKSTART / "kit.lock", self.lock_path)
        self.write(self._original)

    def reuse(self) -> bool:
        """Take over what an earlier run left for us, if it did."""
        if self.spec_path.exists():
            self._original = self.spec
        return bool(self._original)

    @property
    def spec(self) -> Document:
        """Present content of kit.yaml."""
        spec: Document = yaml.safe_load(self.spec_path.read_text())
        return spec

    def write(self, spec: Document) -> None:
        """Write kit.yaml."""
        self.spec_path.write_text(yaml.safe_dump(spec, sort_keys=False))

    def change(self, change: Callable[[Document], None]) -> None:
        """Change kit.yaml for good."""
        spec = copy.deepcopy(self.spec)
        change(spec)
        self.write(spec)

    @contextmanager
    def changed(self, change: Callable[[Document], None]) -> Iterator[None]:
        """Change kit.yaml for a while."""
        before = self.spec_path.read_bytes()
        self.change(change)
        try:
            yield
        finally:
            self.spec_path.write_bytes(before)

    @contextmanager
    def changed_lock(self, change: Callable[[Document], None]) -> Iterator[None]:
        """Change kit.lock for a while."""
        before = self.lock_path.read_text()
        lock = yaml.safe_load(before)
        change(lock)
        self.lock_path.write_text(yaml.safe_dump(lock, sort_keys=False))
        try:
            yield
        finally:
            self.lock_path.write_text(before)

    @contextmanager
    def overridden(self, template: str, text: str) -> Iterator[None]:
        """Override a template for a while, as a user does it."""
        path = self.templates / template
        path.parent.mkdir(parents=True)
        path.write_text(text)
        try:
            yield
        finally:
            shutil.rmtree(self.templates)

    def mend(self) -> None:
        """Put kit.yaml, kit.lock and the templates back to what they were at first."""
        shutil.rmtree(self.templates, ignore_errors=True)
        shutil.copyfile(QUICKSTART / "kit.lock", self.lock_path)
        self.write(self._original)


def free_ports(number: int, name: str = NAME) -> Iterator[int]:
    """Find ports that nobody listens on; another stack, and another checkout's, begins its search elsewhere."""
    start = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
    found = 0
    for step in range(PORTS):
        port = FIRST_PORT + (start + step) % PORTS
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("0.0.0.0", port))
            except OSError:
                continue
        yield port
        found += 1
        if found == number:
            return
