"""The call about a failure: a POST to an address, or a program of the user's. No secret is part of it."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError

if TYPE_CHECKING:
    from deploy.agent.contract.failures import FailureCall, Trouble

TIMEOUT_SECONDS = 30
KEPT = ("PATH", "HOME", "LANG")
NEXT = "see `on_failure` in kit.yaml"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Refuses redirections: a POST that follows one becomes a GET without its body, and nobody is told."""

    def redirect_request(self, *_: Any) -> None:
        """Return no request."""


def call(wanted: FailureCall, trouble: Trouble) -> list[str]:
    """Tell of a failure in each way; return the ways that failed, in words. Raise AgentError if nobody took it."""
    host = socket.gethostname()
    text = f"kit, stack {wanted['stack']} on {host}: {trouble['problem']}"
    document = json.dumps({"format": 1, "text": text, "stack": wanted["stack"], "host": host, **trouble})
    ways: list[tuple[str, Callable[[], None]]] = []
    if url := wanted["url"]:
        ways.append(("url", lambda: _post(wanted, url, text if wanted["body"] == "plain" else document)))
    if command := wanted["command"]:
        ways.append(("command", lambda: _run(command, text, document)))
    failed = [f"{name}: {problem}" for name, way in ways if (problem := _problem(way))]
    if len(failed) == len(ways):
        raise AgentError(f"nobody was told that {trouble['problem']}: {'; '.join(failed)}", NEXT)
    return failed


def _problem(way: Callable[[], None]) -> str:
    """Take a way; return why it failed, without the address: it may hold a token."""
    try:
        way()
    except urllib.error.HTTPError as problem:
        return f"HTTP {problem.code} {problem.reason}"
    except subprocess.CalledProcessError as problem:
        return f"it ended with status {problem.returncode}"
    except (OSError, ValueError, subprocess.SubprocessError) as problem:
        return str(getattr(problem, "reason", "") or getattr(problem, "strerror", "") or type(problem).__name__)
    return ""


def _post(wanted: FailureCall, url: str, body: str) -> None:
    kind = "text/plain" if wanted["body"] == "plain" else "application/json"
    request = urllib.request.Request(  # noqa: S310 - kit.yaml takes http and https alone
        url, body.encode(), {"Content-Type": f"{kind}; charset=utf-8"}, method="POST"
    )
    context = ssl.create_default_context(cafile=wanted["ca"]) if url.startswith("https:") else None
    opener = urllib.request.build_opener(_Stay, *([urllib.request.HTTPSHandler(context=context)] if context else []))
    with opener.open(request, timeout=TIMEOUT_SECONDS):
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
