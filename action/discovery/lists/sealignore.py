"""``.sealignore``: images not to download, compared after both sides are normalised; ``*`` and ``?`` are globs."""

from __future__ import annotations

import re
from pathlib import Path

from action.context.beneath import is_file_beneath
from action.discovery.evidence.literals import literal
from action.discovery.text.files import read_text
from action.errors import InputError, Problem
from action.model.reference import DOCKER_HUB, ImageReference

FILE = ".sealignore"


class IgnoreList:
    """The patterns of a ``.sealignore``. A pattern with no tag and no digest stands for all of them."""

    def __init__(self, patterns: list[re.Pattern[str]], problems: list[Problem]) -> None:
        self._patterns = patterns
        self.problems = problems

    def ignores(self, reference: ImageReference) -> bool:
        """Whether some line of the file covers the image."""
        return any(matches(pattern, reference) for pattern in self._patterns)


def read_ignore_list(context: Path) -> IgnoreList:
    """The list of the context, empty when there is none."""
    patterns: list[re.Pattern[str]] = []
    problems: list[Problem] = []
    if is_file_beneath(context, FILE):
        try:
            text = read_text(context, FILE)
        except InputError as error:
            return IgnoreList([], list(error.problems))
        for number, line in enumerate(text.splitlines(), 1):
            entry = line.partition(" #")[0].strip()
            if not entry or entry.startswith("#"):
                continue
            pattern = image_pattern(entry)
            if pattern is not None:
                patterns.append(pattern)
            else:
                hint = "write an image name, with * and ? where any text may stand"
                problems.append(Problem("bad-reference", f"{entry!r} is not an image name", hint, FILE, number))
    return IgnoreList(patterns, problems)


def image_pattern(entry: str) -> re.Pattern[str] | None:
    """What an image name or a glob stands for; None when it is neither."""
    known = literal(entry)
    if known is not None:
        return re.compile(re.escape(str(known.reference) if known.pinned else known.reference.name))
    return _glob(entry) if "*" in entry or "?" in entry else None


def matches(pattern: re.Pattern[str], reference: ImageReference) -> bool:
    """Whether the pattern covers the image by any of its names."""
    names = [str(reference), reference.name]
    if reference.tag is not None and reference.digest is not None:
        names += [f"{reference.name}:{reference.tag}", f"{reference.name}@{reference.digest}"]
    return any(pattern.fullmatch(name) for name in names)


def _glob(entry: str) -> re.Pattern[str]:
    """A glob over the normalised name: ``nginx*`` means ``docker.io/library/nginx*``; ``*`` crosses slashes."""
    first, slash, _ = entry.partition("/")
    if first not in ("**", "*") and not any(c in first for c in ".:[") and first != "localhost":
        entry = f"{DOCKER_HUB}/{entry}" if slash else f"{DOCKER_HUB}/library/{entry}"
    if first == "*" and not slash:
        entry = "*"
    first, *rest = ("".join("." if c == "?" else re.escape(c) for c in part) for part in entry.split("*"))
    # Each part but the last is taken where it is found first, and never sought again: see goglob.
    between = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(first + between + "".join(f".*{part}" for part in rest[-1:]))
