"""Sources of Debian packages and wheels, their proxy, and the error if one does not answer."""

from __future__ import annotations

import os
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Fetching
    from deploy.agent.contract.inputs import Mirrors as Places
from deploy.agent.inputs.sources import host_mirror

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MOVING_SUITES = ("sid", "unstable", "testing", "experimental")
TIMEOUT_SECONDS = 20
# A name that does not resolve for a moment is no reason to give a build up.
PAUSES_SECONDS = (1, 3)
NEXT = "check the network; in kit.yaml `mirrors`, `proxy` and `ca` say where and how to fetch"


@dataclass(frozen=True)
class Mirrors:
    """Places to fetch from; None means the public one, or the one of this host's apt."""

    debian: str | None
    pypi: str | None
    proxy: str | None
    ca: str | None

    @classmethod
    def of(cls, request: Fetching) -> Mirrors:
        """Read the places from a request."""
        places: Places = request.get("mirrors") or {}
        ca = request.get("ca")
        if ca and not Path(ca).is_file():
            raise AgentError(f"ca: {ca} is not a file on this host", "name a file with certificate authorities (PEM)")
        return cls(places.get("debian"), places.get("pypi"), request.get("proxy"), ca)

    def environment(self, work: Path) -> dict[str, str]:
        """Return the environment for programs that fetch; a person's configuration of uv or pip has no effect."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("UV_", "PIP_", "PYTHON", "VIRTUAL_ENV"))}
        kept |= {"LC_ALL": "C.UTF-8", "TMPDIR": str(work), "HOME": str(work)}
        if self.proxy:
            kept |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), self.proxy)
        if self.ca:
            kept |= {"SSL_CERT_FILE": self.ca, "CURL_CA_BUNDLE": self.ca}
        return kept

    def apt_options(self, suite: str) -> list[str]:
        """Return apt's options for a suite."""
        options = ['APT::Install-Recommends "false"', 'Acquire::Languages "none"', 'Acquire::Retries "3"']
        if self.proxy:
            options += [f'Acquire::http::Proxy "{self.proxy}"', f'Acquire::https::Proxy "{self.proxy}"']
        if self.ca:
            options += [f'Acquire::https::CAInfo "{self.ca}"']
        if self.debian or suite in MOVING_SUITES:
            # Mirrors of moving suites lag by weeks, and a frozen mirror is older still; signatures are checked anyway.
            options += ['Acquire::Check-Valid-Until "false"']
        return options

    def debian_lines(self, suite: str) -> list[str]:
        """Return apt's lines for a suite, with its security updates if it has any."""
        main = (self.debian or host_mirror("debian")).rstrip("/")
        self._ensure_answers(main, suite)
        if not Path(KEYRING).exists():
            raise AgentError("Debian's keys are not on this host", "apt-get install debian-archive-keyring")
        signed = f"[signed-by={KEYRING}] "
        lines = [f"deb {signed}{main} {suite} main"]
        if suite not in MOVING_SUITES:
            security = f"{main}-security" if self.debian else host_mirror("debian-security", f"{main}-security")
            if self.debian is None or self._problem(security.rstrip("/"), f"{suite}-security") is None:
                lines.append(f"deb {signed}{security.rstrip('/')} {suite}-security main")
        return lines

    def _ensure_answers(self, mirror: str, suite: str) -> None:
        problem = self._problem(mirror, suite)
        if problem:
            raise AgentError(
                f"{self.named(f'the Debian mirror {mirror}')} does not answer for {suite}: {problem}", NEXT
            )

    def named(self, place: str) -> str:
        """Return a place in words, with its proxy if one is used."""
        return f"{place} (through the proxy {self.proxy})" if self.proxy else place

    def _problem(self, mirror: str, suite: str) -> str | None:
        if mirror.startswith(("file:", "copy:")):
            return None
        for pause in (*PAUSES_SECONDS, 0):
            try:
                self.opener().open(f"{mirror}/dists/{suite}/InRelease", timeout=TIMEOUT_SECONDS).close()
            except urllib.error.HTTPError as answer:
                return str(answer)
            except (OSError, ValueError) as failure:
                problem = str(getattr(failure, "reason", failure)) or type(failure).__name__
                time.sleep(pause)
            else:
                return None
        return problem

    def opener(self) -> urllib.request.OpenerDirector:
        """Return an opener that uses the proxy and trusts the authorities in the spec."""
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else None
        return urllib.request.build_opener(
            urllib.request.ProxyHandler(proxies),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca)),
        )
