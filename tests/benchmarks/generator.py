"""The generator beside what it cannot do without: importing its dependencies and reading the tree.

Run by ``make bench``, or alone: ``python -m tests.benchmarks.generator``. Times are of the processor, the best of
several runs: the generator waits for nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

SMALL, MEDIUM, LARGE = 300, 2_000, 20_000
CHECK_BESIDE_IMPORTS = 1.5
LARGE_BESIDE_LINEAR = 1.3
VERSIONS_OF_AN_APP = 4
_KUBEFILE = 'FROM scratch\nCOPY charts ./charts\nCMD ["helm upgrade --install app charts/app"]\n'
_IMPORTS = "import jinja2, yaml, jsonschema, ruamel.yaml"
_READING = """
import os, sys
for folder, _, files in os.walk(sys.argv[1]):
    for name in files:
        open(os.path.join(folder, name), "rb").read()
"""


class Cost(NamedTuple):
    """Seconds of the processor, and the most memory in megabytes."""

    seconds: float
    megabytes: float


def main() -> int:
    """Print every figure; exit code 1 when a ratio is missed."""
    with tempfile.TemporaryDirectory(prefix="bench-generator-") as name:
        trees = {size: _make_tree(Path(name) / str(size), size) for size in (SMALL, MEDIUM, LARGE)}
        floor = _cost(15, "-c", _IMPORTS + _READING, str(trees[SMALL] / "applications"))
        check = _cost(15, "-m", "generator", "--check", "--root", str(trees[SMALL]))
        ratio = check.seconds / floor.seconds
        good = ratio <= CHECK_BESIDE_IMPORTS
        print(f"--check of {SMALL} versions: {check.seconds:.3f} s, imports and reading alone {floor.seconds:.3f} s")
        print(f"  ratio {ratio:.2f}, to be at most {CHECK_BESIDE_IMPORTS}")
        for verb in (["--check"], ["list", "--format", "json"], ["matrix", "--format", "json"]):
            costs = {size: _cost(3, "-m", "generator", *verb, "--root", str(root)) for size, root in trees.items()}
            good &= _is_linear(" ".join(verb), costs)
    return 0 if good else 1


def _is_linear(verb: str, costs: dict[int, Cost]) -> bool:
    """Whether a version costs no more in a large tree than in one of medium size."""
    per_version = [
        (costs[size].seconds - costs[SMALL].seconds) / (size - SMALL) * 1_000_000 for size in (MEDIUM, LARGE)
    ]
    ratio = per_version[1] / per_version[0]
    large = costs[LARGE]
    print(f"{verb} of {LARGE} versions: {large.seconds:.2f} s, {large.megabytes:.0f} MB")
    print(f"  a version costs {per_version[1]:.0f} us, of {MEDIUM} {per_version[0]:.0f} us")
    print(f"  ratio {ratio:.2f}, to be at most {LARGE_BESIDE_LINEAR}")
    return ratio <= LARGE_BESIDE_LINEAR


def _make_tree(root: Path, versions: int) -> Path:
    for number in range(versions):
        directory = root / f"applications/app{number // VERSIONS_OF_AN_APP}/v1.{number % VERSIONS_OF_AN_APP}.0"
        (directory / "charts").mkdir(parents=True)
        (directory / "Kubefile").write_text(_KUBEFILE)
        (directory / "init.sh").write_text("#!/bin/sh\n")
    subprocess.run([sys.executable, "-m", "generator", "--root", str(root)], check=True, stdout=subprocess.DEVNULL)
    return root


def _cost(times: int, *arguments: str) -> Cost:
    """The least that a process needs, of so many runs."""
    runs = []
    for _ in range(times):
        process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"exit code {process.returncode} of {arguments}")
        runs.append(Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
    return min(runs)


if __name__ == "__main__":
    sys.exit(main())
