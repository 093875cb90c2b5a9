"""One image for one architecture, from its build directory: stage, init.sh, scan, place, assemble."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from action.context import check_what_is_read, keep_what_git_keeps, staged
from action.discover.findings import Scan
from action.discover.scan import scan_context
from action.errors import ClusterImageError, InputError, Problem
from action.image.build import build_image
from action.image.labels import standard_labels
from action.init_script import SCRIPT, passed_variables, run_init
from action.kubefile import find_buildfile
from action.place import Placement, place
from action.registry.client import RegistryClient
from action.report.progress import progress_for
from action.report.table import size
from action.results import BuildResult
from action.store.oci_layout import OciLayout
from generator.catalog import Version
from generator.names import Arch, ImageType


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A version of the tree, to be built as one type for one architecture."""

    version: Version
    type: ImageType
    arch: Arch
    build_args: Mapping[str, str]

    @property
    def ref_name(self) -> str:
        """The name of the image in its layout and, behind ``<app>:``, its tag in the registry."""
        return f"{self.version.name}-{self.arch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What every build of a run uses. ``cache`` is a folder of blobs that builds share, ``log`` takes a line each."""

    client: RegistryClient
    engine: str
    cache: Path | None
    log: Callable[[Job, str], None]


def build(job: Job, layout: OciLayout, means: Means) -> BuildResult:
    """Build into ``layout`` under ``job.ref_name``; the name is written last, when the whole image is there.

    Raises ClusterImageError with everything that is wrong.
    """
    label = job.version.context
    scan, placement = Scan(images=()), None
    with staged(job.version.directory, label) as context, _told_from_the_repository(label):
        _run_init(job, context, means)
        buildfile = find_buildfile(context, job.type)
        if job.type != "dockerimages":
            scan = _scan(job, context, means)
        if job.type == "apps":
            placement = _fill_registry(job, context, scan, means)
        image = build_image(
            context,
            buildfile,
            arch=job.arch,
            labels=standard_labels(job.type, job.version.app, job.version.name, job.version.metadata, os.environ),
            build_args=job.build_args,
            layout=layout,
            engine=means.engine,
            images=placement.images if placement else None,
            client=means.client,
        )
    problems = (*scan.problems, *(placement.problems if placement else ()), *image.problems)
    layout.put_index(job.ref_name, image.digest, platform={"os": "linux", "architecture": job.arch})
    how = f"{image.engine}, because {image.reason}" if image.reason else image.engine
    means.log(job, f"built {image.digest}, {size(image.size)} ({how})")
    return BuildResult(
        type=job.type,
        app=job.version.app,
        version=job.version.name,
        arch=job.arch,
        digest=image.digest,
        size=image.size,
        content_id=image.content_id,
        images=placement.images if placement else (),
        problems=tuple(_in_repository(problem, label) for problem in problems),
        blind_spots=scan.blind_spots,
    )


def _run_init(job: Job, context: Path, means: Means) -> None:
    if (context / SCRIPT).is_file():
        means.log(job, f"running {SCRIPT}")
    label = job.version.context
    run_init(
        context,
        arch=job.arch,
        app=job.version.app,
        version=job.version.name,
        passed=passed_variables(job.version.metadata.init_env),
        label=f"{label}/{SCRIPT}",
    )
    check_what_is_read(context, label)


def _scan(job: Job, context: Path, means: Means) -> Scan:
    """The findings, with paths as they are in the repository; every error of the scan ends the build."""
    scan = scan_context(context, arch=job.arch)
    errors = [problem for problem in scan.problems if problem.severity == "error"]
    if errors:
        raise InputError(errors)
    if job.type == "configs" and scan.wanted:
        raise InputError(
            Problem(
                "images-in-configs",
                f"is built as configs, and its {finding.sources[0].file} runs the image {finding.reference}",
                "configs carry no container images; ask for it as apps",
            )
            for finding in scan.wanted
        )
    means.log(job, f"found {len(scan.wanted)} images to carry, {len(scan.images) - len(scan.wanted)} uncertain")
    return scan


def _fill_registry(job: Job, context: Path, scan: Scan, means: Means) -> Placement:
    with progress_for(sys.stderr, os.environ) as progress:
        placement = place(
            context, scan.wanted, arch=job.arch, client=means.client, cache=means.cache, watcher=progress
        )
    keep_what_git_keeps(context / "registry")
    shared = f", {size(placement.total - placement.unique)} of it shared" if placement.total > placement.unique else ""
    means.log(job, f"placed {len(placement.images)} images in registry/, {size(placement.total)}{shared}")
    return placement


@contextmanager
def _told_from_the_repository(label: str) -> Iterator[None]:
    """Problems of the staged copy, told with the paths that the reader knows."""
    try:
        yield
    except ClusterImageError as error:
        error.problems = tuple(_in_repository(problem, label) for problem in error.problems)
        raise


def _in_repository(problem: Problem, label: str) -> Problem:
    file = problem.file or ""
    return problem if file.startswith(label) else problem._replace(file=f"{label}/{file}".rstrip("/"))
