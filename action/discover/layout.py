"""Rules of a build context that a scan must hold before it trusts what it reads (DESIGN §3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from action.discover.files import relative
from action.errors import Problem

TEMPLATE_SUFFIX = ".tmpl"
TEMPLATE_FOLDERS = ("etc", "charts", "manifests")


def layout_problems(context: Path) -> Iterator[Problem]:
    """``registry/`` inside ``charts/``, and templates whose rendered name is taken."""
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
    for name in TEMPLATE_FOLDERS:
        for template in templates(context, name):
            rendered = template.with_name(template.name.removesuffix(TEMPLATE_SUFFIX))
            if rendered.exists():
                yield Problem(
                    "template-collision",
                    f"renders to {relative(rendered, context)}, which exists already",
                    "rename or remove one of the two",
                    relative(template, context),
                )


def templates(context: Path, folder: str) -> list[Path]:
    """The ``*.tmpl`` files below one folder of the context."""
    base = context / folder
    found = base.rglob(f"*{TEMPLATE_SUFFIX}") if base.is_dir() else ()
    return sorted(path for path in found if path.is_file())
