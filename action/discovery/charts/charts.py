"""Which charts there are, in ``charts/`` and wherever the install plan names one, and the scan of each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from action.context.beneath import beneath
from action.discovery.charts.api_versions import defined_versions
from action.discovery.charts.files import ChartFiles, read_chart
from action.discovery.charts.one_chart import ChartScan
from action.discovery.evidence.hits import Found
from action.discovery.helm.engine import HelmEngine
from action.discovery.install.plan import InstallPlan, Step
from action.discovery.install.shell.commands import HelmCommand
from action.discovery.install.words.unknowns import filled, has_hard, is_known
from action.discovery.text.context_files import ContextFiles
from action.discovery.text.files import relative
from action.errors import InputError, Problem
from generator.names import nearest

FOLDER = "charts"
WORKERS = min(4, os.cpu_count() or 1)
"""Charts rendered at once; helm is a process of its own, and the SDK leaves Python's lock while it works."""


def has_charts(context: Path, plan: InstallPlan) -> bool:
    """Whether a Helm engine will be needed."""
    return any(_candidates(context)) or any(isinstance(step.command, HelmCommand) for step in plan.steps)


def _candidates(context: Path) -> Iterator[Path]:
    """What may be a chart: folders and archives, one level deep."""
    folder = context / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        is_registry = path.name == "registry" and not (path / "Chart.yaml").is_file()
        if (path.is_dir() and not is_registry) or path.name.endswith((".tgz", ".tar.gz")):
            yield path


def scan_charts(files: ContextFiles, plan: InstallPlan, engine: HelmEngine) -> Found:
    """Render every chart of the context and take the images from what comes out."""
    found = Found()
    steps: dict[Path, list[Step]] = {path: [] for path in _candidates(files.root)}
    for step in plan.steps:
        if isinstance(step.command, HelmCommand):
            for path in _planned_charts(files.root, step, step.command, plan, found):
                steps.setdefault(path, []).append(step)
    charts = [(chart, steps[path]) for path in steps if (chart := _read(files, path, found)) is not None]
    defined = frozenset(defined_versions(_definitions(files, [chart for chart, _ in charts])))
    planned = {chart.name for chart, own in charts if own}
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [
            pool.submit(ChartScan(chart, _as_written(files, chart, own), engine, defined).run, own, plan)
            for chart, own in charts
        ]
        for (chart, own), job in zip(charts, jobs, strict=True):
            part = job.result()
            if chart.name in planned and not own:
                reason = f"{chart.label} is another copy of a chart that the install plan takes from elsewhere"
                part.hits = [hit.at_most("uncertain", reason) for hit in part.hits]
            found.add(part)
    return found


def _read(files: ContextFiles, path: Path, found: Found) -> ChartFiles | None:
    label = relative(path, files.root)
    if path.is_dir() and not (path / "Chart.yaml").is_file():
        message = "has no Chart.yaml: it is no chart, and is passed over"
        found.problems.append(Problem("not-a-chart", message, "", label, severity="warning"))
        return None
    try:
        return read_chart(files.root, path, label)
    except InputError as error:
        found.problems += error.problems
        return None


def _as_written(files: ContextFiles, chart: ChartFiles, steps: list[Step]) -> ContextFiles:
    """The files with what the plan itself writes into the chart before it installs it, as far as that is known."""
    written = {
        f"{chart.label}/{name}": text
        for step in steps
        if isinstance(step.command, HelmCommand)
        for name, text in step.texts(step.command.chart).items()
        if name and is_known(text)
    }
    return replace(files, rendered={**files.rendered, **written}) if written else files


def _planned_charts(
    context: Path, step: Step, command: HelmCommand, plan: InstallPlan, found: Found
) -> Iterator[Path]:
    """The charts of the context that a command installs; a chart from elsewhere is a blind spot.

    A name of which a part is known only when it runs may be any chart that it fits.
    """
    where = f"{step.file}:{step.line}"
    remote = command.repository is not None or "://" in command.chart
    if not remote:
        if has_hard(command.chart):
            pattern = step.path(filled(command.chart, "*"))
            names = [] if pattern == "*" else plan.image.matching(pattern)
            paths = (beneath(context, name) for path in names if (name := plan.locate(path)) is not None)
            yield from (path for path in paths if path is not None)
            return
        name = plan.locate(step.path(command.chart)) or None
        if name is not None and (there := beneath(context, name)) is not None:
            yield there
            return
        first = command.chart.partition("/")[0]
        remote = first not in (".", "..", FOLDER, "") and not (context / first).exists() and "/" in command.chart
    if remote:
        title = f"{command.repository} {command.chart}" if command.repository else command.chart
        version = f" {command.version}" if command.version else ""
        found.blind_spots.append(
            f"{where}: helm fetches the chart {title}{version} when it runs: not offline, and its images are not seen"
        )
    else:
        close = nearest(step.path(command.chart), (relative(path, context) for path in _candidates(context)), count=1)
        message = f"the install plan installs the chart {command.chart!r}, which the context does not have"
        hint = f"did you mean {close[0]}?" if close else "put the chart into charts/"
        found.problems.append(Problem("plan-chart-missing", message, hint, step.file, step.line, severity="warning"))


def _definitions(files: ContextFiles, charts: list[ChartFiles]) -> Iterator[str]:
    for chart in charts:
        for name in chart.files:
            if name.startswith("crds/") or "/crds/" in name:
                yield chart.text(name) or ""
    for name in files.below("manifests", (".yaml", ".yml")):
        try:
            yield files.text(name)
        except InputError:
            continue  # the scan of manifests reports it
