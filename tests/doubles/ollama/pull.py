"""Pulling from a registry: a manifest, then blobs in ranges from where its redirect leads; parts are kept."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import time
import urllib.parse
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from tests.doubles.ollama.names import Name
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.store import MANIFEST, PIECE, Store

PART = 100_000_000
TRIES = 6
# As the real engine: a second, two, four ... between tries; the image says less, so that nobody waits a minute.
PAUSE_SECONDS = float(os.environ.get("DOUBLE_PAUSE_SECONDS") or 1)
AGENT = "ollama/0.0.0 (amd64 linux) Go/go1.26.8"
Line = dict[str, Any]


def pull(store: Store, name: Name, insecure: bool, prune: bool) -> Generator[Line, None, None]:
    """Bring a model, line by line."""
    before = store.manifest(name).parts if (store.manifests / name.path).is_file() else ()
    yield {"status": "pulling manifest"}
    base = f"{'http' if insecure else 'https'}://{name.host}/v2/{name.namespace}/{name.model}"
    content = _manifest(f"{base}/manifests/{name.tag}")
    document = json.loads(content)
    digests = [part["digest"] for part in [*document["layers"], document.get("config") or {}] if part.get("digest")]
    fresh = []
    for digest in digests:
        path = store.blob(digest)
        shown = {"status": f"pulling {digest[7:19]}", "digest": digest}
        if path.exists():
            yield shown | {"total": path.stat().st_size, "completed": path.stat().st_size}
            continue
        fresh.append(path)
        for total, completed in _download(f"{base}/blobs/{digest}", path):
            yield shown | {"total": total} | ({"completed": completed} if completed else {})
    yield {"status": "verifying sha256 digest"}
    for path in fresh:
        _verify(path)
    yield {"status": "writing manifest"}
    store.write_bytes(name, content)
    if prune and {part.digest for part in before} - set(digests):
        yield {"status": "removing unused layers"}
        store.drop_unused(before)
    yield {"status": "success"}


def _manifest(url: str) -> bytes:
    try:
        status, _, body = _ask("GET", url, {"Accept": MANIFEST, "User-Agent": AGENT})
        return _checked(status, body)
    except (OSError, Refused) as error:
        raise Refused(500, f"pull model manifest: {error}") from None


def _checked(status: int, body: bytes) -> bytes:
    if status == 404:
        raise Refused(500, "file does not exist")
    if status >= 400:
        raise Refused(500, f"{status}: {body.decode(errors='replace')}")
    return body


def _download(url: str, path: Path) -> Iterator[tuple[int, int]]:
    partial = path.with_name(f"{path.name}-partial")
    parts = _parts(url, partial)
    total = sum(part["Size"] for part in parts)
    direct = _direct(url)
    with partial.open("r+b" if partial.exists() else "w+b") as output:
        output.truncate(total)
        yield total, sum(part["Completed"] for part in parts)
        for part in parts:
            for _ in _fetched(direct, part, output, partial):
                yield total, sum(one["Completed"] for one in parts)
    for part in parts:
        _note(partial, part).unlink()
    partial.rename(path)


def _parts(url: str, partial: Path) -> list[dict[str, int]]:
    kept = sorted(partial.parent.glob(f"{partial.name}-*"))
    if kept:
        return sorted((json.loads(path.read_text()) for path in kept), key=lambda part: int(part["N"]))
    status, headers, body = _ask("HEAD", url, {"User-Agent": AGENT})
    _checked(status, body)
    total = int(headers.get("content-length") or 0)
    parts = [
        {"N": number, "Offset": offset, "Size": min(PART, total - offset), "Completed": 0}
        for number, offset in enumerate(range(0, total, PART))
    ]
    for part in parts:
        _write(partial, part)
    return parts


def _direct(url: str) -> str:
    """Follow redirects that stay on a host; the one that leaves it says where the bytes are."""
    asked = urllib.parse.urlsplit(url).hostname
    for _ in range(10):
        status, headers, body = _ask("GET", url, {"User-Agent": AGENT}, keep_body=False)
        _checked(status, body)
        if "location" not in headers or status == 200:
            raise Refused(500, "http: no Location header in response")
        url = urllib.parse.urljoin(url, headers["location"])
        if urllib.parse.urlsplit(url).hostname != asked:
            return url
    raise Refused(500, "maximum redirects exceeded (10) for directURL")


def _fetched(url: str, part: dict[str, int], output: Any, partial: Path) -> Iterator[int]:
    """Fetch a part, from where it stopped; give up after as many tries as the real engine."""
    for tried in range(TRIES):
        try:
            for piece in _range(url, part["Offset"] + part["Completed"], part["Offset"] + part["Size"] - 1):
                output.seek(part["Offset"] + part["Completed"])
                output.write(piece)
                part["Completed"] += len(piece)
                yield part["Completed"]
            if part["Completed"] == part["Size"]:
                _write(partial, part)
                return
            problem = "unexpected EOF"
        except (OSError, http.client.HTTPException) as error:
            problem = str(error) or "EOF"
        output.flush()
        _write(partial, part)
        time.sleep(PAUSE_SECONDS * 2**tried)
    raise Refused(500, f"max retries exceeded: {problem}")


def _range(url: str, first: int, last: int) -> Iterator[bytes]:
    if first > last:
        return
    connection, target = _connect(url)
    try:
        connection.request(
            "GET", target, headers={"Range": f"bytes={first}-{last}", "User-Agent": "Go-http-client/1.1"}
        )
        answer = connection.getresponse()
        while piece := answer.read1(PIECE):
            yield piece
    finally:
        connection.close()


def _note(partial: Path, part: dict[str, int]) -> Path:
    return partial.with_name(f"{partial.name}-{part['N']}")


def _write(partial: Path, part: dict[str, int]) -> None:
    _note(partial, part).write_text(json.dumps(part, separators=(",", ":")) + "\n")


def _verify(path: Path) -> None:
    hashed = hashlib.sha256()
    with path.open("rb") as content:
        while piece := content.read(PIECE):
            hashed.update(piece)
    if f"sha256-{hashed.hexdigest()}" != path.name:
        path.unlink()
        wanted = path.name.replace("-", ":")
        raise Refused(
            500, f"digest mismatch, file must be downloaded again: want {wanted}, got sha256:{hashed.hexdigest()}"
        )


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=30), parts.path + (f"?{parts.query}" if parts.query else "")


def _ask(method: str, url: str, headers: dict[str, str], keep_body: bool = True) -> tuple[int, dict[str, str], bytes]:
    connection, target = _connect(url)
    try:
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read() if keep_body or answer.status >= 400 else b""
    except OSError as error:
        raise OSError(f'{method.title()} "{url}": {_told(error, url)}') from None
    finally:
        connection.close()


def _told(error: OSError, url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {parts.hostname}: no such host"
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {parts.hostname}:{port}: connect: connection refused"
    return f"dial tcp {parts.hostname}:{port}: {error.strerror or error}"
