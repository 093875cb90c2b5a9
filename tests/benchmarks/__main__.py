"""Every benchmark, one after the other: each compares with a public tool in the same run and prints ratios.

    python -m tests.benchmarks [NAME ...]

Exit code 1 when a ratio that DESIGN sets is missed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run each in a process of its own, so that none warms a cache for the next."""
    known = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        print(f"error: no benchmark {', '.join(unknown)}\n  hint: there are {', '.join(known)}", file=sys.stderr)
        return 2
    missed = []
    for name in names or known:
        print(f"--- {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=False).returncode:
            missed.append(name)
        print(flush=True)
    print(f"missed: {', '.join(missed)}" if missed else "every ratio is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
