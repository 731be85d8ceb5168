"""Sizes of wheels are asked over connections that stay open, through the proxy of the spec or of the environment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.registries.wheels import CONNECTIONS, sizes_of


class Index(ThreadingHTTPServer):
    """An index that counts its connections and writes down what it is asked for."""

    hangs_up = False
    """True if it closes each connection behind its answer, without a word."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.connections = 0
        self.asked: list[str] = []
        self.logins: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: object, client_address: object) -> None:
        self.connections += 1
        super().process_request(request, client_address)  # type: ignore[arg-type]


class Answers(BaseHTTPRequestHandler):
    """Gives the number in a path as the size of the file there."""

    protocol_version = "HTTP/1.1"
    server: Index

    def do_HEAD(self) -> None:
        self.server.asked.append(self.path)
        self.server.logins.append(self.headers["Proxy-Authorization"])
        name = self.path.rsplit("/", 1)[1]
        self.send_response(404 if name == "gone" else 302 if name == "moved" else 200)
        if name == "moved":
            self.send_header("Location", "/7")
        if name.isdigit() or name == "gone":
            self.send_header("Content-Length", name if name.isdigit() else "0")
        self.end_headers()
        self.close_connection = self.server.hangs_up or not name.isdigit()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[Index]:
    with Index() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def index() -> Iterator[Index]:
    with served() as server:
        yield server


def test_a_connection_serves_many_files(index: Index) -> None:
    assert sizes_of([f"{index.url}/{size}" for size in range(200)], Fetch()) == list(range(200))
    assert index.connections <= CONNECTIONS


def test_a_server_that_closes_a_connection_behind_its_answer_is_asked_anew(index: Index) -> None:
    index.hangs_up = True
    assert sizes_of([f"{index.url}/{size}" for size in range(50)], Fetch()) == list(range(50))


def test_a_file_that_moved_is_followed(index: Index) -> None:
    assert sizes_of([f"{index.url}/moved"], Fetch()) == [7]


@pytest.mark.parametrize("is_in_the_spec", [True, False])
@pytest.mark.parametrize(
    ("begins", "login"), [("http://", None), ("", None), ("http://ada:a%40b@", "Basic YWRhOmFAYg==")]
)
def test_a_proxy_of_the_spec_or_of_the_environment_is_asked(
    begins: str, login: str | None, is_in_the_spec: bool, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = begins + index.url.removeprefix("http://")
    if not is_in_the_spec:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "near.example")
    fetch = Fetch(proxy=proxy) if is_in_the_spec else Fetch()
    assert sizes_of(["http://wheels.example/3"], fetch) == [3]
    assert (index.asked, index.logins) == (["http://wheels.example/3"], [login])


def test_a_place_that_the_environment_excepts_is_asked_without_its_proxy(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert sizes_of([f"{index.url}/5"], Fetch()) == [5]


@pytest.mark.parametrize(
    ("file", "words"), [("gone", "does not answer: HTTP Error 404: Not Found"), ("silent", "does not say how large")]
)
def test_a_file_without_a_size_is_named(file: str, words: str, index: Index) -> None:
    with pytest.raises(KitError, match=words):
        sizes_of([f"{index.url}/1", f"{index.url}/{file}"], Fetch())


def test_an_index_that_is_down_is_told_in_the_systems_words() -> None:
    with served() as index:
        url = index.url
    with pytest.raises(KitError) as error:
        sizes_of([f"{url}/1"], Fetch())
    assert error.value.problem.endswith("does not answer: [Errno 111] Connection refused")
