"""An applications tree as values: which applications and versions there are, and what each can be built as."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from generator.errors import InputError, Problem
from generator.names import IMAGE_TYPES, Arch, ImageType, app_fault, nearest, version_fault
from generator.settings.settings import AppMetadata

LATEST = "latest"
COLLISION_HINT = "give one of them another name: names in image.yaml, or types in imagebuild.yaml"


class BuildFiles(NamedTuple):
    """Names of the files in a build directory that say how it is built; None where there is none."""

    kubefile: str | None = None
    dockerfile: str | None = None
    init: bool = False

    @property
    def servable(self) -> tuple[ImageType, ...]:
        """The types that a request may ask of these files; ``init.sh`` alone may make whatever is needed."""
        if self.dockerfile or (self.init and not self.kubefile):
            return IMAGE_TYPES
        return ("apps", "configs") if self.kubefile else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an application, sound enough to build.

    ``name`` is the version that was asked for, ``directory`` where its files are (that of ``latest`` when the version
    has none of its own) and ``context`` the same relative to the root. ``types`` are those that the matrix builds, and
    ``arches`` the architectures it can be built for. ``colliding`` are types that would be published under one name
    with another: they are not built.
    """

    app: str
    name: str
    directory: Path
    context: str
    types: tuple[ImageType, ...]
    arches: tuple[Arch, ...]
    files: BuildFiles
    metadata: AppMetadata
    colliding: tuple[ImageType, ...] = ()

    def image_name(self, image_type: ImageType) -> str:
        """What the image of a type is called in its namespace: the application, unless image.yaml says otherwise."""
        return self.metadata.names.get(image_type, self.app)

    def named(self, name: str) -> Version:
        """The same directory, to be built as another version."""
        return replace(self, name=name)


@dataclass(frozen=True, kw_only=True)
class App:
    """One application below one root. ``built`` is what the matrix builds; ``versions`` the directories there are.

    ``refused`` holds, for each version that is there and not sound, why; ``problem`` is set when the application as a
    whole is not sound.
    """

    name: str
    root: str
    types: tuple[ImageType, ...]
    versions: Mapping[str, Version] = field(default_factory=dict)
    built: tuple[Version, ...] = ()
    refused: Mapping[str, Problem] = field(default_factory=dict)
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """Everything below the roots, sorted naturally; ``problems`` has everything that is not as it should be."""

    apps: tuple[App, ...]
    roots: Mapping[ImageType, tuple[str, ...]]
    problems: tuple[Problem, ...]

    def resolve(self, image_type: ImageType, app: str, version: str) -> Version:
        """The version that a request means, with its own directory or else that of ``latest``.

        Raises InputError, with the nearest names, when there is none or when it cannot be built as ``image_type``.
        The answer is always a member of the tree that was read: no path is made of the words of a request.
        """
        for word, fault in ((app, app_fault(app)), (version, version_fault(version))):
            if fault is not None:
                raise InputError(Problem("bad-name", f"{word!r} {fault}"))
        apps = self._offering(image_type, app)
        for candidate in apps:
            if candidate.problem is not None:
                raise InputError(candidate.problem)
            if version in candidate.refused:
                raise InputError(candidate.refused[version])
            if version in candidate.versions:
                return _serving(candidate.versions[version], image_type)
        for candidate in apps:
            if LATEST in candidate.refused:
                raise InputError(candidate.refused[LATEST])
            if LATEST in candidate.versions:
                return _serving(candidate.versions[LATEST].named(version), image_type)
        known = {name for candidate in apps for name in candidate.versions}
        message = f"{app} has no version {version}, and no latest/ to build it from"
        raise InputError(Problem("unknown-version", message, _suggestion(version, known, "its versions are")))

    def _offering(self, image_type: ImageType, name: str) -> list[App]:
        """The applications of that name below the roots of a type, in the order of the roots."""
        everywhere = self._by_name.get(name, [])
        roots = self.roots.get(image_type, ())
        apps = sorted((app for app in everywhere if app.root in roots), key=lambda app: roots.index(app.root))
        if not everywhere:
            message = f"there is no application {name}"
            raise InputError(Problem("unknown-app", message, _suggestion(name, self._by_name, "applications are")))
        if not apps:
            offered = sorted({each for app in everywhere for each in app.types}, key=IMAGE_TYPES.index)
            message = f"{name} is not offered as {image_type}"
            raise InputError(Problem("type-not-offered", message, f"it is offered as {', '.join(offered)}"))
        return apps

    @cached_property
    def _by_name(self) -> dict[str, list[App]]:
        names: dict[str, list[App]] = {}
        for app in self.apps:
            names.setdefault(app.name, []).append(app)
        return names


def _serving(version: Version, image_type: ImageType) -> Version:
    if image_type in version.colliding:
        message = f"{version.app} {version.name} as {image_type} has the name of another image"
        raise InputError(Problem("name-collision", message, COLLISION_HINT, version.context))
    servable = version.files.servable
    if image_type in servable:
        return version
    raise InputError(
        Problem(
            "type-not-offered",
            f"{version.app} {version.name} has no Dockerfile, which {image_type} is built from",
            f"its {version.files.kubefile} serves {' and '.join(servable)}",
            file=version.context,
        )
    )


def _suggestion(word: str, known: Iterable[str], introduction: str) -> str:
    known = sorted(known)
    if close := nearest(word, known):
        return f"did you mean {' or '.join(close)}?"
    if not known:
        return ""
    return f"{introduction} {', '.join(known[:10])}{' and more' if len(known) > 10 else ''}"
