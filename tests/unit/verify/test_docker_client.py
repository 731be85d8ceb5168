"""The client of a host's Docker."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest
import requests.sessions

from deploy.verify.containers import docker_of
from deploy.verify.evidence import HostEvidence

SOCKET = "/run/nobodys.sock"


def test_its_questions_do_not_read_the_environment_which_pytest_changes_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = docker.APIClient

    def unasked(base_url: str, **given: Any) -> docker.APIClient:
        # With its version given, the client asks nothing when it is made.
        return real(base_url=base_url, **given | {"version": "1.41"})

    def changed(*_: object, **__: object) -> None:
        raise KeyError("PYTEST_CURRENT_TEST")

    monkeypatch.setattr(docker, "APIClient", unasked)
    monkeypatch.setattr(requests.sessions, "get_environ_proxies", changed)
    transport = SimpleNamespace(forward_socket=nullcontext)
    evidence = cast("HostEvidence", SimpleNamespace(transport=transport, docker={"socket": SOCKET}))
    with docker_of(evidence) as client:
        assert client is not None
        client.merge_environment_settings("http+docker://localhost/_ping", {}, None, None, None)
