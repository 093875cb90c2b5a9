"""``images/shim``: text files that list images, one on a line. What stands there is wanted, without question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from action.beneath import files_below
from action.discover.files import read_text
from action.discover.findings import Source
from action.discover.hits import Hit
from action.discover.literals import literal
from action.errors import InputError, Problem
from action.reference import ImageReference

FOLDER = "images/shim"


def listed_images(context: Path) -> Iterator[Hit | Problem]:
    """The images of every list below ``images/shim``; hidden files are left alone."""
    for name in sorted(files_below(context, FOLDER)):
        if not any(part.startswith(".") for part in name.removeprefix(FOLDER).split("/")):
            try:
                text = read_text(context, name)
            except InputError as error:
                yield from error.problems
            else:
                yield from list_entries(text, name, "image-list")


def list_entries(text: str, name: str, rule: str) -> Iterator[Hit | Problem]:
    """The entries of one list: ``#`` starts a comment, blank lines and ``docker://`` are allowed."""
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.partition(" #")[0].strip()
        if not entry or entry.startswith("#"):
            continue
        entry = entry.removeprefix("docker://").strip("\"'")
        known = literal(entry)
        if known is None:
            yield bad_entry(entry, name, number)
        elif known.reference.digest is not None and known.reference.digest.startswith("sha512:"):
            yield Hit(
                known.reference,
                "uncertain",
                Source(file=name, rule=rule, line=number),
                "registries of the cluster know sha256 digests only",
            )
        else:
            yield Hit(known.reference, "certain", Source(file=name, rule=rule, line=number))


def bad_entry(entry: str, name: str, line: int) -> Problem:
    """The problem of a line that is no image name."""
    try:
        ImageReference.parse(entry)
        message = f"{entry!r} is not an image name"
    except InputError as error:
        message = error.problems[0].message
    return Problem("bad-reference", message, "write one image on each line, as in docker.io/nginx:1.25", name, line)
