"""report: read what the jobs left, answer the request, write the summary."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from action.cli.options import add_option
from action.decision.handover import unpack
from action.decision.status import Status, write_marker
from action.errors import Problem
from action.github.api import GitHubApi
from action.github.calls import GitHubError
from action.github.workflow import add_summary, run_of_environment
from action.report.answer import DONE, FAILED, react
from action.report.comment.after_build import defect_text, result, status_table
from action.report.comment.outcome import Image, collect
from action.report.comment.summary import result_summary
from generator.console import err, out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "plan", "the output `plan` of the phase plan, as JSON", required=True)
    add_option(parser, "results", "the folder with the downloaded artifacts result@...", required=True)


def handle(args: argparse.Namespace) -> int:
    """Exit code 0 also when builds failed: their own jobs are red already."""
    plan = {"targets": [], **unpack(args.plan)}
    images = collect(plan["targets"], Path(args.results), publishing=plan.get("publishing", True))
    problems = [Problem(*problem) for problem in plan.get("problems", ())]
    if images:
        try:
            if plan.get("issue"):
                _answer(plan, images, problems)
        finally:
            add_summary(result_summary(images, problems))
            out.say(status_table(images))
    return 0


def _answer(plan: Mapping[str, Any], images: list[Image], problems: list[Problem]) -> None:
    """Whatever goes wrong, the comment that says "Building" is replaced: a defect of ours is told, and then raised."""
    api = GitHubApi.from_environment()
    run = run_of_environment()
    number, source = int(plan["issue"]), int(plan["source"])
    done = all(image.published for image in images)
    status = Status("published" if done else "done", source, tuple(plan.get("digests", ())), True, run.id)
    defect: Exception | None = None
    try:
        said = result(images, problems, run.url)
    except Exception as error:
        defect, said = error, defect_text(run.url)
    _write(api, number, int(plan.get("status") or 0), f"{write_marker(status)}\n{said}")
    problem = react(api, number, source, DONE if defect is None and done else FAILED)
    if problem is not None:
        err.say(problem)
    if defect is not None:
        raise defect


def _write(api: GitHubApi, number: int, status: int, body: str) -> None:
    """Edit the status comment; when that cannot be done, because somebody has deleted it or so, write a new one."""
    if status:
        try:
            api.edit_comment(status, body)
        except GitHubError as error:
            if error.status != 404:
                err.say(error)
        else:
            return
    api.comment(number, body)
