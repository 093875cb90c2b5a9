"""The last table of the line: kept as data, written into docs/speed.md, and compared with the next."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = Path(__file__).parent / "line.json"
PAGE = ROOT / "docs/speed.md"
BEGIN, END = "<!-- begin: make bench -->", "<!-- end: make bench -->"
# Another machine, another load: a ratio of two programs in one run moves less than this.
_SLOWER = 1.25


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Seconds (median, least, most), seconds of processor, and megabytes of memory at most (0: of many processes)."""

    seconds: float
    least: float
    most: float
    processor: float
    memory: int


class Row(NamedTuple):
    name: str
    figures: dict[str, Figures]


def read_kept() -> dict[str, Row]:
    """By name; nothing when no table was ever kept."""
    if not KEPT.exists():
        return {}
    return {
        name: Row(name, {tool: Figures(**figures) for tool, figures in tools.items()})
        for name, tools in json.loads(KEPT.read_text(encoding="utf-8"))["rows"].items()
    }


def compared(row: Row, before: dict[str, Row]) -> list[str]:
    """Which tools we have lost ground to since: by ratios, as machines differ."""
    if row.name not in before:
        return []
    found = []
    for tool, then in before[row.name].figures.items():
        if tool == "place" or tool not in row.figures:
            continue
        was = before[row.name].figures["place"].seconds / then.seconds
        now = row.figures["place"].seconds / row.figures[tool].seconds
        if now > was * _SLOWER:
            found.append(f"{row.name}: {now:.2f} of the time of {tool}, was {was:.2f}")
    return found


def write_kept(rows: Sequence[Row], rounds: int) -> None:
    """Keep the rows that were measured in place of those of the same names, and write the whole table."""
    known = {**read_kept(), **{row.name: row for row in rows}}
    made = f"{_machine()}, {datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}, medians of {rounds} interleaved rounds"
    tools = {name: {tool: asdict(figures) for tool, figures in row.figures.items()} for name, row in known.items()}
    KEPT.write_text(json.dumps({"made": made, "rows": tools}, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{_markdown(list(known.values()), made)}{END}{tail}", encoding="utf-8")


def _markdown(rows: Sequence[Row], made: str) -> str:
    tools = list(dict.fromkeys(tool for row in rows for tool in row.figures))
    lines = [f"{made}.", "", f"| work | {' | '.join(tools)} |", f"|---|{'---|' * len(tools)}"]
    lines += [f"| {row.name} | {' | '.join(_cell(row, tool) for tool in tools)} |" for row in rows]
    return "\n".join([*lines, ""])


def _cell(row: Row, tool: str) -> str:
    figures = row.figures.get(tool)
    if figures is None:
        return "-"
    return f"{figures.seconds:.1f} s ({figures.least:.1f}-{figures.most:.1f}), CPU {figures.processor:.1f}"


def _machine() -> str:
    found = platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores ({found}), load {os.getloadavg()[0]:.1f}"
