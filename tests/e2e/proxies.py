"""Proxies as people have them: one that ends TLS before a page, and one through which a closed network fetches."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Answer = Callable[[Reader, Writer], Coroutine[Any, Any, None]]
Rewrite = Callable[[bytes], bytes]


@contextmanager
def tls_proxy(name: str, place: str, folder: Path, *, under_own_name: bool = False) -> Iterator[int]:
    """Yield the local port at which a web server answers over TLS under a name; folder/certificate.pem vouches for it.

    What is asked for is passed on as it is, or as if it had been asked for under the server's own name.
    """
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    own = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *own]
    subprocess.run([*making, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    address = urlsplit(place)
    is_tls = address.scheme == "https"
    rewrite = (lambda head: _head(head, str(address.hostname))) if under_own_name else None

    async def answer(reader: Reader, writer: Writer) -> None:
        port = address.port or (443 if is_tls else 80)
        far = await asyncio.open_connection(address.hostname, port, ssl=is_tls or None)
        await both_ways((reader, writer), far, rewrite)

    with served(answer, lambda quietly: asyncio.start_server(quietly, "127.0.0.1", 0, ssl=context)) as server:
        yield server.sockets[0].getsockname()[1]


@contextmanager
def led_to(port: int, at: Path) -> Iterator[None]:
    """Let a socket file lead to a local port, for those in a network of their own."""

    async def answer(reader: Reader, writer: Writer) -> None:
        await both_ways((reader, writer), await asyncio.open_connection("127.0.0.1", port))

    with served(answer, lambda quietly: asyncio.start_unix_server(quietly, str(at))):
        yield


@contextmanager
def forward_proxy(at: Path, leads: dict[str, int]) -> Iterator[set[str]]:
    """Serve a forward proxy at a socket file; yield the hosts that it was asked for. Some names lead to local ports."""
    hosts: set[str] = set()

    async def answer(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        place = urlsplit(target if method != "CONNECT" else f"//{target}")
        host = str(place.hostname)
        hosts.add(host)
        lead = leads.get(host)
        far = await asyncio.open_connection("127.0.0.1" if lead else host, lead or place.port or 80)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await both_ways((reader, writer), far)
        else:
            far[1].write(_head(head, host))
            await both_ways((reader, writer), far, lambda head: _head(head, host))

    with served(answer, lambda quietly: asyncio.start_unix_server(quietly, str(at))):
        yield hosts


def _head(head: bytes, host: str) -> bytes:
    """Return a request's head as the host itself is asked."""
    first, *lines = head.split(b"\r\n")
    method, target, version = first.decode().split(" ")
    path = urlsplit(target)._replace(scheme="", netloc="").geturl() or "/"
    kept = [line for line in lines if not line.lower().startswith((b"host:", b"proxy-"))]
    return b"\r\n".join([f"{method} {path} {version}\r\nHost: {host}".encode(), *kept])


@contextmanager
def served(answer: Answer, start: Callable[[Any], Awaitable[asyncio.Server]]) -> Iterator[asyncio.Server]:
    """Answer connections until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def quietly(reader: Reader, writer: Writer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await answer(reader, writer)
        writer.close()

    async def begin() -> asyncio.Server:
        return await start(quietly)

    async def end() -> None:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def both_ways(near: tuple[Reader, Writer], far: tuple[Reader, Writer], rewrite: Rewrite | None = None) -> None:
    """Pass on what either side says; the heads of requests without a body may be rewritten on the way."""
    await asyncio.gather(_pass(near[0], far[1], rewrite), _pass(far[0], near[1], None))
    far[1].close()


async def _pass(source: Reader, target: Writer, rewrite: Rewrite | None) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while part := await (source.readuntil(b"\r\n\r\n") if rewrite else source.read(65_536)):
            target.write(rewrite(part) if rewrite else part)
            await target.drain()
    with suppress(OSError):
        if target.can_write_eof():
            target.write_eof()
        else:
            target.close()
