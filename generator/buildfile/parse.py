"""Kubefile or Dockerfile -> instructions, by the grammar of the Dockerfile reference (pure but for reading the file).

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from generator.buildfile.instructions import Buildfile, Instruction
from generator.buildfile.substitution import split_words, word_end
from generator.errors import InputError, Problem
from generator.names import ImageType, nearest

KEYWORDS = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip

_CLUSTER_FILES = ("Kubefile", "Sealfile", "Dockerfile", "Containerfile")
_PLAIN_FILES = ("Dockerfile", "Containerfile", "Kubefile", "Sealfile")
_BUILD_FILES: dict[ImageType, tuple[str, ...]] = {
    "apps": _CLUSTER_FILES,
    "configs": _CLUSTER_FILES,
    "dockerimages": _PLAIN_FILES,
}
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*")
_HEREDOC = re.compile(r"\d*<<(-?)(['\"]?)([A-Za-z0-9_.+/-]+)\2")
_JSON_FORMS = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_ONE_TEXT = frozenset(
    {"CMD", "ENTRYPOINT", "HEALTHCHECK", "MAINTAINER", "ONBUILD", "RUN", "STOPSIGNAL", "USER", "WORKDIR"}
)
_PAIRS = frozenset({"ENV", "LABEL"})
_HEREDOC_KEYWORDS = frozenset({"ADD", "COPY", "RUN"})


def find_buildfile(context: Path, image_type: ImageType) -> Path:
    """The build file of ``context`` for that type of image ; raises InputError ``no-build-file``."""
    names = _BUILD_FILES[image_type]
    for name in names:
        candidate = context / name
        if candidate.is_file():
            return candidate
    present = [entry.name for entry in context.iterdir()] if context.is_dir() else []
    close = nearest(names[0], present, count=1)
    raise InputError(
        Problem(
            "no-build-file",
            f"there is none of {', '.join(names)}" + (f" (it has {close[0]})" if close else ""),
            "add one, or let init.sh write it into the directory it runs in",
        )
    )


def parse_buildfile(path: Path) -> Buildfile:
    """Read and parse a build file; raises InputError with the line of the first thing that is wrong."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Problem("bad-encoding", f"is not UTF-8 text: {error}", file=path.name)) from error
    except OSError as error:
        raise InputError(Problem("unreadable", f"cannot be read: {error.strerror}", file=path.name)) from error
    return parse_text(text, path)


def parse_text(text: str, path: Path) -> Buildfile:
    """Parse the text of a build file whose name messages take from ``path``; raises InputError as above."""
    return _Parser(path, text).parse()


