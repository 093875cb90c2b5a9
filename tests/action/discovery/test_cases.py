"""Every folder of tests/cases/scan, with both engines."""

from __future__ import annotations

import pytest

from action.discovery.scan import scan_context
from action.report.terminal.scan import to_json
from tests.action.discovery.cases import Case, all_cases, differences
from tests.action.discovery.engines import ENGINES, make_engine

CASES = all_cases()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_scan_says_what_the_case_expects(case: Case, engine: str) -> None:
    found = to_json(scan_context(case.context, arch="amd64", engine=make_engine(engine)))
    assert not differences(case.expected, found)


@pytest.mark.real("helm")
@pytest.mark.parametrize("case", [c for c in CASES if (c.context / "charts").is_dir()], ids=lambda case: case.name)
def test_both_engines_give_the_same_images_from_the_same_places(case: Case) -> None:
    scans = [to_json(scan_context(case.context, arch="amd64", engine=make_engine(e))) for e in ("library", "binary")]
    assert scans[0]["images"] == scans[1]["images"]
    assert scans[0]["blind_spots"] == scans[1]["blind_spots"]
    assert [(p["code"], p["file"]) for p in scans[0]["problems"]] == [
        (p["code"], p["file"]) for p in scans[1]["problems"]
    ]


def test_every_hard_case_of_the_catalogue_has_a_folder() -> None:
    """The catalogue numbers 89 ways in which scanners fail; each folder says which of them it answers."""
    covered = [number for case in CASES for number in case.expected.get("covers", [])]
    assert sorted(covered) == list(range(1, 90))
