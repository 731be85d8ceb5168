"""The command line of the image's binary, as far as it is called: serve, list, ps, --version."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tests.doubles.ollama.settings import Settings

DOWN = "Error: could not connect to ollama server, run 'ollama serve' to start it"


def main(arguments: list[str]) -> int:
    """Do what the arguments say; what the double does not know it refuses."""
    word = arguments[0] if arguments else "--help"
    commands: dict[str, Callable[[Settings], int]] = {
        "serve": serve,
        "start": serve,
        "list": listing,
        "ls": listing,
        "ps": running,
        "--version": version,
        "-v": version,
    }
    if word not in commands:
        sys.stderr.write(f'Error: unknown command "{word}" for "ollama" (this is a double: {", ".join(commands)})\n')
        return 1
    return commands[word](Settings.of(os.environ))


def serve(settings: Settings) -> int:
    """Serve until told to stop."""
    # Here and not above: `list` is asked every few seconds, and has no use for them.
    from tests.doubles.ollama.engine import log
    from tests.doubles.ollama.server import Server

    try:
        server = Server(settings)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        sys.stderr.write(f"Error: listen tcp {where}: bind: {(error.strerror or str(error)).lower()}\n")
        return 1

    def stop(*_: Any) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    log("INFO", f"Ollama cloud disabled: {str(not settings.cloud).lower()}")
    log("INFO", f"total blobs: {len(list(server.store.blobs.iterdir()))}")
    where = f"{settings.host}:{server.server_address[1]}"
    log("INFO", f"Listening on {where} (version {settings.version}) - this is a double for tests")
    log("INFO", "inference compute", id="cpu", library="cpu")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
    return 0


def listing(settings: Settings) -> int:
    """Print the models."""
    found = _asked(settings, "/api/tags")
    if found is None:
        return 1
    rows = [(one["name"], one["digest"][:12], _size(one["size"]), one["modified_at"]) for one in found["models"]]
    return _print(("NAME", "ID", "SIZE", "MODIFIED"), rows)


def running(settings: Settings) -> int:
    """Print what is loaded."""
    found = _asked(settings, "/api/ps")
    if found is None:
        return 1
    rows = [
        (one["name"], one["digest"][:12], _size(one["size"]), "100% CPU", str(one["context_length"]), one["expires_at"])
        for one in found["models"]
    ]
    return _print(("NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"), rows)


def version(settings: Settings) -> int:
    """Print the server's version; without a server the client's, which is no failure."""
    found = _asked(settings, "/api/version", quiet=True)
    if found is None:
        print(f"Warning: could not connect to a running Ollama instance\nWarning: client version is {settings.version}")
        return 0
    return _print((f"ollama version is {found['version']}",), [])


def _asked(settings: Settings, path: str, quiet: bool = False) -> Any:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    connection = http.client.HTTPConnection(host, settings.port, timeout=30)
    try:
        connection.request("GET", path)
        return json.load(connection.getresponse())
    except OSError:
        if not quiet:
            sys.stderr.write(f"{DOWN}\n")
        return None
    finally:
        connection.close()


def _size(count: int) -> str:
    for unit, letter in ((10**9, "GB"), (10**6, "MB"), (10**3, "KB")):
        if count >= unit:
            return f"{count / unit:.1f} {letter}" if count < 10 * unit else f"{count // unit} {letter}"
    return f"{count} B"


def _print(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> int:
    widths = [max(map(len, column)) + 4 for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        sys.stdout.write("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
