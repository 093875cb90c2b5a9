"""Fills a registry directory with blobs: one queue of unique blobs, largest first, from wherever each is nearest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from action.errors import ClusterImageError, InputError, Problem
from action.registry.http.lanes import Item, Result, failures, in_lanes
from action.registry.http.limits import kind_of
from action.store.blobs.cache import BlobCache, same_filesystem, share
from action.store.blobs.disk import disk_problem, need
from action.store.blobs.staging import Reader, WrongBytes, write_blob
from action.store.directory.write import RegistryDirectory, remove_if_wrong
from action.store.oci.manifest import Part

Origin = Literal["kept", "cached", "fetched"]

_WRONG_BYTES_TRIES = 3
_CACHE_TRIES = 3


class Wanted(NamedTuple):
    """One blob, the ways to read it (any will do), the images that have it, and the host that is asked first."""

    part: Part
    readers: tuple[Reader, ...]
    images: tuple[str, ...]
    lane: str = ""


class Watcher(Protocol):
    """Sees how the work goes; called from many threads. ``count`` is bytes, again from 0 when a blob came wrong."""

    def planned(self, wanted: Sequence[Wanted]) -> None: ...

    def received(self, want: Wanted, count: int) -> None: ...

    def finished(self, want: Wanted, origin: Origin) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Bytes of unique blobs, by where they came from."""

    fetched: int = 0
    cached: int = 0
    kept: int = 0


class _Stopped(Exception):
    """Another blob failed, or the user interrupts: leave what has come, and go."""


