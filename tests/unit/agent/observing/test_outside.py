from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deploy.agent.observing import outside as module
from deploy.agent.observing.outside import outside


def test_the_hosts_own_addresses_and_unknown_names_are_not_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resolv.conf").write_text("# none\nnameserver 127.0.0.53\n")
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "own.list").write_text("deb http://no-such-name.invalid/debian trixie main\n")
    monkeypatch.setattr(module, "RESOLVER", tmp_path / "resolv.conf")
    monkeypatch.setattr(module, "SOURCES", tmp_path)
    assert outside() is None


def test_the_first_place_that_answers_is_the_control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (tmp_path / "sources.list").write_text("deb http://127.0.0.1/debian trixie main\n")
    monkeypatch.setattr(module, "RESOLVER", tmp_path / "resolv.conf")
    monkeypatch.setattr(module, "SOURCES", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as mirror:
        port = mirror.getsockname()[1]
        monkeypatch.setattr(module, "HTTP", port)
        assert outside() is None
        # An address of the host proves no way out; here it plays a place beyond it.
        monkeypatch.setattr(module, "NAME_SERVER", 1)
        monkeypatch.setattr(module, "is_own", lambda _address: False)
        monkeypatch.setattr(module, "ip_address", Beyond)
        assert outside() == ("127.0.0.1", port)


class Beyond:
    """An address of no loopback."""

    is_loopback = False

    def __init__(self, _address: str) -> None:
        pass
