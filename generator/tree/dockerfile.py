"""What the last stage of a Dockerfile starts from: all that the generator has to know of one.

Grammar: docs.docker.com/reference/dockerfile (parser directives, line continuation, here-documents, ARG, FROM).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_ESCAPE = re.compile(r"#\s*escape\s*=\s*(\S)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*[A-Za-z]+\s*=")
_HEREDOC = re.compile(r"<<(-?)([\"']?)([A-Za-z0-9_]+)\2")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?(?P<rule>[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))")


class Instruction(NamedTuple):
    """``keyword`` in capitals, the words that follow it, and the number of its first line."""

    keyword: str
    words: list[str]
    line: int


def ends_in_scratch(text: str) -> bool:
    """Whether the image that a build of ``text`` yields has nothing below its own files: FROM scratch."""
    stages: dict[str, str] = {}
    arguments: dict[str, str] = {}
    base = ""
    for keyword, words, _ in instructions(text):
        if keyword == "ARG" and not base:  # those after a FROM belong to its stage
            for word in words:
                name, _, default = word.partition("=")
                arguments[name] = default.strip("\"'")
        elif keyword == "FROM":
            words = [word for word in words if not word.startswith("--")] or ["?"]
            image = _expand(words[0], arguments)
            base = stages.get(image.lower(), image)
            if len(words) == 3 and words[1].upper() == "AS":
                stages[words[2].lower()] = base
    return base == "scratch"


def _expand(text: str, arguments: Mapping[str, str]) -> str:
    """``text`` with each variable replaced by the default of its ARG: a build may override it, the matrix does not."""

    def value(match: re.Match[str]) -> str:
        known = arguments.get(match["braced"] or match["plain"], "")
        if match["rule"] == "-":
            return known or match["word"]
        return match["word"] if match["rule"] == "+" and known else "" if match["rule"] else known

    return _VARIABLE.sub(value, text)


def instructions(text: str) -> Iterator[Instruction]:
    """Every instruction of every stage, in order."""
    lines = enumerate(text.splitlines(), 1)
    escape = "\\"
    directives = True
    for number, line in lines:
        if directives:
            if match := _ESCAPE.match(line):
                escape = match[1]
            directives = bool(_DIRECTIVE.match(line))
        if _says_nothing(line):
            continue
        logical = line.strip()
        while logical.endswith(escape):
            following = next((each for _, each in lines if not _says_nothing(each)), "")
            logical = f"{logical[:-1]} {following.strip()}"
        keyword, *words = logical.split() or [""]
        yield Instruction(keyword.upper(), words, number)
        if keyword.upper() in {"RUN", "COPY", "ADD"}:
            _skip_documents(logical, lines)


def _skip_documents(logical: str, lines: Iterator[tuple[int, str]]) -> None:
    """Pass over the here-documents that an instruction opens."""
    for dash, _, delimiter in _HEREDOC.findall(logical):
        for _, body in lines:
            if (body.lstrip("\t") if dash else body) == delimiter:
                break


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")
