"""How a chart is rendered, and what each rendering proves: planned values, overrides, defaults; also as an upgrade."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from action.context.beneath import beneath
from action.discovery.charts.api_versions import asked_versions, optional, served
from action.discovery.charts.files import ChartFiles
from action.discovery.charts.kube_version import kube_version_for
from action.discovery.evidence.run_time import PLACEHOLDER, POSSIBLE
from action.discovery.helm.engine import KUBE_VERSION, Release, SetOption
from action.discovery.install.plan import InstallPlan, Step
from action.discovery.install.shell.commands import STDIN, HelmCommand
from action.discovery.install.words.unknowns import filled, has_hard
from action.discovery.text.context_files import ContextFiles
from action.errors import InputError, Problem
from action.model.findings import Verdict

PLAN = "install plan"
DEFAULTS = "defaults"

_UPGRADE = re.compile(r"\.Release\.(?:IsUpgrade|IsInstall)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """One rendering. ``ceiling`` is the best verdict of what shows here and in no earlier one, ``reason`` says why."""

    label: str
    release: Release
    source: Literal["plan", "overrides", "defaults", "ci"]
    variant: Literal["", "upgrade", "apis"] = ""
    ceiling: Verdict = "certain"
    reason: str = ""
    alternatives: tuple[Release, ...] = ()
    """The same with other values for what is known only when the plan runs: what they do not share depends on it."""

    def others(self) -> Iterator[Release]:
        """The alternatives, on the same cluster."""
        for one in self.alternatives:
            yield replace(self.release, name=one.name, namespace=one.namespace, values=one.values, sets=one.sets)


@dataclass(frozen=True, slots=True)
class PlannedRelease:
    """A chart that the plan installs. ``problems`` are the values files that are not there."""

    step: Step
    release: Release
    problems: tuple[Problem, ...]
    alternatives: tuple[Release, ...] = ()


def planned_release(chart: ChartFiles, step: Step, plan: InstallPlan, files: ContextFiles) -> PlannedRelease:
    """What the plan's command gives to the chart: its values files read, the paths of ``--set-file`` made absolute."""
    command = step.command
    assert isinstance(command, HelmCommand)  # noqa: S101 - the caller sorts the steps by kind
    problems: list[Problem] = []
    values: list[str] = []
    for written in command.values:
        if has_hard(written) or (written == STDIN and STDIN.lstrip("/") not in step.written):
            continue  # the plan says so
        path = step.path(written)
        if path in step.written:
            values.append(step.written[path])
            continue
        name = None if "://" in written else plan.locate(path)
        if name is None:
            message = f"the install plan of {chart.name} reads {written}, which the context does not have"
            hint = "add the file, or take the option out"
            problems.append(Problem("values-file-missing", message, hint, step.file, step.line, severity="warning"))
            continue
        try:
            values.append(files.text(name))
        except InputError as error:
            problems += error.problems
    sets = tuple(_absolute(option, step, plan) for option in command.sets)
    release, *others = (
        Release(
            name=filled(command.release, PLACEHOLDER) or chart.name,
            namespace=filled(command.namespace, PLACEHOLDER) or chart.name,
            values=tuple(filled(text, value) for text in values),
            sets=tuple(SetOption(flag=option.flag, text=filled(option.text, value)) for option in sets),
        )
        for value in POSSIBLE
    )
    depends = any(map(has_hard, values)) or any(has_hard(option.text) for option in sets)
    return PlannedRelease(step, release, tuple(problems), tuple(others) if depends else ())


def _planned_render(planned: PlannedRelease) -> Render:
    render = Render(label=PLAN, release=planned.release, source="plan", alternatives=planned.alternatives)
    command = planned.step.command
    if isinstance(command, HelmCommand) and (command.more or command.post_renderer):
        return replace(render, ceiling="likely", reason="the plan gives options that are known only when it runs")
    if planned.step.changed:
        return replace(render, ceiling="likely", reason="the plan changes a file that it is installed from")
    return render


def _absolute(option: SetOption, step: Step, plan: InstallPlan) -> SetOption:
    if option.flag != "--set-file":
        return option
    parts = []
    for part in option.text.split(","):
        key, equals, path = part.partition("=")
        name = plan.locate(step.path(path)) if equals else None
        real = beneath(plan.context, name) if name else None
        # A file that the context has not is empty: helm would read that of this machine.
        there = str(real.resolve()) if real is not None and real.is_file() else os.devnull
        parts.append(f"{key}={there}" if equals else part)
    return SetOption(flag=option.flag, text=",".join(parts))


def base_renders(chart: ChartFiles, planned: list[PlannedRelease], overrides: tuple[str, str] | None) -> list[Render]:
    """The renderings for installation: what is planned and overridden is certain, the defaults only without those."""
    renders = [_planned_render(one) for one in planned]
    if len(renders) > 1:
        renders = [
            replace(render, label=f"{PLAN} ({one.step.file}:{one.step.line})")
            for render, one in zip(renders, planned, strict=True)
        ]
    plain = Release(name=chart.name, namespace=chart.name)
    if overrides is not None:
        name, text = overrides
        renders.append(Render(label=name, release=replace(plain, values=(text,)), source="overrides"))
    defaults = Render(label=DEFAULTS, release=plain, source="defaults")
    if renders:
        reason = "shows only with the chart's own values, which the install plan or the values file changes"
        defaults = replace(defaults, ceiling="uncertain", reason=reason)
    unique: dict[Release, Render] = {}
    for render in (*renders, defaults):
        unique.setdefault(render.release, render)
    return list(unique.values())


def variants(chart: ChartFiles, render: Render, defined: frozenset[str]) -> Iterator[Render]:
    """The rendering itself, then as an upgrade and with optional APIs where the templates ask about these.

    ``defined`` are the API versions that the context itself brings: a cluster that runs the image has them.
    """
    texts = [text for _, text in chart.templates]
    asked = asked_versions(texts)
    known = set(defined & asked) | served(asked)
    release = replace(render.release, api_versions=tuple(sorted(known)), kube_version=_kube_version(chart))
    base = replace(render, release=release)
    yield base
    if any(_UPGRADE.search(text) for text in texts):
        yield replace(base, label=f"{base.label}, upgrade", release=replace(release, upgrade=True), variant="upgrade")
    extra = optional(asked, known)
    if extra:
        names = ", ".join(sorted(extra)[:3]) + (", ..." if len(extra) > 3 else "")
        yield replace(
            base,
            label=f"{base.label}, optional APIs",
            release=replace(release, api_versions=tuple(sorted(known | extra))),
            variant="apis",
            ceiling="uncertain",
            reason=f"shows only on a cluster that serves {names}",
        )


def _kube_version(chart: ChartFiles) -> str:
    return kube_version_for(str(chart.metadata.get("kubeVersion") or "")) or KUBE_VERSION


def cluster_tags(chart: ChartFiles) -> set[str]:
    """The tags, without a leading ``v``, that come of the Kubernetes version which the chart is rendered for."""
    version = _kube_version(chart)
    return {version, version.rpartition(".")[0]}


def ci_renders(chart: ChartFiles) -> Iterator[Render]:
    """Renderings with the values that the chart's authors test it with, for a chart that renders in no other way."""
    for name in sorted(chart.files):
        if re.fullmatch(r"ci/[^/]*values[^/]*\.ya?ml", name):
            release = Release(name=chart.name, namespace=chart.name, values=(chart.text(name) or "",))
            yield Render(
                label=name,
                release=release,
                source="ci",
                ceiling="likely",
                reason="rendered with values that the chart's authors test it with",
            )
