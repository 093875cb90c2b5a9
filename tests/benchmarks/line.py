"""Placing where users are: over TLS, 50 ms away with a token server and a second host for blobs, beside public tools.

    python -m tests.benchmarks.line [--rounds N] [--scale X] [--only ROW ...] [--write]

Everything is in turns, the median counts, and the last table is kept and compared. The line is a proxy in a process of
its own; that it is not what limits is shown first. A tool that is not there is left out, and said.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from action.report.terminal.table import table
from tests.benchmarks._kept import Figures, Row, compared, read_kept, write_kept
from tests.benchmarks.place import Case, Cost, cost_of, fresh
from tests.support import images
from tests.support.hub import Hub, Line, hub
from tests.support.registries import docker_registry
from tests.support.tls_authority import make_authority

MIRROR = "bench.test"  # a name whose requests go to the hub: what is at 127.0.0.1 by its own name speaks plain HTTP
FAR = Line(delay=0.025, rate=100e6)
ROUNDS = 5
# A line that could carry less than this many times its cap would be what is measured.
PROOF = 1.5


class Goal(NamedTuple):
    """Seconds of a tool as a multiple of ours, at least."""

    tool: str
    multiple: float


class Work(NamedTuple):
    name: str
    make: Callable[[float], Case]
    line: Line | None
    tools: tuple[str, ...]
    goals: tuple[Goal, ...]


def twenty(scale: float) -> Case:
    """About 310 MB: three bases and 20 layers of 8 MB, one platform of two."""
    bases = [images.layer(f"line base {n}", int(scale * mb * (1 << 20))) for n, mb in enumerate((60, 45, 30))]
    pushed = {
        f"line/app{n}:v1": images.index(
            images.image(bases[n % 3], images.layer(f"line {n}", int(scale * 8 * (1 << 20)))),
            images.image(arch="arm64", label=f"line {n}"),
        )
        for n in range(20)
    }
    return Case("20 images, 310 MB", pushed)


def hundred(scale: float) -> Case:
    """Small ones, 16 MB in all."""
    base = images.layer("line small base", 1 << 20)
    pushed = {
        f"line/small{n}:v1": images.index(
            images.image(base, images.layer(f"line small {n}", 150_000)), images.image(arch="arm64", label=f"s {n}")
        )
        for n in range(max(1, int(scale * 100)))
    }
    return Case("100 small images", pushed)


def large(scale: float) -> Case:
    pushed = {
        f"line/large{n}:v1": images.image(images.layer(f"line large {n}", int(scale * 500e6), "none"))
        for n in range(3)
    }
    return Case("3 images of one 500 MB layer each", pushed)


PEERS = ("skopeo", "crane", "regctl", "hauler", "curl x6", "curl x12")
WORKS = (
    Work(
        "20 images, 310 MB, 50 ms",
        twenty,
        FAR,
        PEERS,
        (Goal("skopeo", 8.0), *(Goal(tool, 2.5) for tool in ("crane", "regctl", "hauler")), Goal("curl x6", 1 / 1.3)),
    ),
    Work(
        "100 small images, 50 ms",
        hundred,
        FAR,
        PEERS,
        tuple(Goal(tool, 3.0) for tool in ("skopeo", "crane", "regctl", "hauler")),
    ),
    Work("3 layers of 500 MB, 50 ms", large, FAR, ("crane", "regctl", "curl x6"), (Goal("curl x6", 1 / 1.05),)),
    Work("20 images, 310 MB, loopback", twenty, None, ("crane", "regctl", "curl x6"), (Goal("crane", 1.0),)),
    Work("3 layers of 500 MB, loopback", large, None, ("crane", "regctl", "curl x6"), (Goal("crane", 1.0),)),
)


def place(case: Case, at: Hub, folder: Path) -> Cost:
    named = [word for name in case.pushed for word in ("--image", f"{MIRROR}/{name}")]
    words = ["place", str(folder), "--arch", "amd64", "--mirror", f"{MIRROR}=https://{at.host}"]
    return cost_of([sys.executable, "-m", "action", *words, *named])


def one_by_one(command: str) -> Callable[[Case, Hub, Path], Cost]:
    """A command for each image, as a person's loop would have it; {image}, {out} and {number} are filled in."""

    def run(case: Case, at: Hub, folder: Path) -> Cost:
        lines = [
            command.format(image=f"{at.host}/{name}", out=folder, number=number)
            for number, name in enumerate(case.pushed)
        ]
        return cost_of(["sh", "-ec", "\n".join(lines)])._replace(memory=0)

    return run


def crane(case: Case, at: Hub, folder: Path) -> Cost:
    wanted = [f"{at.host}/{name}" for name in case.pushed]
    return cost_of(["crane", "pull", "--format=oci", "--platform=linux/amd64", *wanted, str(folder / "out")])


def hauler(case: Case, at: Hub, folder: Path) -> Cost:
    listed = "".join(f"  - name: {at.host}/{name}\n" for name in case.pushed)
    head = "apiVersion: content.hauler.cattle.io/v1\nkind: Images\nmetadata: {name: bench}\n"
    (folder / "images.yaml").write_text(f"{head}spec:\n  images:\n{listed}")
    store = ["--store", str(folder / "store")]
    sync = ["sync", "--filename", str(folder / "images.yaml"), "--platform", "linux/amd64"]
    return cost_of(["hauler", "store", *store, *sync])


def skopeo(case: Case, at: Hub, folder: Path) -> Cost:
    """Into a registry of its own, the incumbent's way."""
    with docker_registry(folder) as target:
        copy = one_by_one(
            f"skopeo copy -q --dest-tls-verify=false docker://{{image}} docker://{target.host}/x{{number}}:v1"
        )
        return copy(case, at, folder)