class _Parser:
    """The lines of one file, read from the top."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = [line.removesuffix("\r") for line in text.split("\n")]
        self._at = 0
        self._directives = self._leading_directives()
        self._escape = self._directives.get("escape", "\\")
        # An escape before the last one is itself escaped, so such a line does not continue.
        mark = re.escape(self._escape)
        self._continued = re.compile(rf"(?:^|(?<!{mark})){mark}[ \t]*$")

    def parse(self) -> Buildfile:
        if self._escape not in ("\\", "`"):
            raise self._fail("bad-directive", f"escape is {self._escape!r}; it can only be '\\' or '`'", 1)
        instructions = tuple(self._instructions())
        buildfile = Buildfile(
            path=self._path, instructions=instructions, escape=self._escape, directives=self._directives
        )
        if not buildfile.stages:
            raise self._fail("no-from", "has no FROM instruction", 1, "a cluster image starts with 'FROM scratch'")
        for instruction in instructions:
            if instruction.keyword == "FROM":
                break
            if instruction.keyword != "ARG":
                raise self._fail("before-from", f"{instruction.keyword} comes before FROM", instruction.line)
        return buildfile

    def _leading_directives(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self._lines:
            match = _DIRECTIVE.fullmatch(line)
            if match is None or match[1].lower() in found:
                break
            if match[1].lower() not in ("escape", "syntax", "check"):
                break
            found[match[1].lower()] = match[2]
        return found

    def _instructions(self) -> Iterator[Instruction]:
        while self._at < len(self._lines):
            number = self._at + 1
            text = self._logical_line()
            if text:
                yield self._instruction(text, number)

    def _logical_line(self) -> str:
        """The next line with its continuations; empty for a comment or a blank line."""
        line = self._lines[self._at].lstrip()
        self._at += 1
        if line.startswith("#"):
            return ""
        text, goes_on = self._cut(line)
        while goes_on and self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if not line.strip() or line.lstrip().startswith("#"):
                continue  # comments and blank lines inside a continued line are dropped
            part, goes_on = self._cut(line)
            text += part
        return text.strip()

    def _cut(self, line: str) -> tuple[str, bool]:
        match = self._continued.search(line)
        return (line[: match.start()], True) if match else (line, False)

    def _instruction(self, text: str, line: int) -> Instruction:
        keyword, _, rest = (
            text.replace("\t", " ", 1).partition(" ") if "\t" in text.split(" ")[0] else text.partition(" ")
        )
        keyword = keyword.upper()
        if keyword not in KEYWORDS:
            close = nearest(keyword, KEYWORDS, count=1)
            hint = f"did you mean {close[0]}?" if close else ""
            raise self._fail("unknown-instruction", f"{keyword} is not an instruction", line, hint)
        rest = rest.strip()
        flags, rest = self._flags(rest)
        if not rest:
            raise self._fail("no-arguments", f"{keyword} needs at least one argument", line)
        last_line = self._at
        heredocs = tuple(self._heredocs(rest, line)) if keyword in _HEREDOC_KEYWORDS else ()
        args, form = self._arguments(keyword, rest, line)
        return Instruction(
            keyword=keyword, flags=flags, args=args, form=form, line=line, last_line=last_line, heredocs=heredocs
        )

    def _flags(self, text: str) -> tuple[tuple[tuple[str, str | None], ...], str]:
        flags: list[tuple[str, str | None]] = []
        at = 0
        while text.startswith("--", at):
            end = word_end(text, self._escape, at)
            word = text[at:end]
            at = end
            while at < len(text) and text[at].isspace():
                at += 1
            if word == "--":
                break
            name, equals, value = word[2:].partition("=")
            flags.append((name, value if equals else None))
        return tuple(flags), text[at:]

    def _arguments(self, keyword: str, text: str, line: int) -> tuple[tuple[str, ...], Literal["exec", "shell"]]:
        if keyword in _JSON_FORMS:
            listed = _string_list(text)
            if listed is not None:
                return listed, "exec"
        if keyword == "SHELL":
            raise self._fail("bad-shell", "SHELL needs a JSON list of strings", line)
        if keyword in _ONE_TEXT:
            return (text,), "shell"
        if keyword in _PAIRS:
            return self._pairs(keyword, text, line), "shell"
        if keyword == "ARG":
            return tuple(split_words(text, self._escape)), "shell"
        return tuple(text.split()), "shell"

    def _pairs(self, keyword: str, text: str, line: int) -> tuple[str, ...]:
        words = split_words(text, self._escape)
        if "=" in words[0]:
            return tuple(words)
        name, _, value = text.partition(" ") if " " in text else text.partition("\t")
        if not value.strip():
            raise self._fail("no-value", f"{keyword} {name} has no value", line, f"write {keyword} {name}=value")
        return (f"{name}={value.lstrip()}",)  # the old form: the rest of the line is the value

    def _heredocs(self, text: str, line: int) -> Iterator[str]:
        for word in split_words(text, self._escape):
            match = _HEREDOC.fullmatch(word)
            if match is None:
                continue
            body: list[str] = []
            while True:
                if self._at >= len(self._lines):
                    raise self._fail("open-heredoc", f"the here-document {match[3]} has no end", line)
                row = self._lines[self._at].lstrip("\t") if match[1] else self._lines[self._at]
                self._at += 1
                if row == match[3]:
                    break
                body.append(row + "\n")
            yield "".join(body)

    def _fail(self, code: str, message: str, line: int, hint: str = "") -> InputError:
        return InputError(Problem(code, message, hint, self._path.name, line))


def _string_list(text: str) -> tuple[str, ...] | None:
    """The strings of an exec form, or None: then the text is in shell form, as every builder reads it."""
    if not text.startswith("["):
        return None
    try:
        # What follows the list is ignored, as Go's JSON decoder does in every builder.
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):  # lists inside each other without end
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)


__all__ = ["KEYWORDS", "Buildfile", "Instruction", "find_buildfile", "parse_buildfile", "parse_text"]
