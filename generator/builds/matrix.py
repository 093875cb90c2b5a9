"""Catalogue and selection to matrix rows, rows to shards that one GitHub matrix can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple, Self

from generator.names import IMAGE_TYPES, Arch, ImageType
from generator.settings.settings import Settings
from generator.tree.model import Catalog, Version

# "A matrix will generate a maximum of 256 jobs per workflow run": docs.github.com/actions/reference/limits.
MATRIX_LIMIT = 256


class Row(NamedTuple):
    """One build job: one architecture of one image. ``context`` is relative to the repository, with slashes.

    ``name`` is what the image is called in its namespace, empty when that is the application.
    """

    type: ImageType
    app: str
    version: str
    arch: Arch
    context: str
    runner: str
    build_args: Mapping[str, str] = {}
    name: str = ""

    @property
    def target(self) -> tuple[ImageType, str, str]:
        """What is published as one index."""
        return self.type, self.app, self.version

    def to_json(self) -> dict[str, Any]:
        """The row as a JSON object; ``build_args`` and ``name`` only when there are some."""
        fields = {**self._asdict(), "build_args": dict(self.build_args)}
        return {key: value for key, value in fields.items() if value or key not in ("build_args", "name")}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


class Selection(NamedTuple):
    """Which rows are wanted; an empty part selects everything."""

    types: tuple[ImageType, ...] = ()
    apps: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    arches: tuple[Arch, ...] = ()


EVERYTHING = Selection()


def version_rows(
    version: Version,
    image_type: ImageType,
    settings: Settings,
    *,
    arches: Iterable[Arch] = (),
    build_args: Mapping[str, str] | None = None,
) -> list[Row]:
    """The rows of one image: an architecture each, of those that the version can be built for and ``arches`` asks."""
    wanted = tuple(arches)
    arguments = {**version.metadata.build_args, **(build_args or {})} if image_type == "dockerimages" else {}
    name = version.metadata.names.get(image_type, "")
    return [
        Row(image_type, version.app, version.name, arch, version.context, settings.runners[arch], arguments, name)
        for arch in version.arches
        if not wanted or arch in wanted
    ]


def rows(catalog: Catalog, settings: Settings, selection: Selection = EVERYTHING) -> Iterator[Row]:
    """Every selected row of the tree: sorted by type, then naturally by application and version."""
    for image_type in selection.types or IMAGE_TYPES:
        for app in catalog.apps:
            if selection.apps and app.name not in selection.apps:
                continue
            for version in app.built:
                if image_type in version.types and (not selection.versions or version.name in selection.versions):
                    yield from version_rows(version, image_type, settings, arches=selection.arches)


def shards(rows: Iterable[Row], limit: int = MATRIX_LIMIT) -> Iterator[list[Row]]:
    """Rows in their order, in as few lists of at most ``limit`` as keep all architectures of an image together."""
    shard: list[Row] = []
    for _, group in groupby(rows, key=lambda row: row.target):
        image = list(group)
        if shard and len(shard) + len(image) > limit:
            yield shard
            shard = []
        shard += image
    if shard:
        yield shard


def batches(rows: Iterable[Row], limit: int = MATRIX_LIMIT) -> list[dict[str, Any]]:
    """Shards as the build workflow takes them: the rows to build, and the targets to publish once they are built."""
    return [
        {"rows": [row.to_json() for row in shard], "targets": list(_targets(shard))} for shard in shards(rows, limit)
    ]


def _targets(shard: list[Row]) -> Iterator[dict[str, Any]]:
    for (image_type, app, version), group in groupby(shard, key=lambda row: row.target):
        image = list(group)
        yield {
            "type": image_type,
            "app": app,
            "version": version,
            "arches": [row.arch for row in image],
            "build_args": dict(image[0].build_args),
        }
