"""Looks at directories of an applications tree without trusting them: links, odd names, unreadable places."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from generator.errors import Problem

_DIGITS = re.compile(r"([0-9]+)")


def natural_key(text: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sorts ``v1.9`` before ``v1.10``; a total order, so that output never depends on how a directory was read."""
    parts = _DIGITS.split(text)
    return tuple((1, int(part), "") if i % 2 else (0, 0, part) for i, part in enumerate(parts)), text


def shown(path: str) -> str:
    """``path`` as it may be printed: what is no printable character, or no UTF-8, becomes an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in path)


def subdirectories(directory: Path, label: str, inside: Path) -> tuple[list[str], dict[str, Problem]]:
    """Names of the directories in ``directory``, in no order, and those that must be refused, with the reason.

    Names that start with a dot are not the catalogue's (``.git``, ``.DS_Store``). A link is followed only to a
    directory below ``inside`` that does not hold the link itself. ``label`` is what messages call the directory.
    """
    names: list[str] = []
    refused: dict[str, Problem] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_symlink() and (fault := link_fault(Path(entry.path), inside)) is not None:
                    refused[entry.name] = bad_link(fault, f"{label}/{entry.name}")
                elif entry.is_dir():
                    names.append(entry.name)
    except OSError as error:
        refused["."] = unreadable(error, label)
    return names, refused


def link_fault(link: Path, inside: Path) -> str | None:
    """Why a symbolic link must not be followed, or None."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: a loop, before Python 3.13
        return "is a link to nothing"
    if not target.is_relative_to(inside):
        return "is a link to a place outside of the tree"
    if link.parent.resolve().is_relative_to(target):
        return "is a link to a directory that holds it"
    return None


def bad_link(fault: str, label: str) -> Problem:
    return Problem("bad-link", fault, "replace the link by the files that it should show", shown(label))


def unreadable(error: OSError, label: str) -> Problem:
    return Problem("unreadable", f"cannot be read: {error.strerror}", "check its permissions", shown(label))


def case_clashes(names: list[str], label: str, fault: Callable[[str], str | None]) -> dict[str, Problem]:
    """Names that are one on a file system that ignores case, and in the concurrency groups of GitHub.

    Of such names the only one without a ``fault`` is let through: the others cannot be built anyway.
    """
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)
    clashes: dict[str, Problem] = {}
    for same in folded.values():
        sound = [name for name in same if fault(name) is None]
        for name in same if len(same) > 1 else ():
            if [name] == sound:
                continue
            others = ", ".join(shown(other) for other in sorted(same) if other != name)
            hint = "rename it, or the other; until then it is not built"
            clashes[name] = Problem(
                "case-clash", f"differs only by case from {others}", hint, shown(f"{label}/{name}")
            )
    return clashes
