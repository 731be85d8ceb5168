"""Health checks with the programs of the kit's images: bash, and neither curl nor wget."""

from __future__ import annotations

import re

from deploy.deployment.service import Probe


def http_probe(port: int, path: str, start_period_seconds: int, before_address: str = "") -> Probe:
    """Ask the service inside its own container; any status but 200 is unhealthy.

    A service that logs requests names the text before a client's address, so that its log can be shown without checks.
    """
    ask = f"printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3; read -r _ status _ <&3"
    words = f'exec 3<>/dev/tcp/127.0.0.1/{port}; {ask}; [ "$status" = 200 ]'
    line = rf'{before_address}127\.0\.0\.1:\d+ - "GET {re.escape(path)} HTTP/1\.0" 200( OK)?'
    logged = (line,) if before_address else ()
    return Probe(("bash", "-c", words), start_period_seconds=start_period_seconds, log_lines=logged)
