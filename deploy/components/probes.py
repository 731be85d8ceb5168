"""Health checks with what the kit's images have: bash, and neither curl nor wget."""

from __future__ import annotations

from deploy.deployment import Probe


def http_probe(port: int, path: str, start_period_seconds: int) -> Probe:
    """Ask the service inside its own container; anything but 200 is unhealthy."""
    ask = f"printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3; read -r _ status _ <&3"
    words = f'exec 3<>/dev/tcp/127.0.0.1/{port}; {ask}; [ "$status" = 200 ]'
    return Probe(("bash", "-c", words), start_period_seconds=start_period_seconds)
