"""One chart -> hits: every rendering of its matrix read, and what no rendering shows looked up in its files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from action.discovery.charts.declared import declared_images
from action.discovery.charts.files import ChartFiles
from action.discovery.charts.kube_version import kube_version_for
from action.discovery.charts.number_tags import number_tags
from action.discovery.charts.operators import chart_notes
from action.discovery.charts.renderings import (
    PlannedRelease,
    Render,
    base_renders,
    ci_renders,
    cluster_tags,
    planned_release,
    variants,
)
from action.discovery.charts.unreached import unreached_images
from action.discovery.evidence.hits import Found, Hit
from action.discovery.evidence.roles import may_grant_workloads
from action.discovery.evidence.run_time import DEPENDS, known_hits
from action.discovery.helm.engine import KUBE_VERSION, HelmEngine, RenderedTemplate, RenderError
from action.discovery.install.plan import InstallPlan, Step
from action.discovery.objects.extract import extract
from action.discovery.objects.glance import is_plain_schema, kinds_in, may_name_images
from action.discovery.text.context_files import ContextFiles
from action.discovery.text.yaml_reader import documents
from action.errors import InputError, Problem
from action.model.reference import ImageReference


class ChartScan:
    """Scans one chart. ``found`` is the result; ``objects`` are the kinds that its renderings made."""

    def __init__(self, chart: ChartFiles, files: ContextFiles, engine: HelmEngine, defined: frozenset[str]) -> None:
        self.found = Found()
        self._chart = chart
        self._files = files
        self._engine = engine
        self._defined = defined
        self._objects: set[str] = set()
        self._read: set[tuple[str, str]] = set()
        self._places: dict[tuple[ImageReference, str, str, str, str], str] = {}
        self._failures: list[tuple[Render, RenderError]] = []
        self._operates = False

    def run(self, steps: Sequence[Step], plan: InstallPlan) -> Found:
        """Everything the chart brings, given the plan's steps that install it."""
        if self._chart.metadata.get("type") == "library":
            return self.found
        if not self._complete():
            return self.found
        planned = [planned_release(self._chart, step, plan, self._files) for step in steps]
        for one in planned:
            self.found.problems += one.problems
        self.found.problems += number_tags(self._chart.text("values.yaml") or "", f"{self._chart.label}/values.yaml")
        self._render_all(planned)
        unreached = unreached_images(self._chart, self.found.hits)
        self.found.add(declared_images(self._chart, self.found.hits, unreached.hits, operates=self._operates))
        self.found.add(unreached)
        self.found.blind_spots += chart_notes(self._chart)
        return self.found

    def _complete(self) -> bool:
        """Whether helm would take the chart at all.

        It refuses one without its own dependencies, though not without theirs, and one for other clusters.
        """
        chart, complete = self._chart, True
        for owner, missing in chart.missing_dependencies():
            own = owner == "Chart.yaml"
            complete &= not own
            message = f"the dependency {missing} of the chart {chart.name} is not in its charts/ directory"
            hint = f"run `helm dependency build {chart.label}` before the build, or commit its charts/"
            self.found.problems.append(
                Problem(
                    "chart-dependency-missing",
                    message,
                    hint,
                    f"{chart.label}/{owner}",
                    severity="error" if own else "warning",
                )
            )
        constraint = str(chart.metadata.get("kubeVersion") or "")
        if kube_version_for(constraint) is None:
            complete = False
            message = f"the chart {chart.name} asks for Kubernetes {constraint}, and no version up to ours is that"
            hint = f"take a version of the chart that runs on Kubernetes {KUBE_VERSION}"
            self.found.problems.append(Problem("chart-render", message, hint, f"{chart.label}/Chart.yaml"))
        if not complete:
            self.found.add(unreached_images(chart, []))
        return complete

    def _render_all(self, planned: list[PlannedRelease]) -> None:
        with self._staged() as path:
            renders = base_renders(self._chart, planned, self._overrides())
            worked = [render for render in renders if self._render_variants(path, render)]
            if not worked:
                worked = [render for render in ci_renders(self._chart) if self._render_variants(path, render)]
        self._report_failures(worked)
        self._note_cluster_versions()
        if worked and not self.found.hits and not self._objects <= {"CustomResourceDefinition"}:
            self._report_nothing()

    def _note_cluster_versions(self) -> None:
        """Tags that are the version of the cluster: right only when that is the version we rendered for."""
        if not any(".KubeVersion" in text for _, text in self._chart.templates):
            return
        versions = cluster_tags(self._chart)
        for hit in self.found.hits:
            if (hit.reference.tag or "").removeprefix("v") in versions:
                self.found.blind_spots.append(
                    f"{self._chart.label}: the tag of {hit.reference} follows the Kubernetes version of the cluster; "
                    "list the image for yours in images/shim"
                )

    @contextmanager
    def _staged(self) -> Iterator[Path]:
        """The chart as it will be once its ``*.tmpl`` files are rendered; the chart itself when it has none."""
        prefix = f"{self._chart.label}/"
        rendered = {name: text for name, text in self._files.rendered.items() if name.startswith(prefix)}
        if not rendered:
            yield self._chart.path
            return
        with tempfile.TemporaryDirectory(prefix="chart-") as folder:
            copy = Path(folder) / self._chart.folder
            shutil.copytree(self._chart.path, copy, symlinks=True)
            for name, text in rendered.items():
                (copy / name.removeprefix(prefix)).write_text(text, encoding="utf-8")
            yield copy

    def _overrides(self) -> tuple[str, str] | None:
        for stem in dict.fromkeys((self._chart.name, self._chart.folder)):
            name = f"charts/{stem}.values.yaml"
            if not self._files.exists(name):
                continue
            try:
                text = self._files.text(name)
            except InputError as error:
                self.found.problems += error.problems
            else:
                self.found.problems += number_tags(text, name)
                return name, text
        return None

    def _render_variants(self, path: Path, render: Render) -> bool:
        """Read a rendering and its variants; false when it does not render for an installation."""
        if render.source == "defaults" and any(failed.source == "plan" for failed, _ in self._failures):
            reason = "the install plan does not render, so the chart's own values stand for it"
            render = replace(render, ceiling="likely", reason=reason)
        for variant in variants(self._chart, render, self._defined):
            try:
                templates, others = self._rendered(path, variant)
            except RenderError as error:
                if variant.variant == "":
                    self._failures.append((variant, error))
                    return False
                if variant.variant == "upgrade":
                    self._note_upgrade(variant, error)
            else:
                self._read_templates(variant, templates, [_references(other) for other in others])
                for other in others:
                    self._read_templates(replace(variant, ceiling="uncertain", reason=DEPENDS), other, [])
        return True

    def _rendered(
        self, path: Path, render: Render
    ) -> tuple[tuple[RenderedTemplate, ...], list[tuple[RenderedTemplate, ...]]]:
        """What it makes, and with other values for what is known only when the plan runs; raises RenderError when
        no value renders."""
        failure: RenderError | None = None
        made = []
        for release in (render.release, *render.others()):
            try:
                made.append(self._engine.render(path, release))
            except RenderError as error:
                failure = failure or error
        if not made and failure is not None:
            raise failure
        return made[0], made[1:]

    def _note_upgrade(self, render: Render, error: RenderError) -> None:
        """Templates that look an earlier release up in the cluster fail without one: no fault of the chart."""
        where = f"{error.template}:{error.line}" if error.template else self._chart.label
        self.found.blind_spots.append(
            f"{self._chart.label}: {render.label} does not render without the earlier release (at {where}); "
            "what only an upgrade brings is not seen"
        )

    def _read_templates(
        self, render: Render, templates: tuple[RenderedTemplate, ...], others: list[set[ImageReference]]
    ) -> None:
        """``others`` are the images of the alternatives: what not all of them have depends on what is not known."""
        for rendered in templates:
            file = self._chart.place(rendered.template)
            for number, text in enumerate(rendered.documents, 1):
                if (rendered.template, text) in self._read:
                    continue
                self._read.add((rendered.template, text))
                telling = may_name_images(text) or may_grant_workloads(text)
                if rendered.sound and (is_plain_schema(text) or not telling):
                    self._objects.update(kinds_in(text))
                    continue
                for document in documents(text, file):
                    if isinstance(document, Problem):
                        self._broken(render, document)
                        continue
                    part = extract(document, file, render.label, lines=False, number=number)
                    part.hits = [hit.at_most(render.ceiling, render.reason) for hit in part.hits if self._is_new(hit)]
                    part.hits = [
                        hit if all(hit.reference in other for other in others) else hit.at_most("uncertain", DEPENDS)
                        for hit in known_hits(part.hits, self._chart.label, part.blind_spots)
                    ]
                    self.found.add(part)
                    self._objects.update(part.objects)
                    self._operates |= part.operates

    def _is_new(self, hit: Hit) -> bool:
        """Whether no earlier rendering showed the image in the same place. Object names may be random: kinds do."""
        source = hit.source
        kind = source.object.partition("/")[0]
        place = (hit.reference, source.file, str(source.document), kind, source.field)
        earlier = self._places.setdefault(place, source.render)
        return earlier == source.render

    def _broken(self, render: Render, problem: Problem) -> None:
        where = f"line {problem.line} of what it makes"
        message = f"the chart {self._chart.name} makes what is not YAML ({render.label}, {where}): {problem.message}"
        hint = "helm refuses to install it so"
        self.found.problems.append(Problem("chart-render", message, hint, problem.file))

    def _report_failures(self, worked: list[Render]) -> None:
        """A chart that renders in no way is an error; one that renders in some is partial, unless only its defaults
        fail beside a plan that works."""
        planned = any(render.source in ("plan", "overrides") for render in worked)
        for render, error in self._failures:
            if render.source == "ci" or (render.source == "defaults" and planned):
                continue
            self.found.problems.append(self._failure(render, error, "warning" if worked else "error"))

    def _failure(self, render: Render, error: RenderError, severity: str) -> Problem:
        chart = self._chart
        partial = severity == "warning"
        return Problem(
            "chart-partial" if partial else "chart-render",
            f"the chart {chart.name} does not render ({render.label}): {error.message}",
            "its other renderings were read; what only this one shows is missing"
            if partial
            else f"give the values that it needs in charts/{chart.name}.values.yaml, or by --set in the Kubefile",
            chart.place(error.template) if error.template else chart.label,
            error.line,
            severity="warning" if partial else "error",
        )

    def _report_nothing(self) -> None:
        self.found.problems.append(
            Problem(
                "chart-without-images",
                f"the chart {self._chart.name} renders, and nothing in it names an image",
                "check the values that switch its parts on; list what an operator pulls in images/shim",
                self._chart.label,
                severity="warning",
            )
        )


def _references(templates: tuple[RenderedTemplate, ...]) -> set[ImageReference]:
    """Every image that a rendering names."""
    return {
        hit.reference
        for rendered in templates
        for text in rendered.documents
        for document in documents(text, "")
        if not isinstance(document, Problem)
        for hit in extract(document, "").hits
    }