class Filler:
    """One run of filling; ``interrupt`` wakes readers that wait. ``jobs`` is blobs at once, of a kind from a host."""

    def __init__(
        self,
        directory: RegistryDirectory,
        cache: BlobCache | None,
        watcher: Watcher,
        *,
        jobs: int,
        interrupt: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._cache = cache
        self._watcher = watcher
        self._jobs = max(1, jobs)
        self._interrupt = interrupt
        self._stop = threading.Event()

    def fill(self, wanted: Iterable[Wanted]) -> Filled:
        """Get every blob into the directory, each hashed in this run; raises ClusterImageError.

        What has come when it raises stays for the next run: whole blobs in place, part of a blob in the staging.
        """
        queue = sorted(wanted, key=lambda want: (-want.part.size, want.part.digest))
        self._watcher.planned(queue)
        origins = list(zip(queue, self._each(self._nearest, queue, lambda want: ""), strict=True))
        kept = [want for want, origin in origins if origin == "kept"]
        for want in kept:
            self._watcher.finished(want, "kept")
        missing = [(want, origin) for want, origin in origins if origin != "kept"]
        self._check_space(missing)
        brought = self._each(self._bring, missing, _lane)
        fetched = _bytes(want for (want, _), origin in zip(missing, brought, strict=True) if origin == "fetched")
        return Filled(fetched=fetched, cached=_bytes(want for want, _ in missing) - fetched, kept=_bytes(kept))

    def _nearest(self, want: Wanted) -> Origin:
        digest, size = want.part.digest, want.part.size
        if self._directory.holds(digest, size):
            return "kept"
        if self._cache is not None and remove_if_wrong(self._cache.blob_path(digest), digest, size):
            return "cached"
        return "fetched"

    def _bring(self, item: tuple[Wanted, Origin]) -> Origin:
        want, origin = item
        final = self._directory.blob_path(want.part.digest)
        if self._cache is None:
            self._fetch(want, self._directory.stage_path(want.part.digest), final)
        else:
            origin = self._bring_by_cache(self._cache, want, origin, final)
        self._watcher.finished(want, origin)
        return origin

    def _bring_by_cache(self, cache: BlobCache, want: Wanted, origin: Origin, final: Path) -> Origin:
        """Other builds may add to the cache and people may empty it, at any moment."""
        digest, size = want.part.digest, want.part.size
        cached = cache.blob_path(digest)
        for _ in range(_CACHE_TRIES):
            while origin == "fetched" and not self._fetch(want, cache.stage_path(digest), cached):
                # Another build fetched it while we waited. It counts as any other cached file: by its hash.
                origin = "cached" if remove_if_wrong(cached, digest, size) else origin
            try:
                share(cached, self._directory.stage_path(digest), final)
            except FileNotFoundError:
                origin = "fetched"
            else:
                return origin
        problem = Problem(
            "cache-in-use", f"{digest} goes from the cache {cache.root} as soon as it comes", "try again"
        )
        raise InputError(problem)

    def _fetch(self, want: Wanted, stage: Path, final: Path) -> bool:
        """Read the blob in the first way that gives it right; False when another build was faster."""
        part, received = want.part, partial(self._received, want)
        refused: list[ClusterImageError] = []
        for reader in want.readers:
            for _ in range(_WRONG_BYTES_TRIES):
                try:
                    return write_blob(stage, final, part.digest, part.size, reader, received=received)
                except WrongBytes as error:
                    refused.append(error)
                except ClusterImageError as error:
                    if self._stop.is_set():
                        raise _Stopped from None
                    refused.append(error)
                    break
                except OSError as error:
                    error.filename = error.filename or str(stage)
                    raise
        raise _for_images(refused[-1], want)

    def _received(self, want: Wanted, count: int) -> None:
        if self._stop.is_set():
            raise _Stopped
        self._watcher.received(want, count)

    def _give_up(self) -> None:
        self._stop.set()
        self._interrupt()

    def _check_space(self, missing: Sequence[tuple[Wanted, Origin]]) -> None:
        """Refuse before the first byte what the disk cannot hold."""
        fetched = [want for want, origin in missing if origin == "fetched"]
        if self._cache is None:
            need(self._directory.root, _bytes(fetched) - _begun(fetched, self._directory.stage_path))
            return
        self._cache.root.mkdir(parents=True, exist_ok=True)
        need(self._cache.root, _bytes(fetched) - _begun(fetched, self._cache.stage_path))
        if not same_filesystem(self._cache.root, self._directory.root):
            need(self._directory.root, _bytes(want for want, _ in missing))

    def _each(
        self, work: Callable[[Item], Result], items: Sequence[Item], lane_of: Callable[[Item], str]
    ) -> list[Result]:
        """``work`` on every item, in threads; the first failure stops the others where they are."""
        futures = in_lanes(work, items, lane_of, jobs=self._jobs, stop=self._give_up)
        if failed := failures(futures):
            raise _together(failed)
        return [future.result() for future in futures]


def _lane(item: tuple[Wanted, Origin]) -> str:
    """Small blobs wait for round trips while large ones fill the line, so neither waits for the other."""
    want = item[0]
    return f"{kind_of(want.part.size)} {want.lane}"


def _bytes(wanted: Iterable[Wanted]) -> int:
    return sum(want.part.size for want in wanted)


def _begun(wanted: Iterable[Wanted], stage_path: Callable[[str], Path]) -> int:
    stages = (stage_path(want.part.digest) for want in wanted)
    return sum(stage.stat().st_size for stage in stages if stage.exists())


def _for_images(error: ClusterImageError, want: Wanted) -> ClusterImageError:
    """The same error, saying which images needed the blob."""
    images = ", ".join(want.images[:3]) + (f" and {len(want.images) - 3} more" if len(want.images) > 3 else "")
    problems = (problem._replace(message=f"{problem.message} (needed for {images})") for problem in error.problems)
    return ClusterImageError(problems)


def _together(failed: Sequence[BaseException]) -> BaseException:
    """One error for all that failed; what only stopped because of it is left out."""
    problems: dict[Problem, None] = {}
    of_the_disk: dict[int | None, Problem] = {}  # told once, however many blobs were being written
    for failure in failed:
        if isinstance(failure, ClusterImageError):
            problems |= dict.fromkeys(failure.problems)
        elif isinstance(failure, OSError):
            of_the_disk.setdefault(failure.errno, disk_problem(failure))
        elif not isinstance(failure, _Stopped):
            return failure
    return ClusterImageError([*problems, *of_the_disk.values()])
