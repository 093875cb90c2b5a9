"""One image for one architecture, from its build directory: stage, init.sh, scan, place, assemble."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from action.assembly.bill_layer import read_bill
from action.assembly.labels import standard_labels
from action.assembly.manifest import image_size
from action.build.design import Design, design_image
from action.build.source_date import last_changed
from action.context.init_script import SCRIPT, InitRules, passed_variables, run_init
from action.context.staging import check_what_is_read, keep_what_git_keeps, staged
from action.discovery.lists.choices import chosen
from action.discovery.scan import scan_context
from action.environment import tools
from action.errors import ClusterImageError, InputError, Problem
from action.model.findings import Scan
from action.model.results import BuildResult, ImageInside
from action.model.wording import size
from action.placement.look_inside import look_inside
from action.placement.nearby import NOTHING
from action.placement.place import Placement, Placing, placing
from action.publication.reuse import Publications, PublishedImage
from action.registry.client import RegistryClient
from action.report.terminal.progress import progress_for
from action.store.directory.read import read_tree
from action.store.oci.layout import OciLayout
from generator.buildfile.parse import find_buildfile
from generator.console import err
from generator.names import Arch, ImageType
from generator.settings.init_env import refused_variables, unlisted_variables
from generator.settings.settings import METADATA_FILE, Compression
from generator.tree.catalog import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A version of the tree, to be built as one type for one architecture."""

    version: Version
    type: ImageType
    arch: Arch
    build_args: Mapping[str, str]

    @property
    def ref_name(self) -> str:
        """The name of the image in the layout of a row and, behind ``<app>:``, its tag in the registry."""
        return f"{self.version.name}-{self.arch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What every build of a run uses.

    ``cache`` is a folder of blobs that builds share, ``whole_indexes`` keeps the images of all platforms inside,
    ``publications`` where to look for an image that is the same already (None: build in any case), ``log`` takes a
    line each, ``look_inside`` whether the images of operators are searched for images that only they name.
    """

    client: RegistryClient
    engine: str
    compression: Compression
    cache: Path | None
    whole_indexes: bool
    publications: Publications | None
    log: Callable[[Job, str], None]
    init: InitRules = field(default_factory=InitRules)
    look_inside: bool = False


def build(job: Job, layout: OciLayout, means: Means) -> BuildResult:
    """Build into ``layout``, where the caller names the result.

    An image with the same content that is published already is taken over: of its layers only the bill of images is
    then in ``layout``. Raises ClusterImageError with everything that is wrong.
    """
    label = job.version.context
    with staged(job.version.directory, label) as context, _told_from_the_repository(label):
        _run_init(job, context, means)
        scan = _scan(job, context, means)
        there = _published(job, means)
        with _images(job, context, scan, means, there) as placing_:
            making = _Making(job=job, context=context, images=placing_, layout=layout, means=means, there=there)
            made = making.taken_over() or making.built()
    images = read_bill(layout, made.digest) or ()
    return BuildResult(
        type=job.type,
        app=job.version.app,
        version=job.version.name,
        arch=job.arch,
        digest=made.digest,
        size=image_size(layout, made.digest),
        content_id=made.design.content_id,
        taken_over=made.taken_over,
        images=images,
        problems=tuple(
            _in_repository(problem, label) for problem in (*scan.problems, *made.problems, *_empty(job, scan, images))
        ),
        blind_spots=scan.blind_spots,
    )


class _Made(NamedTuple):
    """An image in the layout; ``placement`` is of a cluster image, ``told`` are warnings of the writing."""

    digest: str
    design: Design
    placement: Placement | None
    taken_over: bool = False
    told: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*(self.placement.problems if self.placement else ()), *self.design.problems, *self.told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """A staged context on its way into the layout.

    ``images`` are those of a cluster image, looked up; ``there`` is what is published under its name now.
    """

    job: Job
    context: Path
    images: Placing | None
    layout: OciLayout
    means: Means
    there: PublishedImage | None

    def taken_over(self) -> _Made | None:
        """The published image, when it has just the content that would be built: no blob is fetched or written."""
        publications, told, there = self.means.publications, partial(self.means.log, self.job), self.there
        if publications is None or there is None or not there.in_index:
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
        digest, problems = design.write(self.layout)
        how = f"{design.engine}, because {design.reason}" if design.reason else design.engine
        self.means.log(self.job, f"built {digest}, {size(image_size(self.layout, digest))} ({how})")
        return _Made(digest, design, placement, told=problems)

    def _fill(self, images: Placing) -> Placement:
        with progress_for(err, os.environ) as progress:
            placement = images.fill(progress)
        shared = placement.total - placement.unique
        told = f", {size(shared)} of it shared" if shared else ""
        self.means.log(self.job, f"placed {len(placement.images)} images in registry/, {size(placement.total)}{told}")
        return placement

    def _design(self, placement: Placement | None) -> Design:
        job = self.job
        if placement is not None:
            registry = self.context / "registry"
            registry.mkdir(exist_ok=True)  # with no image to carry, COPY registry copies an empty directory
            keep_what_git_keeps(registry)
        return design_image(
            self.context,
            find_buildfile(self.context, job.type),
            arch=job.arch,
            labels=standard_labels(job.type, job.version.app, job.version.name, job.version.metadata, os.environ),
            build_args=job.build_args,
            engine=self.means.engine,
            compression=self.means.compression,
            images=placement.images if placement else None,
            client=self.means.client,
            changed=last_changed(job.version.directory),
        )


def _run_init(job: Job, context: Path, means: Means) -> None:
    if (context / SCRIPT).is_file():
        means.log(job, f"running {SCRIPT}")
        tools.remember()
    label = job.version.context
    asked = passed_variables(job.version.metadata.init_env)
    file = f"{job.version.context.rpartition('/')[0]}/{METADATA_FILE}"
    refused = [*refused_variables(asked, file), *unlisted_variables(asked, means.init.environment, file)]
    if refused:
        raise InputError(refused)
    run_init(
        context,
        arch=job.arch,
        app=job.version.app,
        version=job.version.name,
        passed=asked,
        label=f"{label}/{SCRIPT}",
        rules=means.init,
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


def _empty(job: Job, scan: Scan, images: Sequence[ImageInside]) -> Iterator[Problem]:
    """Why a cluster image carries no container image, when it does not: that may be meant, and may be a mistake."""
    if job.type != "apps" or images:
        return
    why, hint = "nothing in it names one", "when it runs one all the same, name it in images/shim"
    if unsure := [str(finding.reference) for finding in scan.images]:
        why = f"whether it runs {', '.join(unsure[:3])}{' and others' if len(unsure) > 3 else ''} is uncertain"
    elif ignored := [str(finding.reference) for finding in scan.ignored]:
        why = f".sealignore leaves out {', '.join(ignored[:3])}{' and others' if len(ignored) > 3 else ''}"
        hint = "when it runs one of them, take it out of .sealignore"
    yield Problem("no-images", f"carries no container image: {why}", hint, severity="warning")


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


def _published(job: Job, means: Means) -> PublishedImage | None:
    """What is published under the name of the build now; None where nobody is to look."""
    if means.publications is None:
        return None
    name = job.version.image_name(job.type)
    return means.publications.find(name, job.version.name, job.arch, partial(means.log, job))


@contextmanager
def _images(
    job: Job, context: Path, scan: Scan, means: Means, there: PublishedImage | None
) -> Iterator[Placing | None]:
    """The images of a cluster image, looked up; None for any other type."""
    if job.type != "apps":
        yield None
        return
    earlier = NOTHING
    if means.publications is not None and there is not None and scan.wanted:
        earlier = means.publications.earlier(there, partial(means.log, job))
    with placing(
        context,
        scan.wanted,
        arch=job.arch,
        client=means.client,
        cache=means.cache,
        earlier=earlier,
        whole=means.whole_indexes,
    ) as found:
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
