"""Rules of a build context that a scan must hold before it trusts what it reads (DESIGN §3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from action.discovery.text.files import relative
from action.errors import Problem

TEMPLATE_SUFFIXES = (".tmpl", ".tpl")
TEMPLATE_FOLDERS = ("etc", "scripts", "manifests")
"""What Sealos renders, in its order."""


def layout_problems(context: Path) -> Iterator[Problem]:
    """``registry/`` inside ``charts/``, templates whose rendered name is taken, and those that nobody renders."""
    charts = context / "charts"
    for folder in sorted(charts.rglob("registry")) if charts.is_dir() else ():
        at_top = folder.parent == charts or (folder / "docker" / "registry" / "v2").is_dir()
        if folder.is_dir() and at_top and not (folder / "Chart.yaml").is_file():
            yield Problem(
                "registry-in-charts",
                "a registry directory inside charts/ is read into memory by Helm, and never reaches the cluster",
                "move it beside the Kubefile",
                relative(folder, context),
            )
    for template in templates(context):
        name = relative(template, context)
        if (context / rendered_name(name)).exists():
            message = f"renders to {rendered_name(name)}, which exists already"
            yield Problem("template-collision", message, "rename or remove one of the two", name)
    yield from _templates_of_charts(context)


def _templates_of_charts(context: Path) -> Iterator[Problem]:
    """What Sealos up to 4.1.3 renders in ``charts/``, and newer versions leave as it is."""
    for template in _beside_charts(context):
        name = relative(template, context)
        yield Problem(
            "template-in-charts",
            f"becomes {rendered_name(name)} with Sealos up to 4.1.3 only: newer versions render nothing in charts/",
            "move it to etc/, which every version renders, and name it in the command: --values etc/web.values.yaml",
            name,
            severity="warning",
        )
    for chart in sorted((context / "charts").glob("*/Chart.yaml")):
        own = sorted(path for path in chart.parent.rglob("*.tmpl") if path.is_file())
        if own:
            more = f", and {len(own) - 1} more like it," if len(own) > 1 else ""
            yield Problem(
                "template-of-chart",
                f"is the chart's own file{more} which is read as it stands; Sealos up to 4.1.3 would render it",
                "keep the chart packed (.tgz), or delete the file in init.sh, if the image is for such a version too",
                relative(own[0], context),
                severity="warning",
            )


def _beside_charts(context: Path) -> list[Path]:
    """The templates that stand directly in ``charts/``: what is inside a chart is Helm's."""
    folder = context / "charts"
    return sorted(path for path in folder.glob("*.tmpl") if path.is_file()) if folder.is_dir() else []


def rendered_name(name: str) -> str:
    """The name of a template once it is rendered."""
    return name.rpartition(".")[0]


def templates(context: Path) -> list[Path]:
    """The templates of the context, in the order of Sealos's walk: a folder's entries by their names.

    Those beside the charts come last; only versions up to 4.1.3 render them.
    """
    found: list[Path] = []
    for folder in TEMPLATE_FOLDERS:
        base = context / folder
        paths = [path for path in base.rglob("*") if path.name.endswith(TEMPLATE_SUFFIXES)] if base.is_dir() else []
        found += sorted((path for path in paths if path.is_file()), key=lambda path: path.relative_to(base).parts)
    return found + _beside_charts(context)
