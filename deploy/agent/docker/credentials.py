"""Logins to registries, as `docker login` has kept them on this machine: in its file, or in a helper of its own."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_HOST = "docker.io"
DOCKERS_OWN = f"https://index.{_HOST}/v1/"
"""Docker's name for its own registry among logins."""
_HELPER = re.compile(r"[A-Za-z0-9._-]+")
_HELPER_SECONDS = 20
_NO_USER = "<token>"
"""User of a helper's answer that has a token."""


@dataclass(frozen=True)
class Login:
    """A login to one registry."""

    server: str
    user: str
    password: str
    token: str = ""
    """Token of a registry that gives one in place of a password."""

    def header(self) -> str:
        """Return the header by which Docker's API takes a login for a pull."""
        known = {"identitytoken": self.token} if self.token else {"username": self.user, "password": self.password}
        return base64.urlsafe_b64encode(json.dumps({**known, "serveraddress": self.server}).encode()).decode()

    def basic(self) -> str:
        """Return the value of a header that sends user and password."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def login_of(host: str) -> Login | None:
    """Return the login to a registry; an empty host is Docker's own registry."""
    server = host or DOCKERS_OWN
    config = _config()
    helper = _text(_mapping(config, "credHelpers").get(server)) or _text(config.get("credsStore"))
    if helper and (login := _from_helper(helper, server)):
        return login
    for name, entry in _mapping(config, "auths").items():
        if _same(name, server) and isinstance(entry, dict) and (login := _from_entry(server, entry)):
            return login
    return None


def _config() -> dict[str, Any]:
    try:
        folder = Path(os.environ.get("DOCKER_CONFIG") or Path("~").expanduser() / ".docker")
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError, RuntimeError):
        return {}
    return config if isinstance(config, dict) else {}


def _same(written: str, server: str) -> bool:
    """Return True for a server's name as Docker's versions wrote it, with a scheme and a path or without."""
    return written == server or (server != DOCKERS_OWN and (urlsplit(written).netloc or written.rstrip("/")) == server)


def _from_entry(server: str, entry: dict[str, Any]) -> Login | None:
    if token := _text(entry.get("identitytoken")):
        return Login(server, "", "", token)
    try:
        user, colon, password = base64.b64decode(_text(entry.get("auth")), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Login(server, user, password.rstrip("\0")) if colon and user else None


def _from_helper(name: str, server: str) -> Login | None:
    if not _HELPER.fullmatch(name):
        return None
    argv = [f"docker-credential-{name}", "get"]
    try:
        done = subprocess.run(argv, input=server.encode(), capture_output=True, check=True, timeout=_HELPER_SECONDS)
        told = json.loads(done.stdout)
        user, secret = _text(told.get("Username")), _text(told.get("Secret"))
    except (OSError, subprocess.SubprocessError, ValueError, AttributeError):
        return None
    if user == _NO_USER:
        return Login(server, "", "", secret)
    return Login(server, user, secret) if user and secret else None


def _mapping(config: dict[str, Any], key: str) -> dict[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
