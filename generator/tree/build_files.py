"""The files of a build directory that say what can be built of it."""

from __future__ import annotations

import os
from pathlib import Path

from generator.errors import InputError, Problem
from generator.names import ARCHES, Arch, ImageType
from generator.tree.dockerfile import ends_in_scratch
from generator.tree.model import BuildFiles
from generator.tree.paths import bad_link, link_fault, shown, unreadable

KUBEFILES = ("Kubefile", "Sealfile")
DOCKERFILES = ("Dockerfile", "Containerfile")
INIT_SCRIPT = "init.sh"
ARCH_FILE = "build_arch"
_NAMES = frozenset({*KUBEFILES, *DOCKERFILES, INIT_SCRIPT, ARCH_FILE})
_READ_LIMIT = 1024 * 1024


def find_build_files(directory: Path, label: str, inside: Path) -> tuple[BuildFiles, bool]:
    """The build files of a directory, and whether it has a build_arch; raises InputError when it has no build file.

    ``label`` is what messages call the directory; no link that leaves ``inside`` is followed.
    """
    others: set[str] = set()
    names: set[str] = set()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name in _NAMES:
                    refuse_link(Path(entry.path), f"{label}/{entry.name}", inside)
                (names if entry.name in _NAMES and entry.is_file() else others).add(entry.name)
    except OSError as error:
        raise InputError(unreadable(error, label)) from error
    files = BuildFiles(
        kubefile=next((name for name in KUBEFILES if name in names), None),
        dockerfile=next((name for name in DOCKERFILES if name in names), None),
        init=INIT_SCRIPT in names,
    )
    if not files.servable:
        raise InputError(_no_build_file(others, label))
    return files, ARCH_FILE in names


def suggested_types(files: BuildFiles, directory: Path, label: str) -> set[ImageType]:
    """The types that the build files are meant for, where nobody says it."""
    scratch = files.dockerfile is not None and ends_in_scratch(
        read_build_file(directory / files.dockerfile, f"{label}/{files.dockerfile}")
    )
    types: set[ImageType] = set()
    if files.kubefile or scratch or not files.dockerfile:
        types.add("apps")
    if files.dockerfile and not scratch:
        types.add("dockerimages")
    return types


def only_arch(directory: Path, label: str) -> Arch:
    """The one architecture that a build_arch file names."""
    word = read_build_file(directory / ARCH_FILE, f"{label}/{ARCH_FILE}").strip()
    for arch in ARCHES:
        if word == arch:
            return arch
    hint = f"write one of {', '.join(ARCHES)}"
    raise InputError(Problem("bad-build-arch", f"says {word[:40]!r}", hint, f"{label}/{ARCH_FILE}"))


def refuse_link(path: Path, label: str, inside: Path) -> None:
    """Raise InputError when ``path`` is a link that must not be followed."""
    if path.is_symlink() and (fault := link_fault(path, inside)) is not None:
        raise InputError(bad_link(fault, label))


def _no_build_file(names: set[str], label: str) -> Problem:
    misspelt = sorted(name for name in names if name.capitalize() in (*KUBEFILES, *DOCKERFILES))
    hint = (
        f"rename {shown(misspelt[0])} to {misspelt[0].capitalize()}" if misspelt else "add a Kubefile or a Dockerfile"
    )
    return Problem("no-build-file", "has no Kubefile, Dockerfile or init.sh, so it is no version", hint, label)


def read_build_file(path: Path, label: str) -> str:
    """The text of a build file, as far as anybody would read one; raises InputError that calls it ``label``."""
    try:
        # Line ends stay as they are: a lone carriage return ends no line of a build file.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            return stream.read(_READ_LIMIT)
    except OSError as error:
        raise InputError(unreadable(error, label)) from error
