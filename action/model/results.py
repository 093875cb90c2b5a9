"""What one job tells the next: small JSON documents, so that every phase can run on a fresh machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from action.errors import InputError, Problem
from action.model.shape import from_json, whole_text
from generator.names import Arch, ImageType

# Bytes of one document: the bill of a thousand images is a hundredth of it.
_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The image that a request asks for, for every architecture: what the publish phase makes one index of."""

    type: ImageType
    app: str
    version: str
    arches: tuple[Arch, ...]
    build_args: dict[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """``apps@hello@v1.0.0``: ``@`` is in no app and no version, so two targets never share a slug."""
        return f"{self.type}@{self.app}@{self.version}"

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**{**data, "arches": tuple(data["arches"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInside:
    """A container image that the cluster image carries: one line of its bill of images."""

    reference: str
    path: str
    tag: str
    index_digest: str | None
    digest: str
    size: int
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one job of a target ended. ``digest`` is of what it made, and None when it made nothing."""

    type: ImageType
    app: str
    version: str
    digest: str | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        return self.digest is not None

    @property
    def slug(self) -> str:
        return f"{self.type}@{self.app}@{self.version}"

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        path.write_text(whole_text(text), encoding="utf-8")  # a file of the context may have a name that is no text

    @classmethod
    def read(cls, path: Path) -> Self:
        """The document that ``write`` made; raises InputError for a file that is none.

        It comes from another machine, where foreign code may have run: its shape is not taken on trust.
        """
        try:
            if path.stat().st_size > _LIMIT:
                raise ValueError(f"it is longer than {_LIMIT} bytes")  # noqa: TRY301 - one message for all that is wrong
            return from_json(cls, path.read_text(encoding="utf-8"))
        except (TypeError, OSError, ValueError) as error:
            raise InputError(Problem("bad-result", f"cannot be read as a result: {error}", file=str(path))) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult(Result):
    """One architecture of one target. ``digest`` and ``size`` (bytes) are of the image.

    ``taken_over``: an image with the same content was published already, so none was built.
    """

    arch: Arch
    size: int = 0
    content_id: str | None = None
    taken_over: bool = False
    images: tuple[ImageInside, ...] = ()
    blind_spots: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        return f"{self.type}@{self.app}@{self.version}@{self.arch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPlatform:
    """One architecture in the registry; ``uploaded`` counts the bytes of blobs that had to travel."""

    arch: Arch
    reference: str
    digest: str
    size: int
    uploaded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChange:
    """A container image inside that is not as it was: ``before`` is None when it is new, ``after`` when it is gone."""

    arch: str
    reference: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult(Result):
    """One target in the registry. ``reference`` and ``digest`` are of the index.

    ``unchanged``: the same content was there already, and nothing was sent. ``taken_over`` are the architectures whose
    image this run did not make: it was published before. ``replaced`` is the digest that the tag
    had, and ``force`` the reason why it could be replaced. ``changes`` are against what was published as
    ``compared_with`` (a tag), when there was something to compare with.
    """

    reference: str | None = None
    platforms: tuple[PublishedPlatform, ...] = ()
    unchanged: bool = False
    taken_over: tuple[Arch, ...] = ()
    replaced: str | None = None
    force: str | None = None
    compared_with: str | None = None
    changes: tuple[ImageChange, ...] = ()
