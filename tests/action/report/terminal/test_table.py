from __future__ import annotations

import pytest

from action.model.wording import short_digest, size
from action.report.terminal.table import table


def test_columns_are_aligned_and_lines_have_no_trailing_blanks() -> None:
    assert table(("NAME", "SIZE"), [("web", "1 B"), ("cache-server", "")]).splitlines() == [
        "NAME          SIZE",
        "----          ----",
        "web           1 B",
        "cache-server",
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1549, "1.5 kB"),
        (99_949, "99.9 kB"),
        (123_456, "123 kB"),
        (999_960, "1.0 MB"),
        (300_000_000, "300 MB"),
        (5_300_000_000, "5.3 GB"),
        (7_000_000_000_000_000, "7000 TB"),
    ],
)
def test_sizes_are_decimal(count: int, text: str) -> None:
    assert size(count) == text


def test_a_short_digest_keeps_its_algorithm() -> None:
    assert short_digest("sha256:0123456789abcdef") == "sha256:0123456789ab"
