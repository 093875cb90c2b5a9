"""``charts/``: which charts there are, how each will be rendered, and the images that show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from action.discover.chart_files import ChartFiles, read_chart
from action.discover.extract import extract
from action.discover.files import read_text, relative
from action.discover.hits import Hit
from action.discover.rendering import HelmEngine, Release, RenderedTemplate, RenderError
from action.discover.yaml_tree import documents
from action.errors import InputError, Problem

FOLDER = "charts"


@dataclass(slots=True)
class Found:
    """What a part of the context gave."""

    hits: list[Hit] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    blind_spots: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        self.hits += other.hits
        self.problems += other.problems
        self.blind_spots += other.blind_spots


def find_charts(context: Path) -> Iterator[ChartFiles | Problem]:
    """The charts of the context, one level deep; what is no chart is passed over with a note."""
    folder = context / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        label = relative(path, context)
        if path.is_dir() and not path.name.startswith("."):
            if path.name != "registry" and not (path / "Chart.yaml").is_file():
                yield Problem("not-a-chart", "has no Chart.yaml: passed over", file=label, severity="warning")
                continue
        elif not (path.is_file() and path.name.endswith((".tgz", ".tar.gz"))):
            continue
        if path.name == "registry" and not (path / "Chart.yaml").is_file():
            continue
        try:
            yield read_chart(path, label)
        except InputError as error:
            yield from error.problems


def scan_charts(context: Path, engine: HelmEngine) -> Found:
    """Render every chart of the context and take the images from what comes out."""
    found = Found()
    for chart in find_charts(context):
        if isinstance(chart, Problem):
            found.problems.append(chart)
        else:
            found.add(_scan_chart(context, chart, engine))
    return found


def _scan_chart(context: Path, chart: ChartFiles, engine: HelmEngine) -> Found:
    found = Found()
    if chart.metadata.get("type") == "library":
        return found
    for owner, missing in chart.missing_dependencies():
        hint = f"run `helm dependency build {chart.label}` before the build, or commit {chart.label}/charts"
        message = f"the dependency {missing} of the chart {chart.name} is not in its charts/ directory"
        found.problems.append(Problem("chart-dependency-missing", message, hint, f"{chart.label}/{owner}"))
    if found.problems:
        return found
    overrides = context / FOLDER / f"{chart.name}.values.yaml"
    renders = {"defaults": Release(name=chart.name)}
    if overrides.is_file():
        name = relative(overrides, context)
        try:
            renders = {name: Release(name=chart.name, values=(read_text(overrides, name),))}
        except InputError as error:
            found.problems += error.problems
            return found
    for render, release in renders.items():
        try:
            templates = engine.render(chart.path, release)
        except RenderError as error:
            found.problems.append(render_problem(chart, render, error))
        else:
            found.add(read_rendered(chart, render, templates))
    return found


def render_problem(chart: ChartFiles, render: str, error: RenderError) -> Problem:
    """A chart that does not render: names the chart, the values, the template and the line."""
    return Problem(
        "chart-render",
        f"the chart {chart.name} does not render with {render}: {error.message}",
        f"give the values that it needs in {FOLDER}/{chart.name}.values.yaml",
        chart.place(error.template) if error.template else chart.label,
        error.line,
    )


def read_rendered(chart: ChartFiles, render: str, templates: tuple[RenderedTemplate, ...]) -> Found:
    """The images of what a chart made. A document that is not YAML is an error: helm would refuse the chart."""
    found = Found()
    for rendered in templates:
        file = chart.place(rendered.template)
        for number, text in enumerate(rendered.documents, 1):
            for document in documents(text, file):
                if isinstance(document, Problem):
                    message = f"the chart {chart.name} makes a {document.message} (rendered with {render})"
                    found.problems.append(document._replace(code="chart-render", message=message))
                    continue
                part = extract(document, file, render, lines=False, number=number)
                found.add(Found(part.hits, part.problems, part.blind_spots))

    return found
