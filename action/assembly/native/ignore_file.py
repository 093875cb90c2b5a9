"""Ignore files (``.containerignore``, ``.dockerignore``): which paths of a context no instruction sees.

https://docs.docker.com/build/concepts/context/#dockerignore-files, read as buildah reads it: the last pattern that
matches decides, a pattern also matches everything below, ``!`` takes back.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from action.assembly.native.go_glob import BadPattern, compile_component
from action.context.beneath import read_regular
from action.errors import InputError, Problem

_MAX_BYTES = 1 << 20
_MOST_STARS = 5
"""How often ``**`` may stand in one pattern: each multiplies the time by the depth of a path."""
_STAR = "[^/]*"


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    takes_back: bool
    expression: re.Pattern[str]


class Ignored:
    """The patterns of one ignore file."""

    def __init__(self, lines: Iterable[str], file: str = "") -> None:
        self._patterns: list[_Pattern] = []
        for number, line in enumerate(lines, 1):
            try:
                pattern = _parse(line)
            except (BadPattern, re.error) as error:
                problem = Problem("bad-ignore-pattern", f"{line!r} is not a pattern", file=file, line=number)
                raise InputError(problem) from error
            if pattern is not None:
                self._patterns.append(pattern)
        self.takes_back = any(pattern.takes_back for pattern in self._patterns)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def __contains__(self, path: str) -> bool:
        """Whether ``path``, relative to the context with ``/`` between names, is ignored."""
        ignored = False
        for pattern in self._patterns:
            if pattern.takes_back == ignored and pattern.expression.fullmatch(path):
                ignored = not pattern.takes_back
        return ignored

    def may_hold_wanted(self, directory: str) -> bool:
        """Whether something below an ignored ``directory`` may be taken back, as far as its written name shows."""
        return any(
            pattern.takes_back and (pattern.text + "/").startswith(directory.strip("/")) for pattern in self._patterns
        )


def find_ignore_file(context: Path, buildfile: Path) -> Path | None:
    """The ignore file that applies: one named after the build file, else ``.containerignore``, ``.dockerignore``."""
    own = [Path(f"{buildfile}{suffix}") for suffix in (".dockerignore", ".containerignore")]
    candidates = (*own, context / ".containerignore", context / ".dockerignore")
    return next((path for path in candidates if path.is_file()), None)


def read_ignore_file(context: Path, buildfile: Path) -> Ignored:
    """The patterns of the ignore file that applies, if there is one; raises InputError when it cannot be read."""
    path = find_ignore_file(context, buildfile)
    if path is None:
        return Ignored(())
    try:
        text = read_regular(path, _MAX_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem("unreadable", f"cannot be read: {error}", file=path.name)
        raise InputError(problem) from error
    return Ignored(text.split("\n"), path.name)


def _parse(line: str) -> _Pattern | None:
    if line.startswith("#"):
        return None
    text = line.strip("/").strip()
    if not text:
        return None
    text = posixpath.normpath(text)
    takes_back = text.startswith("!")
    if takes_back:
        if len(text) == 1:
            raise BadPattern(line)
        text = posixpath.normpath(text[1:].strip()).lstrip("/")
    for component in text.split("/"):
        compile_component(component.replace("**", "*"))  # only to find what is no pattern at all
    return _Pattern(text, takes_back, re.compile(_expression(text), re.DOTALL))


def _expression(text: str) -> str:
    if text.count("**") > _MOST_STARS:
        raise BadPattern(text)
    done: list[str] = []  # up to the last wildcard; see goglob, where no part is sought twice
    parts: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*" and text[at : at + 1] == "*":
            at += 1
            at += text[at : at + 1] == "/"
            parts.append(".*" if at >= len(text) else "(?:.*/)?")
            done, parts = [*done, *parts], []
        elif character == "*":
            if parts and parts[0] == _STAR:
                parts = ["(?>[^/]*?", *parts[1:], ")"]
            done, parts = [*done, *parts], [_STAR]
        elif character == "?":
            parts.append("[^/]")
        elif character == "\\":
            parts.append(re.escape(text[at : at + 1]))
            at += 1
        elif character in "[]^-":
            parts.append(character)  # a class is spelled the same way in both languages
        else:
            parts.append(re.escape(character))
    return "".join([*done, *parts]) + "(?:/.*)?"
