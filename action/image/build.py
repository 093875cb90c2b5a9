"""build_image: a build context and its build file -> an image in an OCI layout, by the simplest way that is exact."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from action import content_id
from action.errors import InputError, Problem
from action.image.built import build_with_engine, find_bases
from action.image.context_files import ContextFiles
from action.image.engines import choose_engine
from action.image.ignore import read_ignore_file
from action.image.manifest import image_size
from action.image.native import assemble
from action.image.native_image import write_native
from action.image.not_native import NotNative
from action.image.recipe import Recipe
from action.kubefile import parse_buildfile
from action.registry.auth import default_keychain
from action.registry.client import RegistryClient
from action.results import ImageInside
from action.store.oci_layout import Descriptor, OciLayout
from generator.names import Arch, nearest

EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"
# Given to every build; and the proxies, which builders know without an ARG.
_ALWAYS_GIVEN = frozenset({"ARCH", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"})
_EPOCH_LIMIT = 0o77777777777  # what the header of a tar entry can say


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """``digest`` is of the image manifest, ``size`` counts manifest, configuration and layers.

    ``engine`` is what built it, and ``reason`` why that was not the native way (empty when it was). ``problems`` are
    warnings: the image is there, and may not be what was meant.
    """

    digest: str
    size: int
    engine: Literal["native", "buildah", "buildx"]
    content_id: str
    reason: str = ""
    problems: tuple[Problem, ...] = ()


def build_image(
    context: Path,
    buildfile: Path,
    *,
    arch: Arch,
    labels: Mapping[str, str],
    build_args: Mapping[str, str],
    layout: OciLayout,
    engine: str = "auto",
    images: Sequence[ImageInside] | None = None,
    client: RegistryClient | None = None,
) -> BuiltImage:
    """Build for one architecture into ``layout``; the caller names the result there.

    ``engine`` is ``auto`` (native where that is exact, else a builder that is installed), ``native``, ``buildah`` or
    ``buildx``. ``labels`` give way to labels of the build file. ``build_args`` are passed as given, and ARCH beside
    them. ``images`` is the bill of images of a cluster image, which it then carries as a file; None for any other
    image. The time that the image and its files bear is SOURCE_DATE_EPOCH, or 0. ``client`` finds base images, by
    default with the logins of this machine.

    Raises InputError for what is wrong in the build file or the context, ToolError when a builder fails.
    """
    recipe = Recipe(
        context=context,
        buildfile=parse_buildfile(buildfile),
        arch=arch,
        labels=labels,
        build_args={"ARCH": arch, **build_args},
        epoch=_epoch(),
        images=images,
    )
    reason = f"the settings ask for {engine}"
    if engine in ("auto", "native"):
        try:
            files = ContextFiles(context, read_ignore_file(context, buildfile))
            assembled = assemble(recipe.buildfile, files, arch=arch, build_args=recipe.build_args)
        except NotNative as error:
            reason = str(error)
        else:
            problems = (*_unused_args(recipe), *_skipped(files))
            return _built(layout, write_native(recipe, assembled, layout), "native", "", problems)
    if engine == "native":
        problem = Problem("not-native", f"cannot be assembled natively: {reason}", file=buildfile.name)
        raise InputError(problem)
    chosen = choose_engine(engine)
    bases = find_bases(recipe, chosen, client or RegistryClient(default_keychain()))
    return _built(layout, build_with_engine(recipe, chosen, bases, layout), chosen, reason, _unused_args(recipe))


def _built(
    layout: OciLayout,
    written: Descriptor,
    engine: Literal["native", "buildah", "buildx"],
    reason: str,
    problems: tuple[Problem, ...],
) -> BuiltImage:
    return BuiltImage(
        digest=written.digest,
        size=image_size(layout, written.digest),
        engine=engine,
        content_id=layout.read_manifest(written.digest)["annotations"][content_id.LABEL],
        reason=reason,
        problems=problems,
    )


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


def _epoch() -> int:
    """https://reproducible-builds.org/specs/source-date-epoch/; 0 when it is not set, so that no clock is read."""
    text = os.environ.get(EPOCH_VARIABLE, "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or int(text) > _EPOCH_LIMIT:
        raise InputError(Problem("bad-epoch", f"{EPOCH_VARIABLE} is {text!r}, not seconds since 1970"))
    return int(text)
