"""Start of `python -m action parse` against the start of a bare Python, on a short comment and on a long issue."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

LIMIT = 3.0
ROUNDS = 40
SHORT = "/imagebuild_apps helm v3.8.2"
LONG = "Hello,\n\n```\nUsage: /imagebuild_apps appName appVersion\n```\n\n- `one`\n- <b>two</b>\n\n" * 20 + SHORT


def main() -> int:
    """Best of many rounds, taken in turn, so that what else the machine does meets all of them alike."""
    commands = {
        "bare Python": ["-c", "pass"],
        "parse, a short comment": ["-m", "action", "parse", "--body", SHORT, "--format", "json"],
        "parse, a long issue": ["-m", "action", "parse", "--body", LONG, "--format", "json"],
    }
    with tempfile.TemporaryDirectory() as cache:  # compiled once, as after any installation
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
        best = dict.fromkeys(commands, float("inf"))
        for _ in range(ROUNDS):
            for name, arguments in commands.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
                best[name] = min(best[name], time.perf_counter() - start)
    bare = best["bare Python"]
    for name, seconds in best.items():
        print(f"{name:24} {seconds * 1000:6.1f} ms  {seconds / bare:4.2f}x")
    ratio = best["parse, a short comment"] / bare
    print(f"a short comment: {ratio:.2f}x of a bare start, at most {LIMIT}")
    return 1 if ratio > LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
