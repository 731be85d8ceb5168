"""A long way to a box: each byte takes its time, as over a distant link, and the turns to and fro are counted.

It stands in for the kernel's netem, which not every machine has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from tests.e2e.lab.host import LabHost
from tests.e2e.proxies import Reader, Writer, served

SSH = 22
PIECE = 65_536
Side = Literal["here", "there"]


@dataclass
class SlowWay:
    """A port of this machine that leads to a box's SSH."""

    round_trip_seconds: float
    port: int = 0
    round_trips: int = 0
    """How often the box spoke after this side had spoken."""
    _spoke: Side = "there"

    def note(self, side: Side) -> None:
        """Note who speaks."""
        if side == "there" and self._spoke == "here":
            self.round_trips += 1
        self._spoke = side

    async def carry(self, source: Reader, target: Writer, side: Side) -> None:
        """Carry what one side says to the other; a piece waits for no piece before it."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        arriving = asyncio.create_task(_deliver(pieces, target))
        with suppress(OSError):
            while piece := await source.read(PIECE):
                self.note(side)
                pieces.put_nowait((loop.time() + self.round_trip_seconds / 2, piece))
        pieces.put_nowait((loop.time() + self.round_trip_seconds / 2, b""))
        await arriving


async def _deliver(pieces: asyncio.Queue[tuple[float, bytes]], target: Writer) -> None:
    while True:
        due, piece = await pieces.get()
        await asyncio.sleep(max(0, due - asyncio.get_running_loop().time()))
        with suppress(OSError):
            if not piece:
                target.write_eof()
                return
            target.write(piece)
            await target.drain()


@contextmanager
def slow_way(host: LabHost, round_trip_seconds: float) -> Iterator[SlowWay]:
    """Give a way to a box on which a question and its answer take so long."""
    way = SlowWay(round_trip_seconds)

    async def answer(reader: Reader, writer: Writer) -> None:
        there, to_there = await asyncio.open_connection(host.address, SSH)
        await asyncio.gather(way.carry(reader, to_there, "here"), way.carry(there, writer, "there"))
        to_there.close()

    with served(answer, lambda quietly: asyncio.start_server(quietly, "127.0.0.1", 0)) as server:
        way.port = server.sockets[0].getsockname()[1]
        yield way
