"""Reads an applications tree into a Catalog; every oddity becomes a Problem, none an exception."""

from __future__ import annotations

from pathlib import Path

from generator.errors import InputError, Problem
from generator.names import ARCHES, IMAGE_TYPES, Arch, ImageType, app_fault, version_fault
from generator.settings.settings import METADATA_FILE, AppMetadata, Settings, load_app_metadata
from generator.tree.build_files import ARCH_FILE, find_build_files, only_arch, refuse_link, suggested_types
from generator.tree.collisions import without_collisions
from generator.tree.model import LATEST, App, BuildFiles, Catalog, Version
from generator.tree.mount_from import unknown_neighbours
from generator.tree.paths import bad_link, case_clashes, natural_key, shown, subdirectories
from generator.tree.shadowed import without_doubles

__all__ = ["App", "BuildFiles", "Catalog", "Version", "read_catalog"]


def read_catalog(root: Path, settings: Settings) -> Catalog:
    """The catalogue of the repository at ``root``. Never raises for what is in the tree: see ``Catalog.problems``."""
    apps: list[App] = []
    problems: list[Problem] = []
    for directory in sorted({directory for directories in settings.roots.values() for directory in directories}):
        if not (root / directory).is_dir():
            problems.append(Problem("no-such-root", "is no directory", "correct roots in imagebuild.yaml", directory))
            continue
        if not (root / directory).resolve().is_relative_to(root.resolve()):
            problems.append(bad_link("is a link to a place outside of the repository", directory))
            continue
        reader = _Reader(root, directory, settings)
        apps += reader.apps()
        problems += reader.problems
    apps.sort(key=lambda app: (natural_key(app.name), app.root))
    apps, doubled = without_doubles(apps, settings.roots)
    problems += doubled
    apps, collided = without_collisions(apps, settings)
    problems += collided
    problems += unknown_neighbours(apps)
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
        refused |= case_clashes(names, self.directory, app_fault)
        self.problems += refused.values()
        apps = [self._app(name) for name in names if name not in refused and self._sound(name, app_fault(name))]
        apps += [self._unsound(name, problem) for name, problem in refused.items() if app_fault(name) is None]
        return apps

    def _unsound(self, name: str, problem: Problem) -> App:
        return App(name=name, root=self.directory, types=self.types, problem=problem)

    def _app(self, name: str) -> App:
        label = f"{self.directory}/{name}"
        try:
            metadata, arches = self._shared(self.path / name, label)
        except InputError as error:
            self.problems += error.problems
            return self._unsound(name, error.problems[0])
        names, refused = subdirectories(self.path / name, label, self.inside)
        refused |= case_clashes(names, label, version_fault)
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
            self._warn("no-versions", "has no version directory", "add one, as in v1.0.0/", label)
        return App(
            name=name,
            root=self.directory,
            types=self.types,
            versions=versions,
            built=self._built(label, versions, metadata),
            refused=refused,
        )

    def _shared(self, directory: Path, label: str) -> tuple[AppMetadata, tuple[Arch, ...]]:
        """What an application says of all its versions."""
        for file in (METADATA_FILE, ARCH_FILE):
            refuse_link(directory / file, f"{label}/{file}", self.inside)
        metadata = load_app_metadata(directory, label)
        wanted = metadata.arches or self.settings.arches
        arches = tuple(each for each in ARCHES if each in wanted)
        if (directory / ARCH_FILE).is_file():
            arches = self._restricted(arches, directory, label)
        return metadata, arches

    def _version(self, app: str, name: str, metadata: AppMetadata, arches: tuple[Arch, ...]) -> Version:
        directory = self.path / app / name
        label = f"{self.directory}/{app}/{name}"
        files, one_arch = find_build_files(directory, label, self.inside)
        if one_arch:
            arches = self._restricted(arches, directory, label)
        return Version(
            app=app,
            name=name,
            directory=directory,
            context=label,
            types=self._types(directory, label, files, metadata),
            arches=arches,
            files=files,
            metadata=metadata,
        )

    def _types(self, directory: Path, label: str, files: BuildFiles, metadata: AppMetadata) -> tuple[ImageType, ...]:
        """What the matrix builds of a directory: as image.yaml says, else what the root is for, else by its files."""
        offered = [each for each in self.types if each in files.servable]
        if metadata.types is not None:
            for each in set(metadata.types) - set(offered):
                reason = "has no build file for it" if each in self.types else f"{self.directory} is no root of it"
                self._warn("type-not-offered", f"is to be built as {each}, but {reason}", "correct types", label)
            wanted = set(metadata.types)
        elif len(self.types) == 1:
            wanted = set(self.types)
        else:
            wanted = suggested_types(files, directory, label)
        return tuple(each for each in offered if each in wanted)

    def _restricted(self, arches: tuple[Arch, ...], directory: Path, label: str) -> tuple[Arch, ...]:
        """``arches`` as a build_arch file restricts them."""
        arch = only_arch(directory, label)
        if arch not in arches:
            hint = f"the architectures to build for are {', '.join(arches)}"
            self._warn("no-arch", f"is for {arch} only, which nothing is built for", hint, label)
        return tuple(each for each in arches if each == arch)

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
                self._warn("unknown-version", message, "correct versions", f"{label}/{METADATA_FILE}")
                continue
            built[name] = latest.named(name)
        return tuple(sorted(built.values(), key=lambda version: natural_key(version.name)))

    def _sound(self, name: str, fault: str | None) -> bool:
        if fault is not None:
            hint = "rename the directory; until then it is not built"
            self.problems.append(Problem("bad-name", f"the name {fault}", hint, shown(f"{self.directory}/{name}")))
        return fault is None

    def _warn(self, code: str, message: str, hint: str, file: str) -> None:
        self.problems.append(Problem(code, message, hint, file, severity="warning"))
