from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.protocols.engine import Engine
from deploy.agent.protocols.wire import Limits
from tests.unit.agent.engines.scripted import Asked, described, scripted

LIMITS = Limits(5, 5)
BIG = 8 << 20


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key in one file."""
    path = tmp_path / "own.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    argv += ["-keyout", str(path), "-out", str(tmp_path / "public.pem"), "-subj", "/CN=engine"]
    subprocess.run([*argv, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "public.pem").read_text())
    return path


@pytest.fixture
def private(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def play(asked: Asked) -> None:
    if asked.method == "POST":
        asked.body()
        asked.answer(201)
    else:
        asked.tell({"models": [{"name": "a:latest", "digest": "d", "size": 1}]})


def test_an_engine_behind_tls_is_asked_with_the_authority_of_the_spec(
    tmp_path: Path, certificate: Path, private: ssl.SSLContext
) -> None:
    with scripted(play, private) as server:
        engine = Engine(described(server.url), tmp_path, str(certificate), LIMITS)
        assert engine.models()["a"].digest == "d"
        engine.upload("a" * 64, BIG, (bytes(1 << 20) for _ in range(BIG >> 20)))


def test_a_certificate_that_nobody_vouches_for_is_an_error(tmp_path: Path, private: ssl.SSLContext) -> None:
    with scripted(play, private) as server, pytest.raises(AgentError, match="certificate") as error:
        Engine(described(server.url), tmp_path, None, LIMITS).models()
    assert server.asked == []
    assert "`ca` of kit.yaml" in error.value.next_step


def test_a_broken_connection_behind_tls_is_looked_at_again(
    tmp_path: Path, certificate: Path, private: ssl.SSLContext
) -> None:
    def cut(asked: Asked) -> None:
        asked.answer(200) if asked.method == "HEAD" else asked.reset()

    with scripted(cut, private) as server:
        engine = Engine(described(server.url), tmp_path, str(certificate), LIMITS)
        engine.upload("a" * 64, BIG, (bytes(1 << 20) for _ in range(BIG >> 20)))
    assert [asked.method for asked in server.asked] == ["POST", "HEAD"]
