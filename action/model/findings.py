"""What a scan finds: images, each with where it was found and how sure that is. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from action.errors import Problem
from action.model.reference import ImageReference

Verdict = Literal["certain", "likely", "uncertain"]
INSIDE = "inside"
"""The rule of an image that an operator names inside its own image: the source has the operator as its object, and the
file there as its field."""
ArchiveKind = Literal["docker-archive", "oci-archive"]
Store = Literal["containers-storage", "docker-daemon"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Source:
    """One place that names an image.

    ``file`` is relative to the context (inside a packed chart: ``charts/web.tgz!web/templates/deploy.yaml``),
    ``document`` counts the YAML documents of the file from 1, ``object`` is ``Kind/name`` (in a list of images the
    comment behind the name), ``field`` the path of
    the value (``spec.template.spec.containers[0].image``), ``rule`` the extraction rule that matched and
    ``render`` which rendering of the chart showed it (empty for a plain file).
    """

    file: str
    document: int = 0
    object: str = ""
    field: str = ""
    rule: str
    render: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A file of the context that holds an image: ``docker-archive:<path>@<name>`` or ``oci-archive:...``."""

    kind: ArchiveKind
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One image, once, with every place that names it.

    ``certain`` and ``likely`` images are placed; ``uncertain`` ones are only reported. ``reason`` says why an image
    is uncertain, or likely. ``archive`` is set when a file of the context provides the image, and ``store`` when the
    images of this machine do: it is then not downloaded.
    """

    reference: ImageReference
    verdict: Verdict
    sources: tuple[Source, ...]
    reason: str = ""
    archive: Archive | None = None
    store: Store | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The outcome of scanning one build context, sorted, without duplicates.

    ``ignored`` are the images that ``.sealignore`` leaves out.
    ``blind_spots`` are the things that no scan can see (a chart fetched when the image runs, an image compiled into an
    operator), one sentence each. ``operators`` are the images to place that may start others: their pods may create
    workloads, or they are known to do so.
    """

    images: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()
    blind_spots: tuple[str, ...] = ()
    ignored: tuple[Finding, ...] = ()
    operators: tuple[Finding, ...] = ()

    @property
    def wanted(self) -> tuple[Finding, ...]:
        """The images to place: certain and likely ones."""
        return tuple(finding for finding in self.images if finding.verdict != "uncertain")


def found_at(finding: Finding) -> tuple[str, ...]:
    """The places that name an image, as ``file:line``, each once."""
    places = (f"{source.file}:{source.line}" if source.line else source.file for source in finding.sources)
    return tuple(dict.fromkeys(places))


def first_place(finding: Finding) -> tuple[str | None, int | None]:
    """File and line of the first place that names an image, for a problem with it."""
    source = finding.sources[0] if finding.sources else None
    return (source.file, source.line or None) if source else (None, None)