def curl(flows: int) -> Callable[[Case, Hub, Path], Cost]:
    """The same unique blobs from the second host, unhashed: no manifest, no token."""

    def run(case: Case, at: Hub, folder: Path) -> Cost:
        leaves = [next(iter(pushed.children), pushed) for pushed in case.pushed.values()]
        digests = dict.fromkeys(digest for leaf in leaves for digest in leaf.blobs)
        listed = "".join(f'url = "{at.blob_url(d)}"\noutput = "{folder}/{d[7:]}"\n' for d in digests)
        (folder / "curl.cfg").write_text(f'cacert = "{os.environ["SSL_CERT_FILE"]}"\n{listed}')
        return cost_of(["curl", "-sSf", "-Z", "--parallel-max", str(flows), "-K", str(folder / "curl.cfg")])

    return run


TOOLS: dict[str, Callable[[Case, Hub, Path], Cost]] = {
    "place": place,
    "skopeo": skopeo,
    "crane": crane,
    "regctl": one_by_one("regctl image copy --platform linux/amd64 {image} ocidir://{out}/out:i{number}"),
    "hauler": hauler,
    "curl x6": curl(6),
    "curl x12": curl(12),
}


def measure(work: Work, folder: Path, rounds: int, scale: float) -> Row:
    """All tools in turns. A tool that fails once is left out from then on, and said."""
    case = work.make(scale)
    tools = ["place", *(tool for tool in work.tools if shutil.which(tool.split()[0]))]
    if absent := sorted(set(work.tools) - set(tools)):
        print(f"not on this machine: {', '.join(absent)}")
    runs: dict[str, list[Cost]] = {tool: [] for tool in tools}
    authority = make_authority(folder / "authority")
    os.environ["SSL_CERT_FILE"] = str(authority.certificate)
    with hub(folder / "hub", case.pushed, authority, work.line) as at:
        fresh(folder / "warm")
        TOOLS["place"](case, at, folder / "warm")  # untimed: the token server signs a token once
        for number in range(rounds):
            for tool in list(runs):
                target = folder / f"{tool.replace(' ', '-')}-{number}"
                fresh(target)
                try:
                    runs[tool].append(TOOLS[tool](case, at, target))
                except RuntimeError as error:
                    if tool == "place":
                        raise
                    print(f"{tool} fails and is left out: {str(error)[-300:]}", file=sys.stderr)
                    del runs[tool]
                shutil.rmtree(target, ignore_errors=True)
    return Row(work.name, {tool: _figures(costs) for tool, costs in runs.items() if costs})


def _figures(costs: Sequence[Cost]) -> Figures:
    seconds = [cost.seconds for cost in costs]
    return Figures(
        seconds=round(median(seconds), 2),
        least=round(min(seconds), 2),
        most=round(max(seconds), 2),
        processor=round(median(cost.processor for cost in costs), 2),
        memory=max(cost.memory for cost in costs) >> 20,
    )


def prove(folder: Path) -> bool:
    """Whether the line without its cap, and the host of the blobs, carry well more than the cap."""
    case = Case("one layer", {"proof/one:v1": images.image(images.layer("proof", 300 << 20, "none"))})
    authority = make_authority(folder / "authority")
    os.environ["SSL_CERT_FILE"] = str(authority.certificate)
    with hub(folder / "hub", case.pushed, authority, Line(delay=0.0, rate=0.0)) as at:
        fresh(folder / "out")
        passed = curl(6)(case, at, folder / "out").seconds
    found = (300 << 20) / passed / FAR.rate
    print(f"the line carries {found:.1f} times its cap (wanted: {PROOF})")
    return found >= PROOF


def missed(row: Row, goals: Sequence[Goal]) -> list[str]:
    ours = row.figures["place"].seconds
    return [
        f"{row.name}: {row.figures[goal.tool].seconds / ours:.2f} times {goal.tool}, wanted {goal.multiple:.2f}"
        for goal in goals
        if goal.tool in row.figures and row.figures[goal.tool].seconds / ours < goal.multiple
    ]


def main() -> int:
    """Print every figure; exit code 1 when a goal is missed, a row became slower, or the line is the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes and counts, to see that it runs")
    parser.add_argument("--only", action="append", default=[], help="a part of a row's name; repeatable")
    parser.add_argument("--write", action="store_true", help="keep the table and write it into docs/speed.md")
    arguments = parser.parse_args()
    before, rows, faults = read_kept(), [], []
    with tempfile.TemporaryDirectory(prefix="bench-line-") as name:
        if not prove(Path(name) / "proof"):
            faults.append("the line is what limits: its figures are no comparison")
        for number, work in enumerate(WORKS):
            if arguments.only and not any(part in work.name for part in arguments.only):
                continue
            row = measure(work, Path(name) / str(number), arguments.rounds, arguments.scale)
            rows.append(row)
            faults += missed(row, work.goals) + compared(row, before)
            cells = [
                (
                    tool,
                    f"{f.seconds:.2f} s",
                    f"{f.least:.2f}-{f.most:.2f}",
                    f"{f.processor:.2f} s",
                    f"{f.memory} MB" if f.memory else "-",
                )
                for tool, f in row.figures.items()
            ]
            print(f"\n{row.name}, load {os.getloadavg()[0]:.1f}")
            print(table(("", "median", "from-to", "processor", "memory"), cells), flush=True)
    for fault in faults:
        print(f"MISS {fault}")
    if arguments.write:
        write_kept(rows, arguments.rounds)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
