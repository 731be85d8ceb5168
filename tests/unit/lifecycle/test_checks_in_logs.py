"""Lines of the kit's own health checks are left out of logs, and no other line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from deploy.deployment.host import Deployment
from deploy.deployment.released import Released, ReleasedService, released
from deploy.hosts.local import LocalTransport
from deploy.lifecycle.checks_in_logs import check_lines, last_of_each, without_checks
from deploy.lifecycle.logs import Asked, log_lines, read_logs
from tests.unit.rooms.places import chain
from tests.unit.rooms.test_ollama import engine

LITELLM = 'INFO:     127.0.0.1:46678 - "GET /health/liveliness HTTP/1.0" 200 OK'
PAGE = (
    "2026-11-28 09:38:15.794 | INFO     | uvicorn.protocols.http.httptools_impl:send:482 - "
    '127.0.0.1:41830 - "GET /ready HTTP/1.0" 200'
)
OLLAMA = (
    '[GIN] 2026/11/28 - 09:38:15 | 200 |      35.262µs |       127.0.0.1 | HEAD     "/"',
    '[GIN] 2026/11/28 - 09:38:15 | 200 |    1.262584ms |       127.0.0.1 | GET      "/api/tags"',
)
OTHERS = {
    "litellm": (
        LITELLM.replace("127.0.0.1", "172.18.0.1"),
        LITELLM.replace("200 OK", "503 Service Unavailable"),
        LITELLM.replace("liveliness", "readiness"),
        f"somebody said: {LITELLM}",
        f"{LITELLM} and more",
    ),
    "open_webui": (PAGE.replace("/ready", "/api/models"), PAGE.replace("200", "503"), f"x {PAGE}"),
    "main": (
        OLLAMA[1].replace("127.0.0.1", "172.18.0.3"),
        OLLAMA[1].replace("| 200 |", "| 500 |"),
        OLLAMA[0].replace('HEAD     "/"', 'POST     "/api/chat"'),
        f"level=INFO msg={OLLAMA[0]}",
    ),
}
CHECKS = {"litellm": (LITELLM,), "open_webui": (PAGE,), "main": OLLAMA}


@pytest.fixture
def release() -> Released:
    """A release with a gateway, a page and an Ollama."""
    return released(Deployment("home", (*chain().services[1:], engine().service), ()))


@pytest.mark.parametrize("service", sorted(CHECKS))
def test_checks_are_left_out_and_others_are_not_touched(release: Released, service: str) -> None:
    def printed(lines: tuple[str, ...]) -> list[bytes]:
        return [f"\x1b[36m{service}-1  | \x1b[0m{line}\n".encode() for line in lines]

    others = [*printed(OTHERS[service]), f"{service}-1  | \xff | odd\n".encode("latin-1")]
    lines = [*printed(CHECKS[service]), *others, *printed(CHECKS[service])]
    assert list(without_checks(lines, check_lines(release))) == others
    assert list(without_checks(lines, {})) == lines


def test_a_release_that_says_nothing_of_its_checks_loses_no_line() -> None:
    silent = ReleasedService("main", 180, (), (), ())
    assert (check_lines(None), check_lines(Released("home", (silent,), ()))) == ({}, {"main": ()})


def test_the_last_lines_are_counted_service_by_service() -> None:
    lines = [b"a-1  | 1", b"b-1  | 1", b"a-1  | 2", b"a-1  | 3"]
    assert list(last_of_each(lines, 2)) == [b"b-1  | 1", b"a-1  | 2", b"a-1  | 3"]
    assert list(last_of_each(lines, 0)) == []


def test_as_many_lines_are_shown_as_were_asked_for_among_many_checks(
    release: Released, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"litellm-1  | {line}\n" for line in ("one", LITELLM, "two", LITELLM, LITELLM))
    (tmp_path / "text").write_text(text)
    (tmp_path / "docker").write_text(f"#!/bin/sh\ncat {tmp_path}/text\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    transport = LocalTransport(str(tmp_path / "agent"), sys.executable)
    asked = Asked("home", ("litellm",), 1, check_lines(release))
    shown = log_lines(transport, asked, follow=False, coloured=False)
    assert list(shown) == [b"litellm-1  | two\n"]
    (tmp_path / "text").write_text(f"one\n{LITELLM}\ntwo\n{LITELLM}\n")
    assert read_logs(transport, asked) == {"litellm": ["two"]}
