"""Templates beside what Sealos made of them.

Recorded by hand from lifecycle/ of Sealos at beea1e56: its package that renders a mounted image (``run``, or the
``error`` that ends it), then ``sealctl render --clear`` as it runs on a node (``node`` where it changes something).
``TMPL_SET`` was set outside. To record again: call ``RenderTemplatesWithEnv`` on the files of a case.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from action.discovery.sealos_run.templates import Rendered, render_templates
from action.discovery.text.context_rules import layout_problems
from tests.action.discovery.engines import ENGINES, make_engine

FOLDER = Path(__file__).resolve().parents[3] / "cases" / "sealos-templates"
RECORDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
CASES = [
    pytest.param(record["environment"], case, id=f"{group}-{case['name']}")
    for group, record in RECORDS.items()
    for case in record["cases"]
]


OUTSIDE = {"env", "expandenv", "env-piped"}
"""What Sealos makes of these depends on the machine: two different texts are to come."""
NOT_FORESEEN = {"from-json-missing-chain"}
"""Helm's engine ends where Sealos goes on: no text, and a warning where it could bring an image."""
NODE_APART = {"range-over-data", "index-missing", "double-suffix"}
"""The node renders what was rendered already once more, with more data: not foreseen."""


def rendered(root: Path, files: dict[str, str], environment: dict[str, str], engine: str) -> tuple[Rendered, Any]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    texts, found = render_templates(root, environment, make_engine(engine))
    return texts, found.problems


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("environment", "case"), CASES)
def test_a_template_becomes_what_sealos_makes_of_it(
    environment: dict[str, str], case: dict[str, Any], engine: str, tmp_path: Path
) -> None:
    got, problems = rendered(tmp_path, case["files"], environment, engine)
    errors = [problem.file for problem in problems if problem.severity == "error"]
    if "error" in case:
        assert [*errors, *(problem.file for problem in layout_problems(tmp_path))] == [at(case)]
        return
    assert not errors
    texts = {name: text for name, text in got.texts.items() if not name.startswith("charts/")}
    if list(layout_problems(tmp_path)):
        assert case["name"] in ("overwrites", "charts-left-alone")  # refused by the scan
    elif case["name"] in OUTSIDE:
        assert texts.keys() == case["run"].keys() == got.others.keys()
    elif case["name"] in NOT_FORESEEN:
        assert not texts
    else:
        node = {name: text for name, text in case.get("node", {}).items() if case["name"] not in NODE_APART}
        later = {name: text for name, text in node.items() if name not in case["run"] and text}
        assert texts == {**case["run"], **later}
        assert all(text in (texts.get(name, ""), got.others.get(name)) for name, text in node.items())


def at(case: dict[str, Any]) -> str:
    """The template that the recorded error names."""
    names: list[str] = sorted(case["files"], key=len, reverse=True)
    return next(name for name in names if name in case["error"])
