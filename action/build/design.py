"""Design: how one image is built, by the simplest way that is exact, and the content id that it will have.

All of it is decided before anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from action.assembly.builder.adopt import build_with_engine, find_bases
from action.assembly.builder.bases import Base
from action.assembly.builder.run import EngineName, choose_engine, reads_heredocs
from action.assembly.files.rootfs import Rootfs
from action.assembly.finished.carried import Carried, read_carried
from action.assembly.finished.hidden import not_in_image
from action.assembly.finished.root_files import RootFiles, files_of_rootfs
from action.assembly.manifest import timestamp
from action.assembly.native.assemble import Assembled, assemble
from action.assembly.native.ignore_file import read_ignore_file
from action.assembly.native.sources import CannotCopy, ContextFiles
from action.assembly.native.write import add_bill, write_native
from action.assembly.recipe import NotNative, Recipe
from action.build import content
from action.errors import InputError, Problem
from action.model.annotations import CREATED
from action.model.results import ImageInside
from action.registry.client import RegistryClient
from action.registry.credentials.auth import default_keychain
from action.store.oci.layout import OciLayout
from generator.buildfile.parse import parse_buildfile
from generator.names import Arch, nearest
from generator.settings.settings import DEFAULT_COMPRESSION, Compression

EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"
# Given to every build; and the proxies, which builders know without an ARG.
_ALWAYS_GIVEN = frozenset({"ARCH", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"})
_EPOCH_LIMIT = 0o77777777777  # what the header of a tar entry can say


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """``engine`` is what will build it, and ``reason`` why that is not the native way (empty when it is).

    ``assembled`` are the files and the configuration when it is, ``bases`` the images that a builder will need when it
    is not. ``problems`` are warnings: the image can be built, and may not be what was meant.
    """

    recipe: Recipe
    engine: Literal["native"] | EngineName
    content_id: str
    reason: str = ""
    assembled: Assembled | None = None
    bases: tuple[Base, ...] = ()
    problems: tuple[Problem, ...] = ()

    def write(self, layout: OciLayout) -> tuple[str, tuple[Problem, ...]]:
        """Build into ``layout``, where the caller names the result; returns the image manifest's digest, and warnings.

        Raises InputError, and ToolError when a builder fails.
        """
        if self.engine == "native":
            assert self.assembled is not None  # noqa: S101 - what is native was assembled
            return write_native(self.recipe, self.assembled, self.content_id, layout).digest, ()
        return build_with_engine(self.recipe, self.engine, self.bases, self.content_id, layout)


def design_image(
    context: Path,
    buildfile: Path,
    *,
    arch: Arch,
    labels: Mapping[str, str],
    build_args: Mapping[str, str],
    engine: str = "auto",
    compression: Compression = DEFAULT_COMPRESSION,
    images: Sequence[ImageInside] | None = None,
    client: RegistryClient | None = None,
    changed: int | None = None,
) -> Design:
    """Decide how to build for one architecture.

    ``engine`` is ``auto`` (native where that is exact, else a builder that is installed), ``native``, ``buildah`` or
    ``buildx``. ``labels`` give way to labels of the build file. ``build_args`` are passed as given, and ARCH beside
    them. ``images`` are those that were placed for a cluster image, which then carries the bill of what its root holds
    as a file; None for any other image. ``client`` finds base images, by default with the logins of this machine. The
    time that files bear is SOURCE_DATE_EPOCH, or 0. The time that the image tells as that of its creation is the same,
    or else ``changed``, when its sources last changed (seconds since 1970).

    Raises InputError for what is wrong in the build file or the context, RegistryError for a base that cannot be had.
    """
    given = _epoch()
    created = (changed or 0) if given is None else given
    recipe = Recipe(
        context=context,
        buildfile=parse_buildfile(buildfile),
        arch=arch,
        labels={**({CREATED: timestamp(created)} if created else {}), **labels},
        build_args={"ARCH": arch, **build_args},
        epoch=given or 0,
        created=created,
        compression=compression,
        images=images,
    )
    files = ContextFiles(context, read_ignore_file(context, buildfile))
    reason = f"the settings ask for {engine}"
    if engine in ("auto", "native"):
        try:
            assembled = assemble(recipe.buildfile, files, arch=arch, build_args=recipe.build_args)
        except NotNative as error:
            reason = str(error)
        else:
            return _native(recipe, assembled, files)
    if engine == "native":
        problem = Problem("not-native", f"cannot be assembled natively: {reason}", file=buildfile.name)
        raise InputError(problem)
    client = client or RegistryClient(default_keychain())
    return _left_to_a_builder(recipe, choose_engine(engine), reason, files, client)


def _native(recipe: Recipe, assembled: Assembled, files: ContextFiles) -> Design:
    broken: tuple[Problem, ...] = ()
    if recipe.images is not None:
        carried = _carried(recipe, recipe.images, files_of_rootfs(assembled.rootfs))
        add_bill(assembled.rootfs, carried.images)
        broken = carried.broken
    return Design(
        recipe=recipe,
        engine="native",
        content_id=content.of_assembled(recipe, assembled),
        assembled=assembled,
        problems=(*_unused_args(recipe), *_skipped(files), *broken),
    )


def _carried(recipe: Recipe, placed: Sequence[ImageInside], files: RootFiles) -> Carried:
    """What the files that were assembled carry; raises InputError when an image that was placed is not among it."""
    carried = read_carried(files, placed, recipe.arch, recipe.buildfile.path.name)
    if carried.missing:
        raise not_in_image(recipe, files, carried.missing)
    return carried


def _left_to_a_builder(
    recipe: Recipe, engine: EngineName, reason: str, files: ContextFiles, client: RegistryClient
) -> Design:
    _refuse_heredocs(recipe, engine)
    bases = find_bases(recipe, engine, client)
    return Design(
        recipe=recipe,
        engine=engine,
        content_id=content.of_ingredients(recipe, _seen_by_builders(files), bases),
        reason=reason,
        bases=bases,
        problems=_unused_args(recipe),
    )


def _refuse_heredocs(recipe: Recipe, engine: EngineName) -> None:
    line = next((instruction.line for instruction in recipe.buildfile.instructions if instruction.heredocs), None)
    if line is not None and not reads_heredocs(engine):
        message = "here-documents are read by docker buildx, and by buildah from 1.33 on, which is not here"
        hint = "put the text into a file of the build directory and COPY it"
        raise recipe.buildfile.problem("heredoc", message, line, hint)


def _seen_by_builders(files: ContextFiles) -> Rootfs:
    """The whole context but for what its ignore file hides."""
    try:
        return Rootfs(files.whole())
    except CannotCopy as error:
        raise InputError(Problem("unsafe-file", str(error), "remove it: an image cannot carry it")) from error


def _unused_args(recipe: Recipe) -> tuple[Problem, ...]:
    """Build arguments that were given and that no ARG asks for: most often a misspelt name."""
    declared = {
        word.partition("=")[0]
        for instruction in recipe.buildfile.instructions
        if instruction.keyword == "ARG"
        for word in instruction.args
    }
    problems = []
    for name in sorted(recipe.build_args.keys() - declared - _ALWAYS_GIVEN):
        close = nearest(name, declared, count=1)
        message = f"the build argument {name} is asked for by no ARG of {recipe.buildfile.path.name}"
        hint = f"did you mean {close[0]}?" if close else "it has no effect"
        problems.append(Problem("unused-build-arg", message, hint, severity="warning"))
    return tuple(problems)


def _skipped(files: ContextFiles) -> tuple[Problem, ...]:
    message = "is a socket, which no image can hold; it was left out"
    return tuple(Problem("socket", message, file=path, severity="warning") for path in files.skipped)


def _epoch() -> int | None:
    """https://reproducible-builds.org/specs/source-date-epoch/; None when it is not set: no clock is ever read."""
    text = os.environ.get(EPOCH_VARIABLE, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) > _EPOCH_LIMIT:
        raise InputError(Problem("bad-epoch", f"{EPOCH_VARIABLE} is {text!r}, not seconds since 1970"))
    return int(text)
