from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.protocols.ollama.engine import Engine
from deploy.agent.protocols.wire import Limits
from tests.unit.agent.engines.certificates import own_certificate, served_with
from tests.unit.agent.engines.scripted import Asked, described, scripted

LIMITS = Limits(5, 5)
BIG = 8 << 20


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return own_certificate(tmp_path)


@pytest.fixture
def private(certificate: Path) -> ssl.SSLContext:
    return served_with(certificate)


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


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_authorities_that_cannot_be_used_are_named_with_their_file(
    tmp_path: Path, private: ssl.SSLContext, content: str | None
) -> None:
    authorities = tmp_path / "authorities.pem"
    if content is not None:
        authorities.write_text(content)
    with scripted(play, private) as server, pytest.raises(AgentError, match="certificate authorities") as error:
        Engine(described(server.url), tmp_path, str(authorities), LIMITS).models()
    assert str(authorities) in error.value.problem
    assert "`ca` of kit.yaml" in error.value.next_step
