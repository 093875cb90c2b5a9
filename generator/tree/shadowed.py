"""Two roots of one type may have the same version of an application: the root named first builds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from generator.errors import Problem
from generator.names import ImageType
from generator.tree.model import App, Version

_Owners = Mapping[tuple[ImageType, str, str], str]


def without_doubles(apps: list[App], roots: Mapping[ImageType, tuple[str, ...]]) -> tuple[list[App], list[Problem]]:
    """The applications with each version of a type in one place only, and a warning for every other place."""
    count = Counter(app.name for app in apps)
    owners = _owners([app for app in apps if count[app.name] > 1], roots)
    problems: list[Problem] = []
    kept = []
    for app in apps:
        if count[app.name] == 1:
            kept.append(app)
            continue
        built = [_owned(version, app.root, owners, problems) for version in app.built]
        kept.append(replace(app, built=tuple(built)))
    return kept, problems


def _owners(apps: list[App], roots: Mapping[ImageType, tuple[str, ...]]) -> _Owners:
    """The root that builds each version of each type."""
    owners: dict[tuple[ImageType, str, str], str] = {}
    for image_type, directories in roots.items():
        for directory in directories:
            for app in apps:
                if app.root == directory:
                    for version in app.built:
                        owners.setdefault((image_type, app.name, version.name), directory)
    return owners


def _owned(version: Version, root: str, owners: _Owners, problems: list[Problem]) -> Version:
    types = []
    for image_type in version.types:
        owner = owners[image_type, version.app, version.name]
        if owner == root:
            types.append(image_type)
        else:
            message = f"is not built as {image_type}, because {owner} has that version too"
            problems.append(Problem("shadowed", message, "remove one of them", version.context, severity="warning"))
    return replace(version, types=tuple(types))
