"""Base images: those that a build file takes from a registry, and the digest that each of them is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from action.errors import ClusterImageError, InputError
from action.image.sources import Source
from action.lanes import failures, in_lanes
from action.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.hosts import Endpoint
from action.registry.pull import RegistryImage, pull_leaf
from action.store.media import INDEX_TYPES
from generator.names import Arch

_JOBS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An image as it is now: ``digest`` is that of its index or manifest, ``endpoint`` where it is read."""

    reference: ImageReference
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


def resolve_bases(client: RegistryClient, named: Sequence[Source], arch: Arch) -> tuple[Base, ...]:
    """Ask for every image among ``named`` at once; each is in the answer once, in the order of the file.

    An image that is built upon must be one for ``arch``: a builder would take any other that is not in an index, and
    say of the result that it is for ``arch``. Raises ClusterImageError with every image that cannot be had.
    """
    unique: dict[ImageReference, Source] = {}
    for source in named:
        if source.reference is not None and (source.reference not in unique or source.built_upon):
            unique[source.reference] = source
    items = list(unique.items())

    def ask(item: tuple[ImageReference, Source]) -> Base | ClusterImageError:
        try:
            return _base(client, *item, arch)
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


def _base(client: RegistryClient, reference: ImageReference, source: Source, arch: Arch) -> Base:
    try:
        head = client.head_manifest(reference)
        if head is None:
            host = client.endpoint(reference).host
            message = f"{source.instruction.keyword} names {source.word}, and {host} has no image {reference}"
            raise source.problem("no-base-image", message, "correct its name or its tag")
        digest = reference.digest or head.digest or client.get_manifest(reference).digest
        if source.built_upon and head.media_type not in INDEX_TYPES:  # in an index the builder looks itself
            _check_platform(client, replace(reference, tag=None, digest=digest), arch)
    except ClusterImageError as error:
        file, line = source.buildfile.path.name, source.instruction.line
        error.problems = tuple(problem._replace(file=file, line=line) for problem in error.problems)
        raise
    return Base(reference=reference, digest=digest, endpoint=client.endpoint(reference))


def _check_platform(client: RegistryClient, reference: ImageReference, arch: Arch) -> None:
    try:
        pull_leaf(RegistryImage(client, reference, lambda digest: None), arch)
    except InputError as error:
        hint = "start from an image for this architecture, or name those that there are in arches of image.yaml"
        raise InputError(problem._replace(hint=hint) for problem in error.problems) from error
