"""The summary of a job: what the comment says, with more room."""

from __future__ import annotations

from collections.abc import Sequence

from action.decision.case import Step
from action.errors import Problem
from action.report.comment.after_build import result_blocks
from action.report.comment.markdown import compose, fenced, table
from action.report.comment.outcome import Image

SUMMARY_LIMIT = 250_000  # the runner refuses more than 1 MiB; a character is at most four bytes


def result_summary(images: Sequence[Image], problems: Sequence[Problem]) -> str:
    """How every image ended."""
    return compose(result_blocks(images, problems, ""), SUMMARY_LIMIT)


def plan_summary(outcome: str, steps: Sequence[Step]) -> str:
    """The decision, rule by rule."""
    rows = [(step.rule, "passed" if step.passed else "stopped") for step in steps]
    said = "\n".join(f"{step.rule}: {step.said}" for step in steps)
    return compose([f"### Decision: {outcome}", table(("rule", "outcome"), rows), fenced(said)], SUMMARY_LIMIT)
