"""What was asked for, joined with what the jobs left behind: a result that is missing is a failure too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from action.errors import InputError, Problem
from action.results import BuildResult, ImageInside, PublishResult, Target
from generator.names import Arch, ImageType

State = Literal["waiting", "building", "built", "published", "failed", "cancelled"]

_Result = TypeVar("_Result", BuildResult, PublishResult)

_MISSING = Problem(
    "no-result",
    "the job ended without a result: it was cancelled, ran out of time, or its machine was lost",
    "read the log of the workflow run, and comment the same command again",
)


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One architecture of an image, and how far it got."""

    arch: Arch
    state: State
    digest: str | None = None
    size: int = 0
    images: tuple[ImageInside, ...] = ()
    problems: tuple[Problem, ...] = ()
    blind_spots: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image that was asked for. ``reference`` is the name it has, or was to have, in the registry."""

    type: ImageType
    app: str
    version: str
    reference: str
    context: str = ""
    digest: str | None = None
    platforms: tuple[Platform, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def published(self) -> bool:
        return self.digest is not None


def planned(targets: Iterable[Mapping[str, Any]], state: State) -> list[Image]:
    """The images of a plan, before anything has run."""
    images = []
    for data in targets:
        platforms = tuple(Platform(arch=arch, state=state) for arch in data["arches"])
        images.append(_image(data, platforms=platforms))
    return images


def collect(targets: Iterable[Mapping[str, Any]], results: Path) -> list[Image]:
    """The images of a plan, with the results that lie in ``results``: a folder for each downloaded artifact."""
    return [_collect_one(data, results) for data in targets]


def _collect_one(data: Mapping[str, Any], results: Path) -> Image:
    target = Target(type=data["type"], app=data["app"], version=data["version"], arches=tuple(data["arches"]))
    publication = _read(results, target.slug, PublishResult)
    pushed = (
        {platform.arch: platform for platform in publication.platforms}
        if isinstance(publication, PublishResult)
        else {}
    )
    platforms = []
    for arch in target.arches:
        build = _read(results, f"{target.slug}@{arch}", BuildResult)
        if isinstance(build, Problem):
            platforms.append(Platform(arch=arch, state="cancelled", problems=(build,)))
            continue
        state: State = "failed" if not build.ok else "published" if arch in pushed else "built"
        digest = pushed[arch].digest if arch in pushed else build.digest
        platforms.append(
            Platform(
                arch=arch,
                state=state,
                digest=digest,
                size=build.size,
                images=build.images,
                problems=build.problems,
                blind_spots=build.blind_spots,
            )
        )
    problems: tuple[Problem, ...] = ()
    if isinstance(publication, PublishResult):
        problems = publication.problems
    elif all(platform.state == "built" for platform in platforms):
        problems = (publication,)
    reference = publication.reference if isinstance(publication, PublishResult) else None
    digest = publication.digest if isinstance(publication, PublishResult) else None
    return _image(data, reference=reference, digest=digest, platforms=tuple(platforms), problems=problems)


def _image(
    data: Mapping[str, Any],
    *,
    platforms: tuple[Platform, ...],
    reference: str | None = None,
    digest: str | None = None,
    problems: tuple[Problem, ...] = (),
) -> Image:
    return Image(
        type=data["type"],
        app=data["app"],
        version=data["version"],
        reference=reference or data["image"],
        context=data.get("context", ""),
        digest=digest,
        platforms=platforms,
        problems=problems,
    )


def _read(results: Path, slug: str, kind: type[_Result]) -> _Result | Problem:
    """The result of a job, or the problem that stands for it."""
    path = results / f"result@{slug}" / "result.json"
    if not path.is_file():
        return _MISSING
    try:
        return kind.read(path)
    except InputError as error:
        return error.problems[0]
    except (KeyError, TypeError, ValueError) as error:
        return Problem("bad-result", f"the job left a result that cannot be read: {type(error).__name__}: {error}")
