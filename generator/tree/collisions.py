"""Two images of one name would replace each other by turns: the first type keeps it, and the tree is at fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.errors import Problem
from generator.names import IMAGE_TYPES, ImageType
from generator.settings.settings import Settings
from generator.tree.model import COLLISION_HINT, App, Version

_Owners = dict[tuple[object, ...], list[tuple[Version, ImageType]]]


def without_collisions(apps: Sequence[App], settings: Settings) -> tuple[list[App], list[Problem]]:
    """The applications without what would be published under a name that another image has, and an error for each.

    apps come before configs, and those before dockerimages, so that a name never changes hands.
    """
    owners: _Owners = {}
    for app in apps:
        for version in app.built:
            for image_type in version.types:
                name = (*settings.destination(image_type), version.image_name(image_type), version.name)
                owners.setdefault(name, []).append((version, image_type))
    shared = [sorted(images, key=_rank) for images in owners.values() if len(images) > 1]
    refused = {(version.context, image_type) for images in shared for version, image_type in images[1:]}
    if not refused:
        return list(apps), []
    kept = []
    for app in apps:
        built = tuple(_sound(version, refused) for version in app.built)
        versions = {name: _sound(version, refused) for name, version in app.versions.items()}
        kept.append(replace(app, built=built, versions=versions))
    return kept, [_problem(images) for images in shared]


def _rank(image: tuple[Version, ImageType]) -> int:
    return IMAGE_TYPES.index(image[1])


def _sound(version: Version, refused: set[tuple[str, ImageType]]) -> Version:
    bad = tuple(image_type for image_type in version.types if (version.context, image_type) in refused)
    if not bad:
        return version
    return replace(version, types=tuple(each for each in version.types if each not in bad), colliding=bad)


def _problem(images: list[tuple[Version, ImageType]]) -> Problem:
    first, image_type = images[0]
    listed = " and ".join(f"{version.app} {version.name} as {each}" for version, each in images)
    named = f"{first.image_name(image_type)}:{first.name}"
    message = f"{listed} would be published under one name, {named}: only the first is built"
    return Problem("name-collision", message, COLLISION_HINT, first.context)
