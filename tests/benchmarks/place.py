"""Placing, against the public tools: ``skopeo copy`` one image after another, and ``curl`` of the same blobs.

Run it alone: ``python -m tests.benchmarks.place``. What counts are the ratios of runs on one machine, in turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from action.model.wording import size
from action.report.terminal.table import table
from action.store.directory import write
from tests.support import images
from tests.support.images import Image
from tests.support.registries import docker_registry

ROUNDS = 5
FASTER_THAN_SKOPEO = 5.0
TIME_OF_CURL = 1.3


class Case(NamedTuple):
    """``pushed`` by name; every image has its own layer over some of a few shared ones."""

    title: str
    pushed: dict[str, Image]


class Cost(NamedTuple):
    """Seconds that passed, seconds of processor, and the most memory of the process, in bytes."""

    seconds: float
    processor: float
    memory: int


def twenty_images() -> Case:
    """About 300 MB: three base layers of 30 to 60 MB, and 20 layers of 8 MB."""
    bases = [images.layer(f"bench base {number}", amount << 20) for number, amount in enumerate((60, 45, 30))]
    pushed = {
        f"bench/app{number}:v1": images.image(bases[number % 3], images.layer(f"bench {number}", 8 << 20))
        for number in range(20)
    }
    return Case("20 images that share base layers", pushed)


def hundred_images() -> Case:
    """Small ones: what counts is the number of requests."""
    base = images.layer("small base", 1 << 20)
    pushed = {f"small/app{number}:v1": images.both_arches(f"small {number}", base) for number in range(100)}
    return Case("100 small images", pushed)


def one_big_blob() -> Case:
    """One layer of 400 MB, for the memory that it takes."""
    return Case("one layer of 400 MB", {"big/app:v1": images.image(images.layer("big", 400 << 20, "none"))})


def cost_of(command: list[str]) -> Cost:
    """Run a command to its end; the memory is its own, not that of what it starts."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    memory, ended = 0, False
    while not ended:
        memory = max(memory, _peak(process.pid))
        time.sleep(0.002)
        found, status, usage = os.wait4(process.pid, os.WNOHANG)
        ended = found != 0
    passed = time.perf_counter() - begun
    if status != 0:
        raise RuntimeError(f"{command[:4]}: {process.stderr.read().decode()[-2000:] if process.stderr else ''}")
    return Cost(passed, usage.ru_utime + usage.ru_stime, memory)


def _peak(process: int) -> int:
    """The most memory that a process has had so far, in bytes (proc(5): VmHWM)."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def place_cost(case: Case, host: str, folder: Path) -> Cost:
    """``python -m action place``, its start and its imports too, into a directory that is not there."""
    fresh(folder)
    named = [word for name in case.pushed for word in ("--image", f"{host}/{name}")]
    return cost_of([sys.executable, "-m", "action", "place", str(folder), "--arch", "amd64", *named])


def curl_cost(case: Case, host: str, folder: Path) -> Cost:
    """The same unique blobs in parallel, unhashed and unsorted, by one curl."""
    fresh(folder)
    wanted: dict[str, str] = {}
    for name, pushed in case.pushed.items():
        leaf = next((child for child in pushed.children if child.platform["architecture"] == "amd64"), pushed)
        for digest in leaf.blobs:
            wanted.setdefault(digest, f"http://{host}/v2/{name.split(':')[0]}/blobs/{digest}")
    settings = folder / "curl.cfg"
    settings.write_text("".join(f'url = "{url}"\noutput = "{folder}/{d[7:]}"\n' for d, url in wanted.items()))
    return cost_of(["curl", "-sS", "-f", "-Z", "--parallel-max", "6", "-K", str(settings)])


def curl_and_hash_cost(case: Case, host: str, folder: Path) -> Cost:
    """The same, and then the check that placing makes of every blob."""
    fetched = curl_cost(case, host, folder)
    (folder / "curl.cfg").unlink()
    hashed = cost_of(["sha256sum", *(str(path) for path in folder.iterdir())])
    return Cost(fetched.seconds + hashed.seconds, fetched.processor + hashed.processor, fetched.memory)


def skopeo_cost(case: Case, host: str, folder: Path) -> Cost:
    """One image after another into a docker-registry of its own, the incumbent's way."""
    fresh(folder)
    with docker_registry(folder) as target:
        script = "\n".join(
            f"skopeo copy -q --src-tls-verify=false --dest-tls-verify=false docker://{host}/{name} "
            f"docker://{target.host}/{name} || exit 1"
            for name in case.pushed
        )
        return cost_of(["sh", "-c", script])


