"""How placing grows from 10 to 1,000 images: time and memory; tests count the requests.

python -m tests.benchmarks.growth
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from action.model.wording import size
from action.report.terminal.table import table
from tests.benchmarks.place import Case, place_cost
from tests.support import images
from tests.support.registries import docker_registry

COUNTS = (10, 100, 1000)
MEMORY = 150 << 20  # bytes, with the most images
STEEPER = 1.5  # times as long for each image as with a hundred, at most


def main() -> int:
    """Print every figure; exit code 1 when memory or time grow faster than the images."""
    base = images.layer("growth base", 1 << 20)
    rows, times = [], {}
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as name, docker_registry(Path(name) / "source") as source:
        for number in range(max(COUNTS)):
            pushed = images.both_arches(f"growth {number}", base)
            images.push(pushed, source.host, f"growth/app{number}", "v1")
        for count in COUNTS:
            wanted = {f"growth/app{number}:v1": images.image() for number in range(count)}
            cost = place_cost(Case("growth", wanted), source.host, Path(name) / str(count))
            times[count] = cost.seconds / count
            each = f"{1000 * times[count]:.1f} ms"
            rows.append((str(count), f"{cost.seconds:.2f} s", each, f"{cost.processor:.2f} s", size(cost.memory)))
    print(table(("images", "time", "each", "processor", "memory"), rows))
    good = cost.memory <= MEMORY and times[1000] <= STEEPER * times[100]
    print(f"{'ok  ' if good else 'MISS'} wanted: {size(MEMORY)} at most, and no image dearer among a thousand")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
