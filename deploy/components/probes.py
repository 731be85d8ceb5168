"""Health checks with the programs of an image: bash in the kit's own, which have neither curl nor wget."""

from __future__ import annotations

import re

from deploy.deployment.service import Probe


def http_probe(port: int, path: str, start_period_seconds: int, before_address: str = "") -> Probe:
    """Ask the service inside its own container; any status but 200 is unhealthy.

    A service that logs requests names the text before a client's address, so that its log can be shown without checks.
    """
    ask = f"printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3; read -r _ status _ <&3"
    words = f'exec 3<>/dev/tcp/127.0.0.1/{port}; {ask}; [ "$status" = 200 ]'
    return Probe(
        ("bash", "-c", words), start_period_seconds=start_period_seconds, log_lines=_lines(before_address, path)
    )


def python_probe(port: int, path: str, start_period_seconds: int, before_address: str) -> Probe:
    """Ask as `http_probe` does, in an image that is sure to have Python."""
    ask = f'urllib.request.urlopen("http://127.0.0.1:{port}{path}", timeout=4)'
    logged = _lines(before_address, path, "1\\.1")
    return Probe(("python3", "-c", f"import urllib.request; {ask}"), 60, 5, 3, start_period_seconds, logged)


def busybox_probe(port: int, path: str, start_period_seconds: int) -> Probe:
    """Ask as `http_probe` does, in an image of Alpine Linux."""
    ask = ("wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{port}{path}")
    return Probe(ask, start_period_seconds=start_period_seconds)


def _lines(before_address: str, path: str, version: str = "1\\.0") -> tuple[str, ...]:
    line = rf'{before_address}127\.0\.0\.1:\d+ - "GET {re.escape(path)} HTTP/{version}" 200( OK)?'
    return (line,) if before_address else ()