def fresh(folder: Path) -> None:
    """A new directory, and a disk that is done with what came before."""
    folder.mkdir(parents=True)
    os.sync()


def best(runs: list[Cost]) -> Cost:
    """The run that was disturbed least: what else a machine does can only add to a time."""
    return min(runs)


def compare(case: Case, folder: Path, others: Mapping[str, Callable[[Case, str, Path], Cost]]) -> dict[str, float]:
    """Print what placing costs, and what the others cost; returns their times as multiples of its own."""
    with docker_registry(folder / "source") as source:
        for name, pushed in case.pushed.items():
            images.push(pushed, source.host, *name.split(":"))
        kinds = {"place": place_cost, **others}
        runs: dict[str, list[Cost]] = {kind: [] for kind in kinds}
        for number in range(ROUNDS):  # in turns, so that what else the machine does is everybody's
            for kind, cost in kinds.items():
                # Never in place of what was just deleted: ext4 is slow to reuse an inode for some seconds.
                runs[kind].append(cost(case, source.host, folder / f"{kind} {number}"))
    costs = {kind: best(found) for kind, found in runs.items()}
    rows = [
        (
            kind,
            f"{c.seconds:.2f} s",
            f"{c.processor:.2f} s",
            size(c.memory),
            f"{c.seconds / costs['place'].seconds:.2f}",
        )
        for kind, c in costs.items()
    ]
    unique = {digest: len(data) for pushed in case.pushed.values() for digest, data in pushed.blobs.items()}
    print(f"\n{case.title}: {size(sum(unique.values()))} of unique blobs, the best of {ROUNDS} runs")
    print(table(("", "time", "processor", "memory", "x place"), rows))
    return {kind: cost.seconds / costs["place"].seconds for kind, cost in costs.items()}


def barrier_cost(folder: Path) -> None:
    """What the one wait for the disk would take after 300 MB if the disk had not begun with them while they came."""
    times = []
    for number in range(ROUNDS):
        fresh(folder / str(number))
        (folder / str(number) / "data").write_bytes(os.urandom(300 << 20))
        begun = time.perf_counter()
        write.RegistryDirectory(folder / str(number)).barrier()
        times.append(time.perf_counter() - begun)
    print(f"\nthe barrier after 300 MB that the disk was not given early: {min(times):.2f} to {max(times):.2f} s")


def main() -> int:
    """Print every figure; exit code 1 when a ratio is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", type=Path, help="where to write (default: the temporary directory)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        others = {"curl -Z": curl_cost, "curl -Z, sha256sum": curl_and_hash_cost, "skopeo copy": skopeo_cost}
        ratios = compare(twenty_images(), folder / "twenty", others)
        compare(hundred_images(), folder / "hundred", others)
        compare(one_big_blob(), folder / "big", {"curl -Z": curl_cost})
        barrier_cost(folder / "barrier")
    faster, slower = ratios["skopeo copy"], 1 / ratios["curl -Z"]
    print(f"\n{faster:.1f} times as fast as skopeo (wanted: {FASTER_THAN_SKOPEO}), ", end="")
    print(f"{slower:.2f} times the time of curl (wanted: {TIME_OF_CURL} at most)")
    return 0 if faster >= FASTER_THAN_SKOPEO and slower <= TIME_OF_CURL else 1


if __name__ == "__main__":
    sys.exit(main())
