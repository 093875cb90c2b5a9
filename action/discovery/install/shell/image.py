"""The files of an image: what of the build context stands where, by paths relative to the image's root."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from action.context.beneath import beneath, is_file_beneath
from action.discovery.install.words.patterns import expression, unquoted
from action.discovery.text.context_rules import TEMPLATE_SUFFIXES
from action.discovery.text.files import read_text
from action.errors import InputError

MAX_MATCHES = 256
"""Paths that one pattern may name."""


def image_path(path: str) -> str:
    """A path in the image, relative to its root: sealos runs commands there, and keeps the context's layout."""
    return posixpath.normpath(f"/{path}").lstrip("/")


@dataclass(frozen=True, slots=True)
class Image:
    """``copies`` are the paths that COPY puts elsewhere: each in the image, and where it stands in the context.

    ``made`` has the texts of the files that ``sealos run`` makes before anything runs, by their names in the context.
    """

    context: Path
    copies: Sequence[tuple[str, str]]
    made: Mapping[str, str] = field(default_factory=dict)

    def locate(self, path: str) -> str | None:
        """What of the context becomes ``path`` in the image, relative to the context; None when nothing does.

        The root of both is the empty path, which is always there.
        """
        candidates = [path]
        for target, source in self.copies:
            if path == target or (target and path.startswith(f"{target}/")):
                candidates.append((source + path[len(target) :]).lstrip("/"))
            elif not target:
                candidates.append(posixpath.join(source, path))
        return next((name for name in candidates if self._will_exist(name)), None)

    def text(self, path: str) -> str | None:
        """The text of a file, None when it is not there or is no text."""
        name = self.locate(path)
        if name is None:
            return None
        if name in self.made:
            return self.made[name]
        if not is_file_beneath(self.context, name):
            return None
        try:
            return read_text(self.context, name)
        except InputError:
            return None

    def is_directory(self, path: str) -> bool:
        """Whether it is a directory of the image."""
        name = self.locate(path)
        there = beneath(self.context, name) if name is not None else None
        return there is not None and there.is_dir()

    def matching(self, pattern: str) -> list[str]:
        """The paths that a pattern matches, sorted, a part at a time as a shell does it."""
        found = [""]
        for part in pattern.split("/"):
            made = expression(part, in_path=True)
            if made is None:
                return []
            found = [path for folder in found for path in self._inside(folder, made, part)][:MAX_MATCHES]
        return found

    def _inside(self, folder: str, made: str, part: str) -> list[str]:
        if not any(character in part for character in "*?["):
            path = posixpath.join(folder, unquoted(part))
            return [path] if self.locate(path) is not None else []
        name = self.locate(folder)
        there = beneath(self.context, name) if name is not None else None
        if there is None or not there.is_dir():
            return []
        names = (entry.name for entry in there.iterdir())
        wanted = sorted(n for n in names if re.fullmatch(made, n) and n.startswith(".") == part.startswith("."))
        return [posixpath.join(folder, n) for n in wanted]

    def _will_exist(self, name: str) -> bool:
        """Whether it is there, or ``sealos run`` makes it."""
        made = name in self.made or any(is_file_beneath(self.context, name + suffix) for suffix in TEMPLATE_SUFFIXES)
        return made or beneath(self.context, name) is not None
