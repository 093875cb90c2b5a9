"""Scan: a build context -> every container image that it will run, and what could not be seen."""

from __future__ import annotations

from pathlib import Path

from action.discover.archives import archived_images
from action.discover.charts import Found, scan_charts
from action.discover.collect import collect
from action.discover.findings import Archive, Scan
from action.discover.helm import HelmEngine, choose_engine
from action.discover.ignore import read_ignore_list
from action.discover.image_lists import listed_images
from action.discover.layout import layout_problems
from action.discover.manifests import scan_manifests
from action.errors import InputError, Problem
from action.reference import ImageReference
from generator.names import Arch


def scan_context(context: Path, *, arch: Arch, engine: HelmEngine | None = None) -> Scan:
    """Everything that ``context`` names, each image once, with where it was found and how sure that is.

    Wrong input is collected as problems, not raised; only a context that is no directory, or charts without any Helm
    engine to render them, raise InputError. The result is the same for the same files, whichever engine renders.
    """
    if not context.is_dir():
        raise InputError(Problem("no-context", "is not a directory", "give a build context", str(context)))
    found = Found(problems=list(layout_problems(context)))
    if (context / "charts").is_dir():
        found.add(scan_charts(context, engine or choose_engine()))
    found.add(scan_manifests(context))
    for entry in listed_images(context):
        if isinstance(entry, Problem):
            found.problems.append(entry)
        else:
            found.hits.append(entry)
    archives: dict[ImageReference, Archive] = {}
    for archived in archived_images(context):
        if isinstance(archived, Problem):
            found.problems.append(archived)
        else:
            hit, reference, archive = archived
            found.hits.append(hit)
            archives[reference] = archive
    ignored = read_ignore_list(context)
    images = [image for image in collect(found.hits, archives) if not ignored.ignores(image.reference)]
    return Scan(
        images=tuple(images),
        problems=_sorted([*found.problems, *ignored.problems]),
        blind_spots=tuple(sorted(set(found.blind_spots))),
    )


def _sorted(problems: list[Problem]) -> tuple[Problem, ...]:
    """Without repetitions, errors first, then by place."""
    return tuple(
        sorted(set(problems), key=lambda p: (p.severity != "error", p.file or "", p.line or 0, p.code, p.message))
    )
