"""``images/shim``: text files that list images, one on a line. What stands there is wanted, without question."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from action.context.beneath import files_below
from action.discovery.evidence.hits import Hit
from action.discovery.evidence.literals import literal
from action.discovery.text.files import read_text
from action.errors import InputError, Problem
from action.model.findings import Source, Store
from action.model.reference import ImageReference
from generator.names import ARCHES, Arch

FOLDER = "images/shim"
STORES: tuple[Store, ...] = ("containers-storage", "docker-daemon")
_CONDITIONS = tuple(f"arch={arch}" for arch in ARCHES)


def listed_images(context: Path, arch: Arch) -> Iterator[Hit | Problem]:
    """The images of every list below ``images/shim`` that are for ``arch``; hidden files are left alone."""
    for name in sorted(files_below(context, FOLDER)):
        if not any(part.startswith(".") for part in name.removeprefix(FOLDER).split("/")):
            try:
                text = read_text(context, name)
            except InputError as error:
                yield from error.problems
            else:
                yield from list_entries(text, name, "image-list", arch, STORES)


def list_entries(
    text: str, name: str, rule: str, arch: Arch | None = None, stores: Collection[Store] = ()
) -> Iterator[Hit | Problem]:
    """The entries of one list: blank lines and ``docker://`` are allowed, ``#`` starts a comment, which says why.

    ``IMAGE if arch=arm64`` is for one architecture only; with no ``arch`` asked for, every entry counts. ``stores``
    are the transports that may come before a name, with a colon, for an image that this machine has.
    """
    for number, line in enumerate(text.splitlines(), 1):
        entry, _, comment = (part.strip() for part in line.partition(" #"))
        if not entry or entry.startswith("#"):
            continue
        entry, _, condition = (part.strip() for part in entry.partition(" if "))
        if condition and condition not in _CONDITIONS:
            hint = f"conditions are {' and '.join(_CONDITIONS)}"
            yield Problem("bad-condition", f"{condition!r} is not a condition", hint, name, number)
            continue
        if condition and arch is not None and condition != f"arch={arch}":
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
                Source(file=name, rule=rule, line=number, object=comment),
                "registries of the cluster know sha256 digests only",
            )
        else:
            source = Source(file=name, rule=rule, line=number, object=comment)
            yield Hit(known.reference, "certain", source, store=store)


def bad_entry(entry: str, name: str, line: int) -> Problem:
    """The problem of a line that is no image name."""
    try:
        ImageReference.parse(entry)
        message = f"{entry!r} is not an image name"
    except InputError as error:
        message = error.problems[0].message
    return Problem("bad-reference", message, "write one image on each line, as in docker.io/nginx:1.25", name, line)
