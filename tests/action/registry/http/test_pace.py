"""An answer that trickles, in its headers or in its body, is broken off; one that is only late is waited for."""

from __future__ import annotations

import io

import pytest

from action.registry.http.limits import HostLimits
from action.registry.http.pace import Paced, Stalled
from action.registry.http.response import Broken, Response


class Wire(io.RawIOBase):
    """One byte at a time; each takes as many seconds of the clock as ``waits`` says, the last of them again."""

    def __init__(self, *waits: float, piece: int = 1) -> None:
        self.now = 0.0
        self._waits = list(waits)
        self._piece = piece

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.now += self._waits[0] if len(self._waits) == 1 else self._waits.pop(0)
        buffer[: self._piece] = b"x" * self._piece
        return self._piece


def paced(wire: Wire) -> Paced:
    return Paced(wire, 10.0, 100, lambda: wire.now)


def read(paced_wire: Paced, times: int) -> None:
    buffer = memoryview(bytearray(200))
    for _ in range(times):
        paced_wire.readinto(buffer)


def test_bytes_that_trickle_are_broken_off_with_the_figures() -> None:
    wire = Wire(1.0)
    with pytest.raises(Stalled, match="only 12 bytes came in 10 s"):
        read(paced(wire), 20)
    assert wire.now == 12.0


def test_a_late_first_byte_and_a_slow_reader_are_no_trickle() -> None:
    wire = Wire(500.0, 0.1)
    watched = paced(wire)
    for _ in range(50):
        read(watched, 1)
        wire.now += 100.0  # the reader writes to a slow disk


def test_enough_bytes_begin_the_time_anew() -> None:
    read(paced(Wire(9.0, piece=100)), 50)


class Raw:
    """What urllib3 gives, over a wire that breaks after a few pieces."""

    status, headers = 200, {"Content-Length": "1000000"}

    def __init__(self, error: Exception) -> None:
        self.closed = False
        self._left = 3
        self._error = error

    def read(self, amount: int, decode_content: bool) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise self._error
        return b"x" * amount

    read1 = read

    def close(self) -> None:
        self.closed = True

    def release_conn(self) -> None: ...


@pytest.mark.parametrize("url", ["http://h/", "https://h/"])
def test_what_came_before_a_break_is_handed_on_and_the_place_given_back(url: str) -> None:
    raw, limits = Raw(Stalled("only 5 bytes came in 10 s")), HostLimits(1)
    response = Response(raw, url, limits.take("h", "large"))  # type: ignore[arg-type]
    got: list[bytes] = []
    with pytest.raises(Broken, match="only 5 bytes came in 10 s"), response:
        got.extend(response.chunks())
    assert b"".join(got) == b"x" * len(b"".join(got)) and len(b"".join(got)) % (3 * 1024) == 0 and got
    assert raw.closed
    limits.take("h", "large").release()


def test_small_pieces_are_gathered_over_tls() -> None:
    class Records(Raw):
        def read(self, amount: int, decode_content: bool) -> bytes:
            self._left -= 1
            return b"x" * amount if self._left > -30 else b""

        read1 = read

    response = Response(Records(OSError()), "https://h/", None)  # type: ignore[arg-type]
    pieces = list(response.chunks())
    assert min(map(len, pieces[:-1])) >= 256 << 10
