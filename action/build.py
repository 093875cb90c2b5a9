"""One image for one architecture, from its build directory: stage, init.sh, scan, place, assemble."""

from __future__ import annotations

import os
import posixpath
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from action.context import check_what_is_read, keep_what_git_keeps, staged
from action.discover.choices import chosen
from action.discover.findings import Scan
from action.discover.scan import scan_context
from action.errors import ClusterImageError, InputError, Problem
from action.image.design import Design, design_image
from action.image.labels import standard_labels
from action.image.manifest import image_size
from action.init_script import SCRIPT, passed_variables, run_init
from action.kubefile import find_buildfile
from action.look_inside import look_inside
from action.place import Placement, Placing, placing
from action.registry.client import RegistryClient
from action.report.progress import progress_for
from action.report.table import size
from action.results import BuildResult
from action.reuse import Publications
from action.store.oci_layout import OciLayout
from action.store.tree import read_tree
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
    """What every build of a run uses.

    ``cache`` is a folder of blobs that builds share, ``publications`` where to look for an image that is the same
    already (None: build in any case), ``log`` takes a line each, ``look_inside`` whether the images of operators are
    searched for images that only they name.
    """

    client: RegistryClient
    engine: str
    cache: Path | None
    publications: Publications | None
    log: Callable[[Job, str], None]
    look_inside: bool = False


def build(job: Job, layout: OciLayout, means: Means) -> BuildResult:
    """Build into ``layout`` under ``job.ref_name``; the name is written last, when the whole image is there.

    An image with the same content that is published already is taken over: of its layers only the bill of images is
    then in ``layout``. Raises ClusterImageError with everything that is wrong.
    """
    label = job.version.context
    with staged(job.version.directory, label) as context, _told_from_the_repository(label):
        _run_init(job, context, means)
        scan = _scan(job, context, means)
        with _images(job, context, scan, means) as images:
            making = _Making(job=job, context=context, images=images, layout=layout, means=means)
            made = making.taken_over() or making.built()
    layout.put_index(job.ref_name, made.digest, platform={"os": "linux", "architecture": job.arch})
    return BuildResult(
        type=job.type,
        app=job.version.app,
        version=job.version.name,
        arch=job.arch,
        digest=made.digest,
        size=image_size(layout, made.digest),
        content_id=made.design.content_id,
        taken_over=made.taken_over,
        images=made.placement.images if made.placement else (),
        problems=tuple(_in_repository(problem, label) for problem in (*scan.problems, *made.problems)),
        blind_spots=scan.blind_spots,
    )


class _Made(NamedTuple):
    """An image in the layout; ``placement`` is of a cluster image."""

    digest: str
    design: Design
    placement: Placement | None
    taken_over: bool = False

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*(self.placement.problems if self.placement else ()), *self.design.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """A staged context on its way into the layout; ``images`` are those of a cluster image, looked up."""

    job: Job
    context: Path
    images: Placing | None
    layout: OciLayout
    means: Means

    def taken_over(self) -> _Made | None:
        """The published image, when it has just the content that would be built: no blob is fetched or written."""
        publications, told = self.means.publications, partial(self.means.log, self.job)
        there = publications.find(self.job.version.app, self.job.ref_name, told) if publications else None
        if publications is None or there is None:
            return None
        foreseen = self.images.foreseen if self.images else None
        with self.images.sketched() if self.images else nullcontext():
            design = self._design(foreseen)
        same = there.content_id == design.content_id
        digest = publications.take_over(there, self.layout, told) if same else None
        if digest is None:
            return None
        self.means.log(self.job, f"published already as {there.reference}, with the same content: nothing is built")
        return _Made(digest, design, foreseen, taken_over=True)

    def built(self) -> _Made:
        placement = self._fill(self.images) if self.images else None
        design = self._design(placement)
        digest = design.write(self.layout)
        how = f"{design.engine}, because {design.reason}" if design.reason else design.engine
        self.means.log(self.job, f"built {digest}, {size(image_size(self.layout, digest))} ({how})")
        return _Made(digest, design, placement)

    def _fill(self, images: Placing) -> Placement:
        with progress_for(sys.stderr, os.environ) as progress:
            placement = images.fill(progress)
        shared = placement.total - placement.unique
        told = f", {size(shared)} of it shared" if shared else ""
        self.means.log(self.job, f"placed {len(placement.images)} images in registry/, {size(placement.total)}{told}")
        return placement

    def _design(self, placement: Placement | None) -> Design:
        job = self.job
        if placement is not None:
            keep_what_git_keeps(self.context / "registry")
        return design_image(
            self.context,
            find_buildfile(self.context, job.type),
            arch=job.arch,
            labels=standard_labels(job.type, job.version.app, job.version.name, job.version.metadata, os.environ),
            build_args=job.build_args,
            engine=self.means.engine,
            images=placement.images if placement else None,
            client=self.means.client,
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
    if job.type == "dockerimages":
        return Scan(images=())
    metadata = job.version.metadata
    scan = scan_context(context, arch=job.arch)
    if means.look_inside:
        scan = look_inside(scan, means.client)
    scan = chosen(scan, metadata.accept, metadata.refuse)
    errors = [problem for problem in scan.problems if problem.severity == "error"]
    if errors:
        raise InputError(errors)
    if job.type == "configs" and (carried := [*_carried(scan), *_placed_before(context)]):
        raise InputError(
            Problem(
                "images-in-configs",
                f"is built as configs, and its {image}",
                "configs carry no container images; ask for it as apps",
            )
            for image in carried
        )
    means.log(job, f"found {len(scan.wanted)} images to carry, {len(scan.images) - len(scan.wanted)} uncertain")
    return scan


def _carried(scan: Scan) -> Iterator[str]:
    for finding in scan.wanted:
        yield f"{finding.sources[0].file} runs the image {finding.reference}"


def _placed_before(context: Path) -> Iterator[str]:
    """The images of a registry directory that came with the context, or that init.sh has made."""
    if not (context / "registry").is_dir():
        return
    tree = read_tree(context / "registry")
    for path, tags in sorted(tree.tags.items()):
        for tag in sorted(tags):
            yield f"registry/ holds the image {path}:{tag}"
    if tree.blobs and not tree.tags:
        yield f"registry/ holds {len(tree.blobs)} blobs of container images"


@contextmanager
def _images(job: Job, context: Path, scan: Scan, means: Means) -> Iterator[Placing | None]:
    """The images of a cluster image, looked up; None for any other type."""
    if job.type != "apps":
        yield None
        return
    with placing(context, scan.wanted, arch=job.arch, client=means.client, cache=means.cache) as found:
        yield found


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
    return problem if file.startswith(label) else problem._replace(file=posixpath.normpath(f"{label}/{file}"))
