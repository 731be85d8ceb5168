"""Proxies as people have them: one that ends TLS before the page, and one through which a closed network fetches."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Answer = Callable[[Reader, Writer], Awaitable[None]]


@contextmanager
def tls_proxy(name: str, address: tuple[str, int], folder: Path) -> Iterator[int]:
    """Yield the local port at which a place answers over TLS under a name, with a certificate of its own."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    own = [
        "-subj",
        f"/CN={name}",
        "-addext",
        f"subjectAltName=DNS:{name}",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *own]
    subprocess.run(making, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def answer(reader: Reader, writer: Writer) -> None:
        await both_ways(reader, writer, *address)

    with served(answer, context) as port:
        yield port


@contextmanager
def forward_proxy() -> Iterator[tuple[int, set[str]]]:
    """Yield the local port of a forward proxy, and the hosts that it was asked for so far."""
    hosts: set[str] = set()

    async def answer(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, _, rest = head.partition(b"\r\n")
        method, target, version = first.decode().split(" ")
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            hosts.add(host)
            await both_ways(reader, writer, host, int(port), at_once=b"HTTP/1.1 200 OK\r\n\r\n")
            return
        place = urlsplit(target)
        assert place.hostname
        hosts.add(place.hostname)
        path = target[target.index(place.netloc) + len(place.netloc) :] or "/"
        lines = [line for line in rest.split(b"\r\n") if not line.lower().startswith((b"proxy-", b"connection:"))]
        # One request a connection: the next one may be for another host.
        asked = b"\r\n".join([f"{method} {path} {version}".encode(), b"Connection: close", *lines])
        await both_ways(reader, writer, place.hostname, place.port or 80, forward=asked)

    with served(answer) as port:
        yield port, hosts


@contextmanager
def served(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer connections to a port of this machine until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def quietly(reader: Reader, writer: Writer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(quietly, "127.0.0.1", 0, ssl=context), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def both_ways(
    reader: Reader, writer: Writer, host: str, port: int, at_once: bytes = b"", forward: bytes = b""
) -> None:
    """Connect to a place and pass on what either side says."""
    far_reader, far_writer = await asyncio.open_connection(host, port)
    writer.write(at_once)
    far_writer.write(forward)
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    far_writer.close()


async def copy(source: Reader, target: Writer) -> None:
    """Pass on what one side says until it has no more to say."""
    with suppress(OSError):
        while part := await source.read(65_536):
            target.write(part)
            await target.drain()
    if target.can_write_eof():
        with suppress(OSError):
            target.write_eof()
    else:
        target.close()
