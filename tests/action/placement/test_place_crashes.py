"""Killed at any moment, out of disk, or two at once: the next run completes, and fetches nothing twice."""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from action.errors import ClusterImageError
from action.placement.fill import Origin, Wanted
from action.placement.place import Placement, place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.directory.verify import verify
from tests.support import images
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.findings import finding
from tests.support.registries import docker_registry

pytestmark = pytest.mark.real("docker-registry")

SEED = 7
BASE = images.layer("crash base", 900_000)
NAMES = [f"team/app{number}:v1" for number in range(4)]
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.action.placement.test_place_crashes"])


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("source")) as running:
        for number, name in enumerate(NAMES):
            layers = [images.layer(f"crash {number} {part}", 200_000) for part in range(3)]
            image = images.index(images.image(BASE, *layers, label=name), images.image(BASE, arch="arm64"))
            images.push(image, running.host, *name.split(":"))
        yield running.host


@pytest.fixture
def proxy(upstream: str) -> Iterator[FaultProxy]:
    with fault_proxy(upstream) as running:
        yield running


def fill(context: Path, host: str, cache: Path | None = None, watcher: FillsTheDisk | None = None) -> Placement:
    context.mkdir(exist_ok=True)
    wanted = [finding(f"{host}/{name}") for name in NAMES]
    client = RegistryClient(AnonymousKeychain())
    return place(context, wanted, arch="amd64", client=client, cache=cache, watcher=watcher)


def started(context: Path, host: str, cache: Path | None = None) -> multiprocessing.process.BaseProcess:
    process = PROCESSES.Process(target=fill, args=(context, host, cache))
    process.start()
    return process


def whole_blobs(*roots: Path) -> set[str]:
    """What has its final name."""
    found = {path.parent.name for root in roots for path in root.glob("docker/registry/v2/blobs/sha256/*/*/data")}
    return found | {path.name for root in roots for path in root.glob("blobs/sha256/*/*")}


def fetched(proxy: FaultProxy) -> list[str]:
    return [request.path.rpartition(":")[2] for request in proxy.requests if "/blobs/" in request.path]


def _whole_run(context: Path, host: str) -> float:
    begun = time.monotonic()
    started(context, host).join()
    return time.monotonic() - begun


def kill_at_random_moments(count: int, proxy: FaultProxy, folder: Path) -> str:
    chance = random.Random(SEED)  # noqa: S311 (a seeded run)
    duration = min(_whole_run(folder / f"measure{number}", proxy.host) for number in range(3))
    hit = {"before": 0, "within": 0, "after": 0}
    for number in range(count):
        context, cache = folder / "context", folder / "cache" if number % 3 == 2 else None
        for path in (context, folder / "cache"):
            shutil.rmtree(path, ignore_errors=True)
        for _ in range(chance.choice([1, 1, 2])):
            process = started(context, proxy.host, cache)
            time.sleep(chance.random() * duration * 1.1)
            process.kill()
            process.join()
        there = whole_blobs(context / "registry", folder / "cache")
        tagged = list((context / "registry").rglob("current/link"))
        hit["before" if not there else "after" if len(tagged) == len(NAMES) else "within"] += 1
        proxy.requests.clear()
        fill(context, proxy.host, cache)
        again = set(fetched(proxy))
        assert not again & there, "a blob that was finished was fetched again"
        assert verify(context / "registry", arch="amd64") == []
    return f"{count} kills in runs of {duration:.2f} s: {hit}"


def test_a_killed_run_is_completed_by_the_next(proxy: FaultProxy, tmp_path: Path) -> None:
    kill_at_random_moments(12, proxy, tmp_path)


@pytest.mark.soak
def test_two_hundred_killed_runs(proxy: FaultProxy, tmp_path: Path) -> None:
    print(kill_at_random_moments(200, proxy, tmp_path))


def test_half_a_blob_is_gone_on_with_by_the_next_run(proxy: FaultProxy, tmp_path: Path) -> None:
    context = tmp_path / "context"
    half = len(BASE.data) // 2
    partial = context / "registry/.partial" / BASE.digest[7:]
    partial.parent.mkdir(parents=True)
    partial.write_bytes(BASE.data[:half])
    fill(context, proxy.host)
    assert [request.range for request in proxy.requests if BASE.digest in request.path] == [f"bytes={half}-"]


