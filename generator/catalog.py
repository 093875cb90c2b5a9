"""Reads an applications tree into a Catalog; every oddity becomes a Problem, none an exception."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from generator.config import METADATA_FILE, AppMetadata, Settings, load_app_metadata
from generator.dockerfile import ends_in_scratch
from generator.errors import InputError, Problem
from generator.model import LATEST, App, BuildFiles, Catalog, Version
from generator.names import ARCHES, IMAGE_TYPES, Arch, ImageType, app_fault, version_fault
from generator.tree import bad_link, link_fault, natural_key, shown, subdirectories, unreadable

__all__ = ["App", "BuildFiles", "Catalog", "Version", "read_catalog"]

KUBEFILES = ("Kubefile", "Sealfile")
DOCKERFILES = ("Dockerfile", "Containerfile")
INIT_SCRIPT = "init.sh"
ARCH_FILE = "build_arch"
_READ = (*KUBEFILES, *DOCKERFILES, INIT_SCRIPT, ARCH_FILE)


def read_catalog(root: Path, settings: Settings) -> Catalog:
    """The catalogue of the repository at ``root``. Never raises for what is in the tree: see ``Catalog.problems``."""
    apps: list[App] = []
    problems: list[Problem] = []
    for directory in sorted({directory for directories in settings.roots.values() for directory in directories}):
        if not (root / directory).is_dir():
            problems.append(Problem("no-such-root", "is no directory", "correct roots in imagebuild.yaml", directory))
            continue
        reader = _Reader(root, directory, settings)
        apps += reader.apps()
        problems += reader.problems
    apps.sort(key=lambda app: (natural_key(app.name), app.root))
    apps, doubled = _without_doubles(apps, settings)
    problems += doubled
    problems.sort(
        key=lambda problem: (natural_key(problem.file or ""), problem.code, problem.line or 0, problem.message)
    )
    return Catalog(apps=tuple(apps), roots=settings.roots, problems=tuple(problems))


class _Reader:
    """Reads the applications below one root; what is wrong collects in ``problems``."""

    def __init__(self, root: Path, directory: str, settings: Settings) -> None:
        self.path = (root / directory).absolute()
        self.inside = self.path.resolve()
        self.directory = directory
        self.settings = settings
        self.types = tuple(each for each in IMAGE_TYPES if directory in settings.roots.get(each, ()))
        self.problems: list[Problem] = []

    def apps(self) -> list[App]:
        names, refused = subdirectories(self.path, self.directory, self.inside)
        refused |= self._clashes(names, self.directory)
        self.problems += refused.values()
        apps = [self._app(name) for name in names if name not in refused and self._sound(name, app_fault(name))]
        apps += [self._unsound(name, problem) for name, problem in refused.items() if app_fault(name) is None]
        return apps

    def _unsound(self, name: str, problem: Problem) -> App:
        return App(name=name, root=self.directory, types=self.types, problem=problem)

    def _app(self, name: str) -> App:
        label = f"{self.directory}/{name}"
        try:
            metadata = load_app_metadata(self.path / name, label)
            arches = self._arches(self.path / name, label, metadata.arches or self.settings.arches)
        except InputError as error:
            self.problems += error.problems
            return self._unsound(name, error.problems[0])
        names, refused = subdirectories(self.path / name, label, self.inside)
        refused |= self._clashes(names, label)
        versions: dict[str, Version] = {}
        for each in sorted(names, key=natural_key):
            if each in refused or not self._sound(f"{name}/{each}", version_fault(each)):
                continue
            try:
                versions[each] = self._version(name, each, metadata, arches)
            except InputError as error:
                refused[each] = error.problems[0]
        self.problems += refused.values()
        if not names:
            self.problems.append(_warning("no-versions", "has no version directory", label))
        return App(
            name=name,
            root=self.directory,
            types=self.types,
            versions=versions,
            built=self._built(label, versions, metadata),
            refused=refused,
        )

    def _version(self, app: str, name: str, metadata: AppMetadata, arches: tuple[Arch, ...]) -> Version:
        directory = self.path / app / name
        label = f"{self.directory}/{app}/{name}"
        try:
            names = {entry.name for entry in os.scandir(directory)}
        except OSError as error:
            raise InputError(unreadable(error, label)) from error
        for each in _READ:
            path = directory / each
            if each in names and path.is_symlink() and (fault := link_fault(path, self.inside)) is not None:
                raise InputError(bad_link(fault, f"{label}/{each}"))
        files = BuildFiles(
            kubefile=next((each for each in KUBEFILES if each in names), None),
            dockerfile=next((each for each in DOCKERFILES if each in names), None),
            init=INIT_SCRIPT in names,
        )
        if not files.servable:
            raise InputError(_no_build_file(names, label))
        return Version(
            app=app,
            name=name,
            directory=directory,
            context=label,
            types=self._types(directory, label, files, metadata),
            arches=self._arches(directory, label, arches) if ARCH_FILE in names else arches,
            files=files,
            metadata=metadata,
        )

    def _types(self, directory: Path, label: str, files: BuildFiles, metadata: AppMetadata) -> tuple[ImageType, ...]:
        """What the matrix builds of a directory: as image.yaml says, else what the root is for, else by its files."""
        wanted: set[ImageType] = set()
        if metadata.types is not None:
            wanted.update(metadata.types)
            for each in metadata.types:
                if each not in files.servable or each not in self.types:
                    reason = "has no build file for it" if each in self.types else f"{self.directory} is no root of it"
                    self.problems.append(
                        _warning("type-not-offered", f"is to be built as {each}, but {reason}", label)
                    )
        elif len(self.types) == 1:
            wanted.update(self.types)
        else:
            scratch = files.dockerfile is not None and ends_in_scratch(_text(directory / files.dockerfile, label))
            if files.kubefile or scratch or not files.dockerfile:
                wanted.add("apps")
            if files.dockerfile and not scratch:
                wanted.add("dockerimages")
        return tuple(each for each in IMAGE_TYPES if each in wanted and each in files.servable and each in self.types)

    def _arches(self, directory: Path, label: str, arches: tuple[Arch, ...]) -> tuple[Arch, ...]:
        """``arches`` as the one word of a build_arch file restricts them."""
        path = directory / ARCH_FILE
        if not path.is_file():
            return tuple(each for each in ARCHES if each in arches)
        word = _text(path, label).strip()
        if word not in ARCHES:
            raise InputError(
                Problem(
                    "bad-build-arch",
                    f"says {word[:40]!r}",
                    f"write one of {', '.join(ARCHES)}",
                    f"{label}/{ARCH_FILE}",
                )
            )
        return tuple(each for each in arches if each == word)

    def _built(self, label: str, versions: dict[str, Version], metadata: AppMetadata) -> tuple[Version, ...]:
        """The versions that the matrix builds: every directory, and of ``latest`` what image.yaml lists instead."""
        if metadata.versions is None:
            return tuple(versions.values())
        built = {name: version for name, version in versions.items() if name != LATEST}
        latest = versions.get(LATEST)
        for name in metadata.versions:
            if name in built:
                continue
            if latest is None:
                message = f"lists the version {name}, which has no directory, and there is no latest/ to build it from"
                self.problems.append(_warning("unknown-version", message, f"{label}/{METADATA_FILE}"))
                continue
            built[name] = latest.named(name)
        return tuple(sorted(built.values(), key=lambda version: natural_key(version.name)))

    def _sound(self, name: str, fault: str | None) -> bool:
        if fault is not None:
            hint = "rename the directory; until then it is not built"
            self.problems.append(Problem("bad-name", f"the name {fault}", hint, shown(f"{self.directory}/{name}")))
        return fault is None

    def _clashes(self, names: list[str], label: str) -> dict[str, Problem]:
        """Names that are one on a file system that ignores case, and in the concurrency groups of GitHub."""
        folded: dict[str, list[str]] = {}
        for name in names:
            folded.setdefault(name.casefold(), []).append(name)
        clashes: dict[str, Problem] = {}
        for same in folded.values():
            for name in same if len(same) > 1 else ():
                others = ", ".join(shown(other) for other in sorted(same) if other != name)
                message = f"differs only by case from {others}"
                hint = "rename one of them; until then neither is built"
                clashes[name] = Problem("case-clash", message, hint, shown(f"{label}/{name}"))
        return clashes


def _without_doubles(apps: list[App], settings: Settings) -> tuple[list[App], list[Problem]]:
    """The applications, where two roots of a type have one version, with that type left to the root named first."""
    problems: list[Problem] = []
    owners: dict[tuple[ImageType, str, str], str] = {}
    doubled = {name for name, group in groupby(apps, key=lambda app: app.name) if len(list(group)) > 1}
    for image_type, directories in settings.roots.items():
        for app in sorted((app for app in apps if app.name in doubled), key=lambda app: app.root):
            if app.root in directories:
                for version in app.built:
                    key = (image_type, app.name, version.name)
                    rivals = [owner for owner in (owners.get(key), app.root) if owner is not None]
                    owners[key] = min(rivals, key=directories.index)
    kept = []
    for app in apps:
        if app.name not in doubled:
            kept.append(app)
            continue
        built = []
        for version in app.built:
            types = tuple(each for each in version.types if owners[(each, app.name, version.name)] == app.root)
            for each in set(version.types) - set(types):
                message = f"is not built as {each}: {owners[(each, app.name, version.name)]} has that version too"
                problems.append(_warning("shadowed", message, version.context))
            built.append(replace(version, types=types))
        kept.append(replace(app, built=tuple(built)))
    return kept, problems


def _no_build_file(names: set[str], label: str) -> Problem:
    misspelt = sorted(name for name in names if name.capitalize() in (*KUBEFILES, *DOCKERFILES))
    hint = (
        f"rename {shown(misspelt[0])} to {misspelt[0].capitalize()}" if misspelt else "add a Kubefile or a Dockerfile"
    )
    return Problem("no-build-file", "has no Kubefile, Dockerfile or init.sh, so it is no version", hint, label)


def _warning(code: str, message: str, file: str) -> Problem:
    return Problem(code, message, file=file, severity="warning")


def _text(path: Path, label: str) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(1024 * 1024)
    except OSError as error:
        raise InputError(unreadable(error, f"{label}/{path.name}")) from error
