"""``images/skopeo/tar.txt``: files of the context that hold images, so that these need no download."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from action.context.beneath import beneath, is_file_beneath
from action.discovery.evidence.hits import Found, Hit
from action.discovery.evidence.literals import literal
from action.discovery.lists.shim import bad_entry
from action.discovery.text.files import read_text
from action.errors import InputError, Problem
from action.model.findings import Archive, ArchiveKind, Source
from action.model.reference import ImageReference

LIST = "images/skopeo/tar.txt"
_LINE = re.compile(r"(docker-archive|oci-archive):([^@]+)@(.+)")


@dataclass(slots=True)
class Archived:
    """The images of the list, and the archive of each."""

    found: Found = field(default_factory=Found)
    by_reference: dict[ImageReference, Archive] = field(default_factory=dict)


def archived_images(context: Path) -> Archived:
    """What the list names; a line that cannot be used is an error with its number."""
    archived = Archived()
    if not is_file_beneath(context, LIST):
        return archived
    try:
        text = read_text(context, LIST)
    except InputError as error:
        archived.found.problems += error.problems
        return archived
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.partition(" #")[0].strip()
        if entry and not entry.startswith("#"):
            read = _entry(context, entry, number)
            if isinstance(read, Problem):
                archived.found.problems.append(read)
            else:
                hit, archive = read
                archived.found.hits.append(hit)
                archived.by_reference[hit.reference] = archive
    return archived


def _entry(context: Path, entry: str, number: int) -> tuple[Hit, Archive] | Problem:
    match = _LINE.fullmatch(entry)
    if match is None:
        hint = "write docker-archive:<file>@<image> or oci-archive:<file>@<image>"
        return Problem("bad-archive-line", f"{entry!r} names no archive and image", hint, LIST, number)
    kind, file, name = match[1], match[2].strip(), match[3].strip()
    known = literal(name)
    if known is None:
        return bad_entry(name, LIST, number)
    for base in (context, context / LIST.rpartition("/")[0]):
        archive = beneath(context, (base / file).relative_to(context).as_posix()) if not file.startswith("/") else None
        if archive is not None and archive.is_file():
            break
    else:
        message = f"the archive {file} is not a file of the context"
        return Problem("archive-missing", message, "give its path from the directory of the Kubefile", LIST, number)
    hit = Hit(known.reference, "certain", Source(file=LIST, rule="archive", line=number))

    form: ArchiveKind = "docker-archive" if kind == "docker-archive" else "oci-archive"
    return hit, Archive(kind=form, path=archive)
