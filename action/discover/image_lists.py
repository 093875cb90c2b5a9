"""``images/shim``: text files that list images, one on a line. What stands there is wanted, without question."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from action.discover.files import read_text, relative
from action.discover.findings import Source, Store
from action.discover.hits import Hit
from action.discover.literals import literal
from action.errors import InputError, Problem
from action.reference import ImageReference

FOLDER = "images/shim"
STORES: tuple[Store, ...] = ("containers-storage", "docker-daemon")


def listed_images(context: Path) -> Iterator[Hit | Problem]:
    """The images of every list below ``images/shim``; hidden files are left alone."""
    folder = context / FOLDER
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            name = relative(path, context)
            try:
                text = read_text(path, name)
            except InputError as error:
                yield from error.problems
            else:
                yield from list_entries(text, name, "image-list", stores=STORES)


def list_entries(text: str, name: str, rule: str, stores: Collection[Store] = ()) -> Iterator[Hit | Problem]:
    """The entries of one list: ``#`` starts a comment, blank lines and ``docker://`` are allowed.

    ``stores`` are the transports that may come before a name, with a colon, for an image that this machine has.
    """
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.partition(" #")[0].strip()
        if not entry or entry.startswith("#"):
            continue
        entry = entry.strip("\"'").removeprefix("docker://")
        store = next((store for store in stores if entry.startswith(f"{store}:")), None)
        entry = entry.removeprefix(f"{store}:") if store else entry
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
            yield Hit(known.reference, "certain", Source(file=name, rule=rule, line=number), store=store)


def bad_entry(entry: str, name: str, line: int) -> Problem:
    """The problem of a line that is no image name."""
    try:
        ImageReference.parse(entry)
        message = f"{entry!r} is not an image name"
    except InputError as error:
        message = error.problems[0].message
    return Problem("bad-reference", message, "write one image on each line, as in docker.io/nginx:1.25", name, line)
