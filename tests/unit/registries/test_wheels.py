"""Sizes of wheels are asked over connections that stay open, through the proxy of the spec or of the environment."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.registries import wheels
from deploy.registries.wheels import CONNECTIONS, MOST_REDIRECTS, sizes_of
from tests.e2e.proxies import tls_proxy

FAR = "http://wheels.example"
NOWHERE = "http://127.0.0.1:9"
SILENCE_SECONDS = 0.5


class Index(ThreadingHTTPServer):
    """An index that counts its connections and writes down what it is asked for."""

    hangs_up = False
    """True if it closes each connection behind its answer, without a word."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.connections = 0
        self.asked: list[str] = []
        self.logins: list[str | None] = []
        self.closed = threading.Event()

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
        path, _, to = self.path.partition("?")
        name = path.rsplit("/", 1)[1]
        self.close_connection = self.server.hangs_up or not name.isdigit()
        if name == "mute":
            self.server.closed.wait()
        if name in {"mute", "broken"}:
            return
        self.send_response({"gone": 404, "moved": 302, "round": 302}.get(name, 403 if to == self.command else 200))
        if name == "round" or to.startswith(("http", "ftp")):
            self.send_header("Location", to or name)
        if name != "silent":
            self.send_header("Content-Length", name if name.isdigit() else "0")
        self.end_headers()

    def do_GET(self) -> None:
        """Say how long the file is, and send none of it."""
        self.do_HEAD()
        self.close_connection = True

    def do_CONNECT(self) -> None:
        """Lead to a port of this machine, as a proxy on the way to TLS does."""
        self.server.asked.append(self.path)
        self.server.logins.append(self.headers["Proxy-Authorization"])
        with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2]))) as far:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pass_on, args=(far, self.connection))
            back.start()
            _pass_on(self.connection, far)
            back.join()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    with suppress(OSError):
        while piece := near.recv(65536):
            far.sendall(piece)
        far.shutdown(socket.SHUT_WR)


@pytest.fixture
def start() -> Iterator[Callable[[], Index]]:
    """Start an index."""
    with ExitStack() as stack:

        def start() -> Index:
            server = stack.enter_context(Index())
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.shutdown)
            stack.callback(server.closed.set)
            return server

        yield start


@pytest.fixture
def index(start: Callable[[], Index]) -> Index:
    return start()


def test_a_connection_serves_many_files(index: Index) -> None:
    assert sizes_of([f"{index.url}/{size}" for size in range(200)], Fetch()) == list(range(200))
    assert index.connections <= CONNECTIONS


def test_a_server_that_closes_a_connection_behind_its_answer_is_asked_anew(index: Index) -> None:
    index.hangs_up = True
    assert sizes_of([f"{index.url}/{size}" for size in range(50)], Fetch()) == list(range(50))


def test_a_file_of_this_machine_is_measured(tmp_path: Path) -> None:
    (tmp_path / "some.whl").write_bytes(b"wheel")
    assert sizes_of([(tmp_path / "some.whl").as_uri()], Fetch()) == [5]


def test_a_file_that_moved_is_asked_for_as_a_download_and_not_read(index: Index) -> None:
    signed = f"{index.url}/{2**40}?HEAD"
    assert sizes_of([f"{index.url}/moved?{signed}"], Fetch()) == [2**40]


def test_each_place_of_a_file_that_moved_has_its_own_proxy(
    index: Index, start: Callable[[], Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = start()
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert sizes_of([f"{index.url}/moved?{FAR}/7"], Fetch()) == [7]
    assert (len(index.asked), proxy.asked) == (1, [f"{FAR}/7"])


@pytest.mark.parametrize("is_in_the_spec", [True, False])
@pytest.mark.parametrize(
    ("begins", "login"),
    [
        ("http://", None),
        ("", None),
        ("//", None),
        ("http://ada:a%40b@", "Basic YWRhOmFAYg=="),
        ("http://ada:%E2%82%AC@", "Basic YWRhOuKCrA=="),
    ],
)
def test_a_proxy_of_the_spec_or_of_the_environment_is_asked(
    begins: str, login: str | None, is_in_the_spec: bool, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = begins + index.url.removeprefix("http://")
    monkeypatch.setenv("no_proxy", "near.example")
    if not is_in_the_spec:
        monkeypatch.setenv("http_proxy", proxy)
    fetch = Fetch(proxy=proxy) if is_in_the_spec else Fetch()
    assert sizes_of([f"{FAR}/3"], fetch) == [3]
    assert (index.asked, index.logins) == ([f"{FAR}/3"], [login])


@pytest.mark.parametrize("is_in_the_spec", [True, False])
def test_a_place_that_the_environment_excepts_is_asked_without_a_proxy(
    is_in_the_spec: bool, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    if not is_in_the_spec:
        monkeypatch.setenv("http_proxy", NOWHERE)
    assert sizes_of([f"{index.url}/5"], Fetch(proxy=NOWHERE) if is_in_the_spec else Fetch()) == [5]


@pytest.mark.parametrize("is_behind_a_proxy", [True, False])
def test_the_authorities_of_the_spec_vouch_for_the_index(
    is_behind_a_proxy: bool, index: Index, start: Callable[[], Index], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "near.example")
    proxy = start()
    with tls_proxy("localhost", index.url, tmp_path) as port:
        urls = [f"https://localhost:{port}/{size}" for size in range(20)]
        place = proxy.url.replace("//", "//ada:key@") if is_behind_a_proxy else None
        assert sizes_of(urls, Fetch(ca=str(tmp_path / "certificate.pem"), proxy=place)) == list(range(20))
        with pytest.raises(KitError, match=r"does not answer: .*certificate verify failed"):
            sizes_of(urls[:1], Fetch(proxy=place))
    assert set(proxy.asked) == ({f"localhost:{port}"} if is_behind_a_proxy else set())
    assert set(proxy.logins) == ({"Basic YWRhOmtleQ=="} if is_behind_a_proxy else set())


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("gone", "does not answer: HTTP Error 404: Not Found"),
        ("moved", "does not answer: HTTP Error 302: Found"),
        ("round", "does not answer: HTTP Error 302: Found"),
        ("moved?ftp://127.0.0.1/7", "does not answer: "),
        ("broken", "does not answer: Remote end closed connection without response$"),
        ("silent", "does not say how large"),
    ],
)
def test_a_file_without_a_size_is_named(file: str, words: str, index: Index) -> None:
    with pytest.raises(KitError, match=words):
        sizes_of([f"{index.url}/1", f"{index.url}/{file}"], Fetch())
    assert len(index.asked) <= 1 + MOST_REDIRECTS


def test_an_index_that_says_nothing_is_asked_once(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "TIMEOUT_SECONDS", SILENCE_SECONDS)
    with pytest.raises(KitError, match=r"does not answer: .*timed out"):
        sizes_of([f"{index.url}/mute"], Fetch())
    assert index.asked == ["/mute"]


@pytest.mark.parametrize("is_a_proxy", [True, False])
def test_what_is_down_is_told_in_the_systems_words(is_a_proxy: bool) -> None:
    with pytest.raises(KitError) as error:
        sizes_of([f"{FAR if is_a_proxy else NOWHERE}/1"], Fetch(proxy=NOWHERE if is_a_proxy else None))
    assert error.value.problem.endswith("does not answer: [Errno 111] Connection refused")


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://127.0.0.1:port", "http://ada:a#b@127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_told(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(KitError, match="does not answer: "):
        sizes_of([f"{FAR}/1"], Fetch())
