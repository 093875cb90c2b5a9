"""Findings -> ``registry/``: finds every image for one architecture, and fills the registry directory of a context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from action.errors import ClusterImageError, InputError, Problem
from action.model.findings import Finding, found_at
from action.model.results import ImageInside
from action.placement.arrange import arrange
from action.placement.fill import Filler, Origin, Wanted, Watcher
from action.placement.nearby import NOTHING, Earlier, Nearby
from action.placement.resolve import Resolver
from action.placement.resolved import Resolved
from action.registry.client import RegistryClient
from action.store.blobs.cache import BlobCache
from action.store.blobs.disk import disk_problem
from action.store.blobs.staging import Reader
from action.store.directory.read import read_tree
from action.store.directory.sketch import sketched
from action.store.directory.verify import verify
from action.store.directory.write import STAGING, Contents, RegistryDirectory
from action.store.oci.manifest import Part
from generator.names import Arch


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What the registry directory now holds. Sizes are bytes.

    ``total`` counts the blobs of every image and ``unique`` each blob once: the difference is what images share.
    ``fetched``, ``cached`` and ``kept`` say where the unique blobs came from. ``demoted`` are the findings that turned
    out to be no image; each has a warning in ``problems``.
    """

    images: tuple[ImageInside, ...] = ()
    problems: tuple[Problem, ...] = ()
    demoted: tuple[Finding, ...] = ()
    total: int = 0
    fetched: int = 0
    cached: int = 0
    kept: int = 0

    @property
    def unique(self) -> int:
        return self.fetched + self.cached + self.kept


