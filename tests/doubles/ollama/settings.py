"""Settings from the engine's environment, read as the real one reads it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VERSION = "0.0.0"
"""Version of a build of one's own, as the recorded engines print it; `DOUBLE_VERSION` sets another."""
FOREVER = math.inf
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LOCAL = tuple(f"{scheme}://{host}" for scheme in ("http", "https") for host in ("localhost", "127.0.0.1", "0.0.0.0"))
APPS = ("app://", "file://", "tauri://", "vscode-webview://", "vscode-file://")


@dataclass(frozen=True)
class Settings:
    """Listener, folder of models, time that they stay loaded, and origins that are answered."""

    host: str
    port: int
    models: Path
    keep_alive: float
    """In seconds."""
    context_length: int
    origins: tuple[str, ...]
    cloud: bool
    prune: bool
    go_template: bool | None = None
    """True if given templates make prompts; None if unset, and a file's own may win."""
    version: str = VERSION
    disk_bytes: int | None = None
    """Most bytes of all blobs together; None if the disk itself is the bound."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Read an environment; blanks and quote marks around a value do not count."""

        def read(name: str) -> str:
            return environment.get(f"OLLAMA_{name}", "").strip().strip("\"'")

        host, port = address(read("HOST"))
        home = Path(environment.get("HOME") or "/root")
        return cls(
            host=host,
            port=port,
            models=Path(read("MODELS") or home / ".ollama" / "models"),
            keep_alive=duration(read("KEEP_ALIVE") or "5m"),
            context_length=int(read("CONTEXT_LENGTH") or 0) or 4096,
            origins=tuple(origin for origin in read("ORIGINS").split(",") if origin),
            cloud=not flag(read("NO_CLOUD")),
            prune=not flag(read("NOPRUNE")),
            go_template=flag(read("GO_TEMPLATE")) if read("GO_TEMPLATE") else None,
            version=environment.get("DOUBLE_VERSION") or VERSION,
            disk_bytes=int(environment.get("DOUBLE_DISK_BYTES") or 0) or None,
        )

    def allows(self, origin: str) -> bool:
        """Tell whether a page of this origin may ask."""
        if origin.startswith(APPS) or "*" in self.origins:
            return True
        known = (*LOCAL, *self.origins)
        patterns = (re.escape(one).replace(r"\*", ".*") for one in known)
        return any(re.fullmatch(rf"{pattern}(:\d+)?", origin) for pattern in patterns)


def address(value: str) -> tuple[str, int]:
    """Return host and port of `OLLAMA_HOST`."""
    scheme, found, rest = value.rpartition("://")
    port = {"http": 80, "https": 443}.get(scheme, 11434) if found else 11434
    rest = rest.split("/")[0]
    host, _, given = rest.rpartition(":") if ":" in rest and not rest.endswith("]") else (rest, "", "")
    return host.strip("[]") or "127.0.0.1", int(given) if given.isdigit() else port


def duration(value: str | float) -> float:
    """Return seconds of `10m`, `1h30m` or whole seconds; below zero is for ever."""
    if isinstance(value, int | float) or re.fullmatch(r"-?\d+(\.\d+)?", value):
        seconds = float(value)
    else:
        parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)", value)
        if not parts:
            raise ValueError(f'time: invalid duration "{value}"')
        seconds = sum(float(amount) * UNITS[unit] for amount, unit in parts)
        seconds = -seconds if value.startswith("-") else seconds
    return FOREVER if seconds < 0 else seconds


def flag(value: str) -> bool:
    """Return a switch; any text that is no boolean counts as true."""
    return bool(value) and value not in ("0", "f", "F", "false", "FALSE", "False")
