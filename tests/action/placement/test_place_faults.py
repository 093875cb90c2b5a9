"""Placements from a registry that misbehaves at random, by a seed: each ends whole, or with one clear error."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from action.errors import ClusterImageError
from action.placement.place import place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.registry.http.response import Timeouts
from action.registry.http.retry import RetryPolicy
from action.registry.transport import Session
from action.store.directory.verify import verify
from generator.names import ARCHES, Arch
from tests.support import images
from tests.support.fault_proxy import Fault, FaultProxy, Request, fault_proxy
from tests.support.findings import finding
from tests.support.registries import docker_registry

pytestmark = pytest.mark.real("docker-registry")

SEED = 20_240_601
BASE = [images.layer(f"fault base {number}", size) for number, size in enumerate((300_000, 40_000, 1))]
SOURCES = {
    f"team/app{number}:v1": images.both_arches(f"fault {number}", *BASE[: number % 3 + 1], oci=number % 2 == 0)
    for number in range(6)
}
# What a failed run may leave beside what was whole before it: blobs that no image names yet, and unfinished ones.
_MAY_STAY = {"unused-blob", "stray-path", "no-images", "no-registry"}


@dataclass
class Trouble:
    """Gives each request a fault with the probability ``share``, by its own random numbers."""

    chance: random.Random
    share: float = 0.0
    given: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: Request) -> Fault | None:
        if self.chance.random() >= self.share:
            return None
        fault = self.chance.choice(self.faults())
        self.given[f"{fault.kind} {fault.status if fault.kind == 'status' else ''}".strip()] += 1
        return fault

    def faults(self) -> list[Fault]:
        at = self.chance.random()
        wait = (("Retry-After", str(self.chance.choice([0, 1, 2, 30, 9999]))),)
        return [
            Fault("status", 429, wait),
            Fault("status", 429),
            *(Fault("status", status) for status in (500, 502, 503)),
            Fault("unauthorized"),
            Fault("reset"),
            Fault("truncate", at=at),
            Fault("corrupt", at=at),
            Fault("long-length"),
            Fault("short-length", at=at),
            Fault("redirect"),
            # Rare: each costs a read timeout.
            Fault("stall", at=at, seconds=0.1) if self.chance.random() < 0.2 else Fault("reset"),
        ]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with docker_registry(tmp_path_factory.mktemp("source")) as running:
        for name, image in SOURCES.items():
            images.push(image, running.host, *name.split(":"))
        yield running.host


class FastClock:
    """Time that passes at once when somebody sleeps."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += seconds
        time.sleep(0.0005)


def client(patience: float = 0.1) -> RegistryClient:
    clock = FastClock()
    session = Session(
        AnonymousKeychain(),
        policy=RetryPolicy(attempts=5),
        timeouts=Timeouts(connect=5.0, read=patience, slow_after=float("inf")),
        sleep=clock.sleep,
        clock=clock,
    )
    return RegistryClient(AnonymousKeychain(), session=session)


def tags(registry: Path) -> dict[str, str]:
    links = registry.glob("docker/registry/v2/repositories/**/_manifests/tags/*/current/link")
    return {f"{link.parents[4].name}:{link.parents[1].name}": link.read_text() for link in links}


def expected(names: list[str], arch: Arch) -> dict[str, str]:
    return {
        name.removeprefix("team/"): next(
            child.digest for child in SOURCES[name].children if child.platform["architecture"] == arch
        )
        for name in names
    }


def one_placement(chance: random.Random, proxy: FaultProxy, trouble: Trouble, folder: Path) -> bool:
    """Place some images into a directory that may hold anything from before; True when it ended whole."""
    context = folder / f"context{chance.randrange(6)}"
    if chance.random() < 0.5:
        shutil.rmtree(context, ignore_errors=True)
    if chance.random() < 0.1:
        shutil.rmtree(folder / "cache", ignore_errors=True)
    context.mkdir(exist_ok=True)
    names = chance.sample(sorted(SOURCES), chance.randint(1, 4))
    arch = chance.choice(ARCHES)
    cache = folder / "cache" if chance.random() < 0.3 else None
    before = tags(context / "registry")
    trouble.share = chance.choice([0.05, 0.2, 0.5, 0.8])
    wanted = [finding(f"{proxy.host}/{name}") for name in names]
    try:
        place(context, wanted, arch=arch, client=client(), cache=cache)
    except ClusterImageError as error:
        assert all(problem.message and problem.severity == "error" for problem in error.problems)
        assert tags(context / "registry") == before, "a failed run leaves the tags as they were"
        left = verify(context / "registry")
        assert {problem.code for problem in left} <= _MAY_STAY, left
        if chance.random() < 0.5:
            return False
        trouble.share = 0.0
        place(context, wanted, arch=arch, client=client(patience=30.0), cache=cache)
    assert verify(context / "registry", arch=arch) == []
    assert tags(context / "registry") == expected(names, arch)
    return True


def run(count: int, upstream: str, folder: Path) -> str:
    chance = random.Random(SEED)  # noqa: S311 (a seeded run)
    trouble = Trouble(random.Random(SEED + 1))  # noqa: S311
    whole = 0
    with fault_proxy(upstream, trouble) as plain, fault_proxy(upstream, trouble, tokens=True) as locked:
        for number in range(count):
            proxy = locked if number % 2 else plain
            whole += one_placement(chance, proxy, trouble, folder)
            assert not [request for request in proxy.at_other if request.authorization], "a login left its host"
        asked = len(plain.requests) + len(locked.requests)
    faults = ", ".join(f"{count} {name}" for name, count in sorted(trouble.given.items()))
    return f"{count} placements, {whole} whole at last; {asked} requests; {trouble.given.total()} faults: {faults}"


def test_faults_leave_no_wrong_and_no_half_directory(upstream: str, tmp_path: Path) -> None:
    run(40, upstream, tmp_path)


@pytest.mark.soak
def test_two_thousand_placements_with_faults(upstream: str, tmp_path: Path) -> None:
    print(run(2000, upstream, tmp_path))
