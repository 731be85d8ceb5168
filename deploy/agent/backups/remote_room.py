"""Free space of a repository over sftp, asked with the extension of OpenSSH's server, which most machines run."""

from __future__ import annotations

import os
import select
import shlex
import struct
import subprocess
import time

from deploy.agent.backups.sftp import COMMAND, CONNECT_SECONDS, SFTP

STATVFS = b"statvfs@openssh.com"
INIT, VERSION, EXTENDED, EXTENDED_REPLY = 1, 2, 200, 201
PROTOCOL, NUMBER = 3, 1
QUESTIONS, MOST = 2, 2**16
_PACKET = struct.Struct(">IB")
"""Length of what follows, and kind."""
_FREE = struct.Struct(">I5Q")
"""Number of the question, size of a read, size of a block, and blocks: all, free, and free for this user."""


def remote_free_bytes(repository: str, options: tuple[str, ...]) -> int | None:
    """Return the bytes that fit at a repository over sftp; None from a server that does not say."""
    folder = repository[len(SFTP) :].partition(":")[2].encode()
    asked = _packet(INIT, struct.pack(">I", PROTOCOL)) + _packet(
        EXTENDED, struct.pack(">I", NUMBER) + _string(STATVFS) + _string(folder)
    )
    try:
        (first, _), (second, figures) = _packets(_said(shlex.split(options[-1][len(COMMAND) :]), asked))[:2]
        _, _, size, _, _, blocks = _FREE.unpack_from(figures)
    except (OSError, ValueError, struct.error):
        return None
    return size * blocks if (first, second) == (VERSION, EXTENDED_REPLY) else None


def _said(argv: list[str], asked: bytes) -> bytes:
    """Return what a server says to two questions. Its input stays open: at its end, the server drops its answers."""
    pipe, until, said = subprocess.PIPE, time.monotonic() + 2 * CONNECT_SECONDS, b""
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - started with pipes
        process.stdin.write(asked)
        process.stdin.flush()
        while len(_packets(said)) < QUESTIONS and (left := until - time.monotonic()) > 0:
            if select.select([process.stdout], [], [], left)[0]:
                piece = os.read(process.stdout.fileno(), MOST)
                if not piece:
                    break
                said += piece
        process.kill()
    return said


def _packet(kind: int, content: bytes) -> bytes:
    return _PACKET.pack(len(content) + 1, kind) + content


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _packets(said: bytes) -> list[tuple[int, bytes]]:
    """Return the whole packets of an answer."""
    packets: list[tuple[int, bytes]] = []
    while len(said) >= _PACKET.size:
        length, kind = _PACKET.unpack_from(said)
        end = _PACKET.size + length - 1
        if end > len(said):
            break
        packets.append((kind, said[_PACKET.size : end]))
        said = said[end:]
    return packets
