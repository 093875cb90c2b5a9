"""Makes small applications trees for tests: a mapping of paths to contents becomes files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SCRATCH = "FROM scratch\nCOPY . .\n"


def write_tree(root: Path, files: Mapping[str, str]) -> Path:
    """Write every file below ``root``, with the directories that lead to it; returns ``root``."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root
