"""A line between a client and servers on this machine: time each way, bytes a second in all, a window for each flow.

    python -m tests.support.line_proxy DELAY RATE PORT [PORT ...]

DELAY is in seconds one way, RATE in bytes a second towards the client (0: no limit). Prints the ports that lead to
the given ones, in their order, when it serves. A program of its own, so that it takes nothing of a client's time.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

_PIECE = 64 << 10
# Bytes on their way in one flow: what Linux lets a receiver have open by and by is some megabytes, and few flows of a
# download live long enough for that. With 50 ms there and back this is 20 MB/s.
_WINDOW = 1 << 20


@dataclass
class _Line:
    """What all flows in one direction share."""

    delay: float
    rate: float
    free_at: float = 0.0

    def due(self, count: int, now: float) -> float:
        """When bytes that are sent now are there."""
        if not self.rate:
            return now + self.delay
        self.free_at = max(self.free_at, now) + count / self.rate
        return self.free_at + self.delay


@dataclass
class _Flow:
    """One direction of a connection; ``lag`` is how much later its first bytes set out."""

    line: _Line
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    lag: float
    queue: deque[tuple[float, bytes]] = field(default_factory=deque)
    count: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        with suppress(OSError):
            await asyncio.gather(self._take(), self._give())
        self.writer.close()

    async def _take(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while self.count >= _WINDOW:
                self.changed.clear()
                await self.changed.wait()
            data = await self.reader.read(_PIECE)
            self.count += len(data)
            self.queue.append((self.line.due(len(data), loop.time() + self.lag), data))
            self.lag = 0.0
            self.changed.set()
            if not data:
                return

    async def _give(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self.queue:
                self.changed.clear()
                await self.changed.wait()
            due, data = self.queue[0]
            if (left := due - loop.time()) > 0:
                await asyncio.sleep(left)
            self.queue.popleft()
            if not data:
                return
            self.writer.write(data)
            await self.writer.drain()
            self.count -= len(data)
            self.changed.set()


async def _serve(delay: float, rate: float, ports: list[int]) -> None:
    there, back = _Line(delay, 0.0), _Line(delay, rate)
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", port)
        for one in (writer, upstream_writer):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A connection is made by a message there and one back, before anything can be said.
        asking = _Flow(there, reader, upstream_writer, 2 * delay)
        answering = _Flow(back, upstream_reader, writer, 0.0)
        for flow in (asking, answering):
            task = asyncio.ensure_future(flow.run())
            running.add(task)
            task.add_done_callback(running.discard)

    servers = []
    for port in ports:
        servers.append(
            await asyncio.start_server(lambda r, w, p=port: connected(r, w, p), "127.0.0.1", 0, backlog=128)  # type: ignore[misc]
        )
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]), float(sys.argv[2]), [int(port) for port in sys.argv[3:]]))
