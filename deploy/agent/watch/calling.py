"""The call about a failure: a POST to an address, or a program of the user's. No secret is part of it."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import urllib.request
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError

if TYPE_CHECKING:
    from deploy.agent.contract.failures import FailureCall, Trouble

TIMEOUT_SECONDS = 30
KEPT = ("PATH", "HOME", "LANG")


def call(wanted: FailureCall, trouble: Trouble) -> None:
    """Tell of a failure; raise AgentError if nobody took it."""
    host = socket.gethostname()
    text = f"kit, stack {wanted['stack']} on {host}: {trouble['problem']}"
    document = json.dumps({"format": 1, "text": text, "stack": wanted["stack"], "host": host, **trouble})
    try:
        if wanted["url"]:
            _post(wanted, wanted["url"], text if wanted["body"] == "plain" else document)
        if wanted["command"]:
            _run(wanted["command"], text, document)
    except (OSError, ValueError, subprocess.SubprocessError) as problem:
        # Without the address: it may hold a token.
        told = str(getattr(problem, "reason", "") or getattr(problem, "strerror", "") or type(problem).__name__)
        raise AgentError(f"nobody was told that {trouble['problem']}: {told}", "see `on_failure` in kit.yaml") from None


def _post(wanted: FailureCall, url: str, body: str) -> None:
    kind = "text/plain" if wanted["body"] == "plain" else "application/json"
    request = urllib.request.Request(  # noqa: S310 - kit.yaml takes http and https alone
        url, body.encode(), {"Content-Type": f"{kind}; charset=utf-8"}, method="POST"
    )
    context = ssl.create_default_context(cafile=wanted["ca"]) if url.startswith("https:") else None
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context):  # noqa: S310
        pass


def _run(command: str, text: str, document: str) -> None:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    subprocess.run(
        [command],
        input=document.encode(),
        env={**environment, "KIT_MESSAGE": text},
        stdout=subprocess.DEVNULL,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