class NoWatcher:
    """Nobody looks."""

    def planned(self, wanted: Sequence[Wanted]) -> None: ...

    def received(self, want: Wanted, count: int) -> None: ...

    def finished(self, want: Wanted, origin: Origin) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Images that were looked up and are still to be placed; ``foreseen`` is what the placement will say of them.

    ``idle``: no image was asked for, and there was no directory either.
    """

    foreseen: Placement
    images: tuple[Resolved, ...]
    contents: Contents
    directory: RegistryDirectory
    cache: BlobCache | None
    client: RegistryClient
    arch: Arch
    idle: bool

    @contextmanager
    def sketched(self) -> Iterator[None]:
        """Within the block the directory has every name and size that it will have, and no byte of a blob."""
        if self.idle:
            yield
            return
        sizes = {part.digest: part.size for image in self.images for part in image.parts}
        with sketched(self.directory.root, self.contents, sizes):
            yield

    def fill(self, watcher: Watcher | None = None) -> Placement:
        """Make the directory hold exactly these images.

        What it holds already is hashed and kept, everything else in it goes. Nothing is seen of an image until all
        images are whole and on the disk. Raises ClusterImageError with every problem at once.
        """
        if self.idle:
            return self.foreseen
        blobs = _unique_blobs(self.images)
        interrupt = self.client.session.interrupt
        filler = Filler(
            self.directory, self.cache, watcher or NoWatcher(), jobs=self.client.session.jobs, interrupt=interrupt
        )
        try:
            filled = filler.fill(blobs)
            removed = _unwanted(self.directory, self.contents)
            _finish(self.directory, self.contents, self.arch, frozenset(blob.part.digest for blob in blobs))
        except OSError as error:
            raise InputError(disk_problem(error)) from error
        return replace(
            self.foreseen,
            problems=(*self.foreseen.problems, *removed),
            total=sum(part.size for image in self.images for part in image.parts),
            fetched=filled.fetched,
            cached=filled.cached,
            kept=filled.kept,
        )


@contextmanager
def placing(
    context: Path,
    findings: Sequence[Finding],
    *,
    arch: Arch,
    client: RegistryClient,
    cache: Path | None = None,
    earlier: Earlier = NOTHING,
    whole: bool = False,
) -> Iterator[Placing]:
    """Look up the images of ``findings`` for ``arch``, the uncertain ones left out, and hold ``context/registry``.

    ``earlier`` is what is published now, whose images need not be sent to be looked up again. ``whole`` keeps every
    index with the images of all its platforms, under the tag of the image.

    Only manifests and configurations are read. Raises ClusterImageError with every problem at once.
    """
    wanted = [finding for finding in findings if finding.verdict != "uncertain"]
    directory = RegistryDirectory(context / "registry")
    idle = not wanted and not directory.root.exists()
    shared = BlobCache(cache) if cache is not None else None
    resolver = Resolver(
        context=context,
        client=client,
        arch=arch,
        nearby=Nearby(directory=directory, cache=shared, earlier=earlier),
        scratch=directory.staging,
        jobs=client.session.jobs,
        whole=whole,
    )
    with ExitStack() as held:
        try:
            if not idle:
                held.enter_context(directory.locked())
            resolved = resolver.resolve(wanted)
        except OSError as error:
            raise InputError(disk_problem(error)) from error
        arranged = arrange(resolved.images)
        _raise_errors(arranged.problems)
        yield Placing(
            foreseen=Placement(
                images=tuple(_inside(image, tag) for image, tag in zip(resolved.images, arranged.tags, strict=True)),
                problems=(*arranged.problems, *(_demotion(finding) for finding in resolved.demoted)),
                demoted=resolved.demoted,
            ),
            images=resolved.images,
            contents=arranged.contents,
            directory=directory,
            cache=shared,
            client=client,
            arch=arch,
            idle=idle,
        )


def place(
    context: Path,
    findings: Sequence[Finding],
    *,
    arch: Arch,
    client: RegistryClient,
    cache: Path | None = None,
    watcher: Watcher | None = None,
    whole: bool = False,
) -> Placement:
    """Look up and fill in one go; raises what both raise."""
    with placing(context, findings, arch=arch, client=client, cache=cache, whole=whole) as found:
        return found.fill(watcher)


def _unique_blobs(images: Iterable[Resolved]) -> list[Wanted]:
    """Each blob once, with every source that has it. A configuration was read already: its source is memory."""
    wanted: dict[str, Wanted] = {}
    for image in images:
        name = str(image.finding.reference)
        config, *others = image.parts
        parts: list[tuple[Part, Reader]] = [(config, partial(_rest, image.leaf.config))]
        parts += [(part, partial(image.source.stream, part)) for part in others]
        for part, reader in parts:
            known = wanted.get(part.digest, Wanted(part, (), (), image.finding.reference.domain))
            if name not in known.images:
                readers, images_ = (*known.readers, reader), (*known.images, name)
                wanted[part.digest] = known._replace(readers=readers, images=images_)
    return list(wanted.values())


def _rest(body: bytes, offset: int) -> tuple[bytes]:
    return (body[offset:],)


def _finish(directory: RegistryDirectory, contents: Contents, arch: Arch, hashed: frozenset[str]) -> None:
    """Links, the one wait for the disk, then the tags; then all of it is read again but for what this run hashed."""
    directory.write_links(contents)
    directory.barrier()
    directory.switch_tags(contents)
    if contents.tags:
        _raise_errors(verify(directory.root, arch=arch, hashed=hashed, staging=STAGING))
    directory.leave_no_staging()


def _unwanted(directory: RegistryDirectory, contents: Contents) -> list[Problem]:
    """A warning about the images that were here and that nothing names: they go, and that may be news."""
    there = read_tree(directory.root).tags
    gone = sorted(f"{path}:{tag}" for path, tags in there.items() for tag in tags if (path, tag) not in contents.tags)
    if not gone:
        return []
    some = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
    hint = "when it is an image that will run, name it in images/shim"
    return [
        Problem("removed-image", f"held {some}, which nothing names", hint, directory.root.name, severity="warning")
    ]


def _inside(image: Resolved, tag: str) -> ImageInside:
    reference, leaf = image.finding.reference, image.leaf
    return ImageInside(
        reference=str(reference),
        path=reference.path,
        tag=tag,
        index_digest=leaf.indexes[0].digest if leaf.indexes else None,
        digest=leaf.manifest.digest,
        size=leaf.size,
        found=found_at(image.finding),
    )


def _demotion(finding: Finding) -> Problem:
    source = finding.sources[0] if finding.sources else None
    return Problem(
        "not-an-image",
        f"{finding.reference} looked like an image and is left out: {finding.reason}",
        "when it is an image that will run, name it in images/shim; when not, in .sealignore",
        file=source.file if source else None,
        line=(source.line or None) if source else None,
        severity="warning",
    )


def _raise_errors(problems: Iterable[Problem]) -> None:
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ClusterImageError(errors)
