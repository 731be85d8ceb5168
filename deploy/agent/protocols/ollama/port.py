"""The port on which an engine listens by itself, and the question for its version."""

from __future__ import annotations

import json

PORT = 11434
SECONDS = 0.5


def program_at(address: str, port: int) -> str | None:
    """Return name and version of an engine at this port, with a short timeout; None for any other program."""
    import http.client

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", "/api/version")
        version = json.loads(connection.getresponse().read(1000))["version"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
    return f"Ollama {str(version)[:40]}"
