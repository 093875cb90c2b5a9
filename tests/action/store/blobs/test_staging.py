"""write_blob with blobs so big that they are hashed beside the writer; the tests of ``fill`` have small ones."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.store.blobs import staging
from action.store.blobs.durability import begin_writing, wait_for_disk
from action.store.blobs.staging import WrongBytes, write_blob
from action.store.oci.digest import digest_of, digest_of_file

PIECE = os.urandom(1 << 20)
COUNT = 140
DIGEST = digest_of(PIECE * COUNT)
SIZE = COUNT << 20


def pieces(offset: int, end: int = SIZE) -> Iterator[bytes]:
    while offset < end:
        piece = PIECE[offset % len(PIECE) :]
        offset += len(piece)
        yield piece


def test_a_big_blob_is_hashed_while_it_comes_in_little_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        assert write_blob(tmp_path / "stage", tmp_path / "final", DIGEST, SIZE, pieces)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert digest_of_file(tmp_path / "final") == DIGEST
    assert not (tmp_path / "stage").exists()
    assert peak < 4 << 20


def test_a_big_blob_that_broke_is_gone_on_with(tmp_path: Path) -> None:
    broken_at = (135 << 20) + 12345

    def broken(offset: int) -> Iterator[bytes]:
        yield from pieces(offset, 135 << 20)
        yield PIECE[:12345]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        write_blob(tmp_path / "stage", tmp_path / "final", DIGEST, SIZE, broken)
    assert (tmp_path / "stage").stat().st_size == broken_at
    asked = []

    def rest(offset: int) -> Iterator[bytes]:
        asked.append(offset)
        return pieces(offset)

    assert write_blob(tmp_path / "stage", tmp_path / "final", DIGEST, SIZE, rest)
    assert asked == [broken_at]
    assert digest_of_file(tmp_path / "final") == DIGEST


@pytest.mark.parametrize("begun", [0, 1, 700, 999, 1000])
def test_bytes_of_an_earlier_run_count_as_received(tmp_path: Path, begun: int) -> None:
    """Who shows progress adds up what is received; the sum is the whole blob, wherever it was gone on with."""
    body = PIECE[:1000]
    (tmp_path / "stage").write_bytes(body[:begun])
    counts: list[int] = []
    assert write_blob(
        tmp_path / "stage",
        tmp_path / "final",
        digest_of(body),
        len(body),
        lambda offset: [body[offset:]],
        received=counts.append,
    )
    assert counts[0] == begun
    assert sum(counts) == len(body)


@pytest.mark.parametrize("size", [(9 << 20) + 5, 4 << 20, 100])
def test_the_disk_is_given_all_of_a_big_blob_before_the_barrier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    given: list[int] = []

    def noted(file: int, offset: int, length: int) -> None:
        assert offset == sum(given), "the pieces follow each other"
        given.append(length)
        begin_writing(file, offset, length)

    monkeypatch.setattr(staging, "begin_writing", noted)
    body = (PIECE * 10)[:size]
    write_blob(tmp_path / "stage", tmp_path / "final", digest_of(body), size, lambda offset: [body[:700], body[700:]])
    assert sum(given) == (0 if size == 100 else size)


@pytest.mark.parametrize("wrong", [b"x", b""], ids=["changed", "cut"])
def test_the_last_piece_of_a_big_blob_counts(tmp_path: Path, wrong: bytes) -> None:
    def altered(offset: int) -> Iterator[bytes]:
        yield from pieces(offset, SIZE - len(PIECE))
        yield PIECE[:-1] + wrong

    with pytest.raises(WrongBytes):
        write_blob(tmp_path / "stage", tmp_path / "final", DIGEST, SIZE, altered)
    assert (tmp_path / "stage").stat().st_size == 0
    assert not (tmp_path / "final").exists()


def test_a_disk_that_cannot_promise_is_an_error() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        wait_for_disk(-1)
