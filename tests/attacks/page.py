"""docs/security.md: the parts that are written from lists. ``python -m tests.attacks.page`` does it."""

from __future__ import annotations

from pathlib import Path

from tests.attacks import packages, table

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs/security.md"


def filled(page: str) -> str:
    """The page with each part as it is today; raises ValueError when the page has no place for one."""
    parts = {"attacks": table.rendered(), "packages": packages.rendered(REPOSITORY)}
    for name, text in parts.items():
        begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
        head, found, rest = page.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{PAGE.name} has no place for {name}: {begin.strip()} ... {end}")
        page = f"{head}{begin}{text}{end}{tail}"
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
