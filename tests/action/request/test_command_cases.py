"""Every case of tests/cases/commands: a text, and exactly what is asked for in it and what is wrong with it.

A request is ``"<type> <app> <version>"``, or a list of that, its build arguments and its options. An error or a note
is its code and, behind ``@``, its line and (for errors) its column.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from action.request.command_line import Request
from action.request.parse import parse
from generator.errors import Problem

CASES = Path(__file__).parents[2] / "cases" / "commands"


def _all_cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.json"))
        for case in json.loads(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("case", _all_cases())
def test_case(case: dict[str, Any]) -> None:
    parsed = parse(case.get("title", ""), case["body"])
    assert [_request(request) for request in parsed.requests] == case.get("requests", [])
    assert [_place(problem) for problem in parsed.errors] == case.get("errors", [])
    assert [_place(problem) for problem in parsed.notes] == case.get("notes", [])
    assert parsed.help == case.get("help", False)
    if "talk" in case:
        assert parsed.talk == case["talk"]
    for problem, hint in zip(parsed.errors, case.get("hints", []), strict=False):
        assert hint in problem.hint
    for problem in (*parsed.errors, *parsed.notes):
        assert problem.message
        assert str(problem).isprintable() or "\n" in str(problem)


def _request(request: Request) -> object:
    text = f"{request.type} {request.app} {request.version}"
    options: dict[str, object] = {}
    if request.arches:
        options["arches"] = list(request.arches)
    if request.dry_run:
        options["dry_run"] = True
    if request.force is not None:
        options["force"] = request.force
    if options:
        return [text, request.build_args, options]
    return [text, request.build_args] if request.build_args else text


def _place(problem: Problem) -> str:
    if problem.line is None:
        return problem.code
    column = f":{problem.column}" if problem.column and problem.severity == "error" else ""
    return f"{problem.code}@{problem.line}{column}"
