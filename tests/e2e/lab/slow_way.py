"""A long way to a box: each byte takes its time, as over a distant link, and its round trips are counted.

It stands in for the kernel's netem, which not every machine has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tests.e2e.lab.host import LabHost
from tests.e2e.proxies import Reader, Writer, served

SSH = 22
PIECE_BYTES = 65_536
Side = Literal["here", "there"]


class Piece(NamedTuple):
    """Bytes of one side, on their way."""

    due: float
    """The loop's time at which it arrives."""
    said: bytes
    behind: int
    """The round trips behind it."""


@dataclass
class SlowWay:
    """A port of this machine that leads to a box's SSH."""

    round_trip_seconds: float
    port: int = 0
    _heard: dict[Side, int] = field(default_factory=dict)
    """The most round trips behind a piece that arrived at a side; none is there before the first piece."""

    @property
    def round_trips(self) -> int:
        """The longest chain of questions and answers: what two say at the same time is no round trip."""
        return self._heard.get("here", 0)

    def _behind(self, side: Side) -> int:
        """Count the round trips behind a piece that a side says now: an answer of the box completes one."""
        if side == "here":
            return self._heard.get("here", 0)
        return self._heard["there"] + 1 if "there" in self._heard else 0

    def _arrived(self, side: Side, behind: int) -> None:
        hearer: Side = "there" if side == "here" else "here"
        self._heard[hearer] = max(behind, self._heard.get(hearer, 0))

    async def carry(self, source: Reader, target: Writer, side: Side) -> None:
        """Carry what one side says to the other; a piece waits for no piece before it."""
        pieces: asyncio.Queue[Piece] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        arriving = asyncio.create_task(self._deliver(pieces, target, side))
        with suppress(OSError):
            while piece := await source.read(PIECE_BYTES):
                pieces.put_nowait(Piece(loop.time() + self.round_trip_seconds / 2, piece, self._behind(side)))
        pieces.put_nowait(Piece(loop.time() + self.round_trip_seconds / 2, b"", 0))
        await arriving

    async def _deliver(self, pieces: asyncio.Queue[Piece], target: Writer, side: Side) -> None:
        while True:
            piece = await pieces.get()
            await asyncio.sleep(max(0, piece.due - asyncio.get_running_loop().time()))
            with suppress(OSError):
                if not piece.said:
                    target.write_eof()
                    return
                self._arrived(side, piece.behind)
                target.write(piece.said)
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