def test_half_a_blob_that_is_wrong_is_fetched_anew(proxy: FaultProxy, tmp_path: Path) -> None:
    context = tmp_path / "context"
    partial = context / "registry/.partial" / BASE.digest[7:]
    partial.parent.mkdir(parents=True)
    partial.write_bytes(bytes(1000))
    fill(context, proxy.host)
    ranges = [request.range for request in proxy.requests if BASE.digest in request.path]
    assert ranges == ["bytes=1000-", None]
    assert verify(context / "registry", arch="amd64") == []


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A filesystem of ``size`` bytes of its own."""
    folder.mkdir()
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    options = f"size={size},mode=777"
    mounted = subprocess.run([*sudo, "mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=False)
    if mounted.returncode != 0:
        message = "this machine lets nobody mount a tmpfs, so no disk can be filled"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    try:
        yield folder
    finally:
        subprocess.run([*sudo, "umount", "-l", str(folder)], check=True)


class FillsTheDisk:
    """Takes the rest of the disk as soon as the first bytes have come."""

    def __init__(self, folder: Path) -> None:
        self.filler = folder / "filler"

    def planned(self, wanted: Sequence[Wanted]) -> None: ...

    def received(self, want: Wanted, count: int) -> None:
        if count and not self.filler.exists():
            free = shutil.disk_usage(self.filler.parent).free
            self.filler.write_bytes(bytes(max(0, free - 300_000)))

    def finished(self, want: Wanted, origin: Origin) -> None: ...


def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(proxy: FaultProxy, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1_000_000) as disk:
        with pytest.raises(ClusterImageError, match=r"is full: 3\.3 MB must be written, .* are free") as caught:
            fill(disk / "context", proxy.host)
        assert [problem.code for problem in caught.value.problems] == ["disk-full"]
        assert not [path for path in fetched(proxy) if path == BASE.digest[7:]]


@pytest.mark.parametrize("cached", [False, True])
def test_a_disk_that_fills_up_is_one_error_and_the_next_run_completes(
    proxy: FaultProxy, tmp_path: Path, cached: bool
) -> None:
    with small_disk(tmp_path / "disk", 6_000_000) as disk:
        context, cache = disk / "context", disk / "cache" if cached else None
        watcher = FillsTheDisk(disk)
        with pytest.raises(ClusterImageError) as caught:
            fill(context, proxy.host, cache, watcher)
        (problem,) = caught.value.problems
        assert problem.code == "disk-full"
        assert problem.message.startswith(f"the disk of {disk}/")
        assert not list((context / "registry").rglob("current/link"))
        watcher.filler.unlink()
        there = whole_blobs(context / "registry", disk / "cache")
        proxy.requests.clear()
        fill(context, proxy.host, cache)
        assert not set(fetched(proxy)) & there
        assert verify(context / "registry", arch="amd64") == []


def test_two_builds_at_once_on_one_cache_fetch_each_blob_once(proxy: FaultProxy, tmp_path: Path) -> None:
    contexts = [tmp_path / name for name in ("one", "two", "three")]
    processes = [started(context, proxy.host, tmp_path / "cache") for context in contexts]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    layers = [digest for digest in fetched(proxy) if len(whole_blobs(tmp_path / "cache") & {digest})]
    big = [
        digest for digest in layers if (tmp_path / f"cache/blobs/sha256/{digest[:2]}/{digest}").stat().st_size > 1000
    ]
    assert sorted(big) == sorted(set(big))
    for context in contexts:
        assert verify(context / "registry", arch="amd64") == []


def test_two_builds_in_one_directory_do_not_mix(proxy: FaultProxy, tmp_path: Path) -> None:
    first = started(tmp_path / "context", proxy.host)
    busy = 0
    while first.is_alive():
        try:
            fill(tmp_path / "context", proxy.host)
        except ClusterImageError as error:
            assert [problem.code for problem in error.problems] == ["registry-busy"]
            busy += 1
    first.join()
    assert verify(tmp_path / "context/registry", arch="amd64") == []
