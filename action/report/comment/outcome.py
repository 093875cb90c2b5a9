"""What was asked for, joined with what the jobs left behind: a result that is missing is a failure too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from action.errors import InputError, Problem
from action.model.results import BuildResult, ImageChange, ImageInside, PublishResult
from generator.names import Arch, ImageType

State = Literal["building", "built", "published", "failed", "cancelled"]
_Result = TypeVar("_Result", BuildResult, PublishResult)

_MISSING = Problem(
    "no-result",
    "the job ended without a result: it was cancelled, ran out of time, or its machine was lost",
    "read the log of the workflow run, and comment the same command again",
)


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One architecture of an image, and how far it got; ``taken_over`` as it was published before, and not built."""

    arch: Arch
    state: State
    digest: str | None = None
    size: int = 0
    images: tuple[ImageInside, ...] = ()
    problems: tuple[Problem, ...] = ()
    blind_spots: tuple[str, ...] = ()
    taken_over: bool = False


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image that was asked for; the fields from ``unchanged`` on are those of PublishResult.

    ``reference`` is the name it has, or was to have, in the registry.
    """

    type: ImageType
    app: str
    version: str
    reference: str
    context: str = ""
    digest: str | None = None
    platforms: tuple[Platform, ...] = ()
    problems: tuple[Problem, ...] = ()
    unchanged: bool = False
    replaced: str | None = None
    force: str | None = None
    compared_with: str | None = None
    changes: tuple[ImageChange, ...] = ()

    @property
    def published(self) -> bool:
        return self.digest is not None


def planned(targets: Iterable[Mapping[str, Any]], state: State) -> list[Image]:
    """The images of a plan, before anything has run."""
    return [
        Image(**_names(data), platforms=tuple(Platform(arch=arch, state=state) for arch in data["arches"]))
        for data in targets
    ]


def collect(targets: Iterable[Mapping[str, Any]], results: Path, *, publishing: bool = True) -> list[Image]:
    """The images of a plan, with the results that lie in ``results``: a folder for each downloaded artifact.

    Without ``publishing``, as for a pull request, nothing was to be published, and that is nobody's failure.
    """
    return [_collect_one(data, results, publishing) for data in targets]


def _collect_one(data: Mapping[str, Any], results: Path, publishing: bool) -> Image:
    slug = f"{data['type']}@{data['app']}@{data['version']}"
    publication = _read(results, slug, PublishResult)
    if isinstance(publication, Problem):
        platforms = tuple(_platform(results, slug, arch, None) for arch in data["arches"])
        # when a build failed, that is the reason; a publication that is missing beside good builds is one itself
        missed = publishing and all(platform.state == "built" for platform in platforms)
        problems = (publication,) if missed else ()
        return Image(**_names(data), platforms=platforms, problems=problems)
    names = _names(data)
    names["reference"] = publication.reference or names["reference"]
    return Image(
        **names,
        digest=publication.digest,
        platforms=tuple(_platform(results, slug, arch, publication) for arch in data["arches"]),
        problems=publication.problems,
        unchanged=publication.unchanged,
        replaced=publication.replaced,
        force=publication.force,
        compared_with=publication.compared_with,
        changes=publication.changes,
    )


def _platform(results: Path, slug: str, arch: Arch, publication: PublishResult | None) -> Platform:
    build = _read(results, f"{slug}@{arch}", BuildResult)
    if isinstance(build, Problem):
        return Platform(arch=arch, state="cancelled", problems=(build,))
    pushed = next((each for each in publication.platforms if each.arch == arch), None) if publication else None
    unchanged = publication is not None and publication.unchanged
    state: State = "failed" if not build.ok else "published" if pushed or unchanged else "built"
    return Platform(
        arch=arch,
        state=state,
        digest=pushed.digest if pushed else build.digest,
        size=build.size,
        images=build.images,
        problems=build.problems,
        blind_spots=build.blind_spots,
        taken_over=build.taken_over,
    )


def _names(data: Mapping[str, Any]) -> dict[str, Any]:
    names = {name: data[name] for name in ("type", "app", "version", "context")}
    return {**names, "reference": data["image"]}


def _read(results: Path, slug: str, kind: type[_Result]) -> _Result | Problem:
    """The result of a job, or the problem that stands for it.

    actions/download-artifact puts an only artifact into the folder itself: what is inside says whose it is.
    """
    path = results / f"result@{slug}" / "result.json"
    alone = not path.is_file()
    try:
        found = kind.read(results / "result.json" if alone else path)
    except InputError as error:
        return _MISSING if alone else error.problems[0]
    if found.slug == slug:
        return found
    return (
        _MISSING if alone else Problem("bad-result", f"is the result of {found.slug}, not of {slug}", file=str(path))
    )
