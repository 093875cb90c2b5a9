"""Base images: those that a build file takes from a registry, and the digest that each of them is now.

The digest is that of the image for one architecture, not of an index: buildah 1.33 takes what it has seen last in a
``--platform`` for every later image. And an index that changes for another architecture changes nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action.assembly.builder.image_names import Source
from action.errors import ClusterImageError, InputError, RegistryError
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.http.hosts import Endpoint
from action.registry.http.lanes import failures, in_lanes
from action.registry.pull import NothingNearby, RegistryImage, pull_leaf
from generator.names import Arch

_JOBS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An image as it is now, for ``arch``; ``endpoint`` is where it is read.

    ``digest`` is that of its manifest; of its index when that has nothing for ``arch``, or ``arch`` is None.
    """

    reference: ImageReference
    arch: Arch | None
    digest: str
    endpoint: Endpoint

    @property
    def name(self) -> str:
        """What this very image is called wherever it is read."""
        return f"{self.reference.name}@{self.digest}"

    @property
    def address(self) -> str:
        """The same by the host that is asked for it, which may be a mirror."""
        return f"{self.endpoint.host}/{self.endpoint.prefix}{self.reference.path}@{self.digest}"


def resolve_bases(client: RegistryClient, named: Sequence[Source]) -> tuple[Base, ...]:
    """Ask for every image among ``named`` at once; each is in the answer once for each architecture.

    An image that is built upon must be for the architecture that is wanted: a builder would take any other that is not
    in an index, and say of the result that it is for the wanted one. Whether one that only gives files will do, the
    builder finds out. Raises ClusterImageError with every image that cannot be had.
    """
    unique: dict[tuple[ImageReference, Arch | None], Source] = {}
    for source in named:
        if source.reference is not None and ((source.reference, source.arch) not in unique or source.built_upon):
            unique[source.reference, source.arch] = source
    items = [(reference, source) for (reference, _), source in unique.items()]

    def ask(item: tuple[ImageReference, Source]) -> Base | ClusterImageError:
        try:
            return _base(client, *item)
        except ClusterImageError as error:
            return error

    futures = in_lanes(ask, items, lambda item: item[0].domain, jobs=_JOBS, stop=client.session.interrupt)
    for defect in failures(futures):
        raise defect
    outcomes = [future.result() for future in futures]
    errors = [outcome for outcome in outcomes if isinstance(outcome, ClusterImageError)]
    if errors:
        kind = InputError if all(isinstance(error, InputError) for error in errors) else ClusterImageError
        raise kind(problem for error in errors for problem in error.problems)
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Base))


def _base(client: RegistryClient, reference: ImageReference, source: Source) -> Base:
    endpoint = client.endpoint(reference)
    try:
        digest = _digest(client, reference, source)
        if digest is None:
            message = f"{source.instruction.keyword} names {source.word}, and {endpoint.host} has no image {reference}"
            raise source.problem("no-base-image", message, "correct its name or its tag")
    except ClusterImageError as error:
        file, line = source.buildfile.path.name, source.instruction.line
        error.problems = tuple(problem._replace(file=file, line=line) for problem in error.problems)
        raise
    return Base(reference=reference, arch=source.arch, digest=digest, endpoint=endpoint)


def _digest(client: RegistryClient, reference: ImageReference, source: Source) -> str | None:
    """None when there is no such image."""
    try:
        if source.arch is not None:
            return pull_leaf(RegistryImage(client, reference, NothingNearby()), source.arch).manifest.digest
    except RegistryError as error:
        if error.status == 404:
            return None
        raise
    except InputError as error:
        if source.built_upon:
            hint = "start from an image for this architecture, or name those that there are in arches of image.yaml"
            raise InputError(problem._replace(hint=hint) for problem in error.problems) from error
    head = client.head_manifest(reference)
    return head and (reference.digest or head.digest or client.get_manifest(reference).digest)
