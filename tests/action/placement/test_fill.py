"""Filling from readers that lie, fail or stop: what is tried next, what is said, what stays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from action.errors import ClusterImageError, Problem, RegistryError
from action.placement.fill import Filled, Filler, Origin, Wanted
from action.store.blobs.cache import BlobCache
from action.store.blobs.staging import Reader
from action.store.directory.write import RegistryDirectory
from action.store.oci.manifest import Part
from tests.support.images import digest_of

BODY = bytes(range(256)) * 100


class Watcher:
    """Notes the order in which blobs were finished, and calls back on the first bytes."""

    def __init__(self, first: Callable[[], None] = lambda: None) -> None:
        self.order: list[tuple[str, Origin]] = []
        self.first: Callable[[], None] | None = first

    def planned(self, wanted: Sequence[Wanted]) -> None: ...

    def received(self, want: Wanted, count: int) -> None:
        if count and self.first is not None:
            first, self.first = self.first, None
            first()

    def finished(self, want: Wanted, origin: Origin) -> None:
        self.order.append((want.part.digest, origin))


def good(body: bytes = BODY) -> Reader:
    return lambda offset: (body[offset : offset + 1000], body[offset + 1000 :])


def denied(offset: int) -> Iterable[bytes]:
    raise RegistryError(Problem("registry-refused", "host answers 403"), status=403)


def counted(reader: Reader, calls: list[int]) -> Reader:
    def read(offset: int) -> Iterable[bytes]:
        calls.append(offset)
        return reader(offset)

    return read


def want(*readers: Reader, body: bytes = BODY, size: int | None = None) -> Wanted:
    part = Part("layer", digest_of(body), len(body) if size is None else size)
    return Wanted(part, readers, ("quay.io/a/b:1", "quay.io/c/d:1"))


def fill(
    folder: Path, *wanted: Wanted, cache: Path | None = None, watcher: Watcher | None = None, jobs: int = 1
) -> Filled:
    directory = RegistryDirectory(folder / "registry")
    with directory.locked():
        found = BlobCache(cache) if cache else None
        return Filler(directory, found, watcher or Watcher(), jobs=jobs, interrupt=lambda: None).fill(wanted)


def fails(folder: Path, *wanted: Wanted) -> Problem:
    with pytest.raises(ClusterImageError) as caught:
        fill(folder, *wanted)
    (problem,) = caught.value.problems
    return problem


def blob(folder: Path, body: bytes = BODY) -> Path:
    return RegistryDirectory(folder / "registry").blob_path(digest_of(body))


def test_the_largest_comes_first(tmp_path: Path) -> None:
    watcher = Watcher()
    bodies = [b"a" * 10, b"b" * 3000, b"c" * 200]
    fill(tmp_path, *(want(good(body), body=body) for body in bodies), watcher=watcher)
    assert [digest for digest, _ in watcher.order] == [digest_of(bodies[number]) for number in (1, 2, 0)]


def test_a_blob_that_one_image_may_not_read_comes_by_another(tmp_path: Path) -> None:
    assert fill(tmp_path, want(denied, good())).fetched == len(BODY)
    assert blob(tmp_path).read_bytes() == BODY


def test_wrong_bytes_are_tried_again_then_told_with_the_images(tmp_path: Path) -> None:
    calls: list[int] = []
    problem = fails(tmp_path, want(counted(good(BODY[::-1]), calls)))
    assert calls == [0, 0, 0]
    assert problem.code == "wrong-digest"
    assert problem.message.endswith("(needed for quay.io/a/b:1, quay.io/c/d:1)")
    assert not blob(tmp_path).exists()


@pytest.mark.parametrize("body", [BODY[:-1], BODY + b"x", b""])
def test_too_few_or_too_many_bytes_are_wrong_bytes(tmp_path: Path, body: bytes) -> None:
    assert fails(tmp_path, want(good(body))).code == "wrong-digest"
    assert not blob(tmp_path).exists()


def test_a_failure_keeps_what_has_come_for_the_next_run(tmp_path: Path) -> None:
    def breaks(offset: int) -> Iterable[bytes]:
        yield BODY[offset:5000]
        raise RegistryError(Problem("registry-unreachable", "host went away"))

    assert fails(tmp_path, want(breaks)).message.startswith("host went away (needed for")
    calls: list[int] = []
    fill(tmp_path, want(counted(good(), calls)))
    assert calls == [5000]
    assert blob(tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("with_cache", [False, True])
def test_what_came_before_is_counted_and_needs_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_cache: bool
) -> None:
    cache = tmp_path / "cache" if with_cache else None
    stage = BlobCache(cache).stage_path if cache else RegistryDirectory(tmp_path / "registry").stage_path
    stage(digest_of(BODY)).parent.mkdir(parents=True)
    stage(digest_of(BODY)).write_bytes(BODY[:5000])
    needed: list[int] = []
    monkeypatch.setattr("action.placement.fill.need", lambda folder, count: needed.append(count))
    counts: list[int] = []

    class Counts(Watcher):
        def received(self, want: Wanted, count: int) -> None:
            counts.append(count)

    fill(tmp_path, want(good()), cache=cache, watcher=Counts())
    assert needed == [len(BODY) - 5000]
    assert counts[0] == 5000
    assert sum(counts) == len(BODY)


def test_what_has_not_begun_is_not_begun_after_a_failure(tmp_path: Path) -> None:
    calls: list[int] = []
    small = [want(counted(good(bytes([number])), calls), body=bytes([number])) for number in range(200)]
    fails(tmp_path, want(denied), *small)
    assert len(calls) < 200


def test_an_empty_blob_needs_no_bytes(tmp_path: Path) -> None:
    fill(tmp_path, want(denied, body=b""))
    assert blob(tmp_path, b"").read_bytes() == b""


def test_a_cache_that_is_emptied_meanwhile_costs_a_second_download(tmp_path: Path) -> None:
    cache, calls = tmp_path / "cache", [-1]
    wanted = [want(good()), want(counted(good(b"small"), calls), body=b"small")]
    fill(tmp_path / "one", *wanted, cache=cache)

    class Empties(Watcher):
        def finished(self, want: Wanted, origin: Origin) -> None:
            shutil.rmtree(cache / "blobs")

    filled = fill(tmp_path / "two", *wanted, cache=cache, watcher=Empties())
    assert calls == [-1, 0, 0]
    assert filled == Filled(cached=len(BODY), fetched=len(b"small"))
    assert blob(tmp_path / "two", b"small").read_bytes() == b"small"


def test_a_damaged_cache_costs_a_download(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fill(tmp_path / "one", want(good()), cache=cache)
    BlobCache(cache).blob_path(digest_of(BODY)).write_bytes(bytes(len(BODY)))
    assert fill(tmp_path / "two", want(good()), cache=cache) == Filled(fetched=len(BODY))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_no_defect(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry/docker").mkdir(mode=0o500)
    assert fails(tmp_path, want(good())).code == "disk-error"


def test_a_file_where_a_folder_must_be_is_no_defect(tmp_path: Path) -> None:
    (tmp_path / "registry/docker/registry").mkdir(parents=True)
    (tmp_path / "registry/docker/registry/v2").write_bytes(b"")
    problem = fails(tmp_path, want(good()))
    assert problem.code == "disk-error"
    assert "registry/v2" in problem.message
