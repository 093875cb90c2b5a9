"""Scan: a build context -> every container image that it will run, and what could not be seen."""

from __future__ import annotations

from pathlib import Path

from action.discovery.charts.charts import has_charts, scan_charts
from action.discovery.charts.known_pulls import known_pulls
from action.discovery.charts.operators import image_notes, is_operator
from action.discovery.conflicts import conflicts, floating_tags
from action.discovery.evidence.hits import collect
from action.discovery.helm.choose import HelmEngine, choose_engine
from action.discovery.install.kubeadm import kubeadm_images
from action.discovery.install.plan import read_install_plan
from action.discovery.install.script_images import called_scripts
from action.discovery.lists.archives import archived_images
from action.discovery.lists.sealignore import read_ignore_list
from action.discovery.lists.shim import listed_images
from action.discovery.manifests import scan_manifests
from action.discovery.sealos_run.image_config import configured_files
from action.discovery.sealos_run.templates import render_templates
from action.discovery.text.context_files import ContextFiles
from action.discovery.text.context_rules import layout_problems, templates
from action.errors import InputError, Problem
from action.model.findings import Scan
from generator.buildfile.parse import find_buildfile, parse_buildfile
from generator.names import Arch


def scan_context(context: Path, *, arch: Arch, engine: HelmEngine | None = None) -> Scan:
    """Everything that ``context`` names, each image once, with where it was found and how sure that is.

    Wrong input is collected as problems, not raised; only a context that is no directory, or charts without any Helm
    engine to render them, raise InputError. The result is the same for the same files, whichever engine renders, but
    for object names that a template makes at random.
    """
    if not context.is_dir():
        raise InputError(Problem("no-context", "is not a directory", "give a build context", str(context)))
    environment, base = _image_environment(context)
    engine = engine or _template_engine(context)
    rendered, found = render_templates(context, environment, engine, base=base)
    configured, problems = configured_files(context)
    found.problems += problems
    files = ContextFiles(context, {**rendered.texts, **configured}, rendered.others)
    plan = read_install_plan(context, files.rendered)
    if engine is None and has_charts(context, plan):
        engine = choose_engine()
    found.problems += [*layout_problems(context), *plan.problems]
    found.blind_spots += plan.blind_spots
    if engine is not None:
        found.add(scan_charts(files, plan, engine))
    found.add(scan_manifests(files, plan))
    found.add(kubeadm_images(files))
    found.add(called_scripts(plan))
    for entry in listed_images(context, arch):
        found.take(entry)
    archives = archived_images(context)
    found.add(archives.found)
    ignore_list = read_ignore_list(context)
    carried = [hit for hit in found.hits if hit.verdict != "uncertain" and not ignore_list.ignores(hit.reference)]
    found.hits += known_pulls(carried)
    findings = collect(found.hits, archives.by_reference)
    images = tuple(finding for finding in findings if not ignore_list.ignores(finding.reference))
    by_role = found.accounts.operators()
    found.blind_spots += image_notes(images, found.blind_spots)
    found.problems += [*ignore_list.problems, *conflicts(images), *floating_tags(images)]
    return Scan(
        images=images,
        problems=_sorted(found.problems),
        blind_spots=tuple(sorted(set(found.blind_spots))),
        ignored=tuple(finding for finding in findings if ignore_list.ignores(finding.reference)),
        operators=tuple(
            finding
            for finding in images
            if finding.verdict != "uncertain" and (finding.reference in by_role or is_operator(finding.reference))
        ),
    )


def _template_engine(context: Path) -> HelmEngine | None:
    """The engine when templates could use one, if there is any: else each of them says so."""
    try:
        return choose_engine() if templates(context) else None
    except InputError:
        return None


def _image_environment(context: Path) -> tuple[dict[str, str], bool]:
    """The ENV of the build file, and whether the image has a base, whose ENV templates get too."""
    try:
        buildfile = parse_buildfile(find_buildfile(context, "apps"))
        return buildfile.environment(), buildfile.base() != "scratch"
    except InputError:
        return {}, False  # no build file, or one that the plan reports


def _sorted(problems: list[Problem]) -> tuple[Problem, ...]:
    """Without repetitions, errors first, then by place."""
    return tuple(
        sorted(set(problems), key=lambda p: (p.severity != "error", p.file or "", p.line or 0, p.code, p.message))
    )
