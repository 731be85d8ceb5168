"""Public keys of OpenPGP: the bytes of a key, and its fingerprint."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator

_BEGIN, _END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
_PUBLIC_KEY = 6
"""Tag of a primary key's packet; its subkeys have another one."""


class KeyDamagedError(ValueError):
    """The bytes are no public key."""


def dearmored(text: bytes) -> bytes:
    """Return a key's bytes, without the armor that makes it a text."""
    lines = text.decode("ascii", errors="replace").splitlines()
    if _BEGIN not in lines:
        return text
    inside = lines[lines.index(_BEGIN) + 1 :]
    if _END not in inside:
        raise KeyDamagedError("its end is missing")
    inside = inside[: inside.index(_END)]
    body = inside[inside.index("") + 1 :] if "" in inside else inside
    try:
        return base64.b64decode("".join(line for line in body if not line.startswith("=")), validate=True)
    except binascii.Error:
        raise KeyDamagedError("its text is damaged") from None


def fingerprints(key: bytes) -> list[str]:
    """Return the fingerprint of each primary key; RFC 4880 12.2, for keys of version 4."""
    return [_fingerprint(body) for tag, body in _packets(key) if tag == _PUBLIC_KEY]


def _fingerprint(body: bytes) -> str:
    if body[:1] != b"\x04":
        raise KeyDamagedError("it is no key of version 4")
    # A weak sum by today's measure, and the only one that a key of this version has.
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest().upper()


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise KeyDamagedError("it is no OpenPGP key")
        tag, at, length = _length(data, at, head)
        if at + length > len(data):
            raise KeyDamagedError("its end is missing")
        yield tag, data[at : at + length]
        at += length


def _length(data: bytes, at: int, head: int) -> tuple[int, int, int]:
    """Return a packet's tag, the place of its body, and the length of that."""
    first = data[at + 1] if at + 1 < len(data) else 0
    if not head & 0x40:
        width = (1, 2, 4)[head & 3] if head & 3 != 3 else 0
        if not width:
            raise KeyDamagedError("a part of it has no length")
        return (head >> 2) & 15, at + 1 + width, int.from_bytes(data[at + 1 : at + 1 + width], "big")
    if first < 192:
        return head & 63, at + 2, first
    if first < 224:
        return head & 63, at + 3, ((first - 192) << 8) + int.from_bytes(data[at + 2 : at + 3], "big") + 192
    if first == 255:
        return head & 63, at + 6, int.from_bytes(data[at + 2 : at + 6], "big")
    raise KeyDamagedError("a part of it has no length")
