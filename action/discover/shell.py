"""A shell script -> the simple commands that it may run, words expanded, nothing run.

Both sides of every condition are taken, a loop over written words runs once for each, and assignments count in the
order in which they stand: the plan must hold every command that could run. What the grammar parser refuses is read
line by line instead, so that one odd construct does not hide the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import bashlex
import bashlex.errors

from action.discover.shell_words import Expansion, closing_quote

MAX_PARSED = 128 * 1024
"""Characters that the grammar parser gets; longer scripts are read line by line."""
MAX_LOOP = 64
MAX_VISITS = 20_000
"""Commands of one script, the turns of its loops counted."""
MAX_VALUE = 16 * 1024
"""Characters of one variable: a script can double a text as often as it has lines."""

_HEREDOC = re.compile(r"(?<![<\w])<<(-?)\s*(['\"]?)([A-Za-z_][\w.-]*)\2")
_TEST = re.compile(r"\[\[ .{0,500}? \]\]")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.DOTALL | re.ASCII)
_DECLARING = frozenset({"export", "readonly", "local", "declare", "typeset"})
_LEADING = re.compile(r"^\s*(?:(?:then|else|elif|do|if|while|until|!|\{|\()\s+|[\w*|.\"'$-]+\)\s*)")
_FOR = re.compile(r"\s*for\s+\w+\s+in\s")
_DONE = re.compile(r"\s*done\b")
_KEYWORDS = frozenset({"then", "else", "elif", "do", "done", "fi", "if", "while", "until", "esac", "{", "}", ";;"})


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """``words`` are expanded; ``unknown`` is what only a running shell could know; ``heredoc`` feeds its input."""

    words: tuple[str, ...]
    line: int
    unknown: tuple[str, ...] = ()
    heredoc: str | None = None


@dataclass(slots=True)
class Script:
    """A script being read: ``variables`` change as its assignments are met."""

    variables: dict[str, str]
    commands: list[ShellCommand] = field(default_factory=list)
    visits: int = 0


def shell_commands(text: str, variables: dict[str, str]) -> list[ShellCommand]:
    """The commands of a script in order; ``variables`` is what its environment gives, and is updated."""
    script = Script(variables)
    source, heredocs = _without_heredocs(text.replace("\r\n", "\n"))
    source = _TEST.sub(lambda match: ":".ljust(len(match.group())), source)
    trees = _parse(source) if len(source) <= MAX_PARSED else None
    if trees is not None:
        reader = _Reader(source, 1, heredocs, script)
        for tree in trees:
            reader.visit(tree)
        return script.commands
    for line, number in _joined_loops(list(_logical_lines(source))):
        for part in _parseable(line):
            reader = _Reader(part[0], number, heredocs, script)
            for tree in part[1]:
                reader.visit(tree)
    return script.commands


class _Reader:
    """Visits the nodes of one parsed text, in order."""

    def __init__(self, source: str, first_line: int, heredocs: dict[int, str], script: Script) -> None:
        self._source = source
        self._first = first_line
        self._heredocs = heredocs
        self._script = script

    def visit(self, node: Any) -> None:  # noqa: ANN401 - bashlex has no types
        self._script.visits += 1
        if self._script.visits > MAX_VISITS:
            return
        if node.kind == "command":
            self._command(node)
        elif node.kind == "for":
            self._loop(node)
        elif node.kind == "compound":
            for part in node.list:
                self.visit(part)
        else:
            for part in getattr(node, "parts", ()):
                self.visit(part)

    def _loop(self, node: Any) -> None:  # noqa: ANN401
        words = [part for part in node.parts if part.kind == "word"]
        body = [part for part in node.parts if part.kind not in ("word", "reservedword")]
        values = [value for word in words[1:] for value in self._expand(word).fields][:MAX_LOOP]
        for value in values or [""]:
            self._script.variables[words[0].word] = value
            for part in body:
                self.visit(part)

    def _command(self, node: Any) -> None:  # noqa: ANN401
        line = self._first + self._source.count("\n", 0, node.pos[0])
        words: list[str] = []
        unknown: list[str] = []
        assignments: list[tuple[str, str, str]] = []
        for part in node.parts:
            if part.kind == "assignment" and not words:
                assignments += self._assignment(self._raw(part))
            elif part.kind in ("word", "assignment"):
                if words and words[0] in _DECLARING:
                    assignments += self._assignment(self._raw(part))
                expansion = self._expand(part)
                words += expansion.fields
                unknown += expansion.unknown
        for name, joint, value in assignments:
            before = self._script.variables.get(name, "") if joint else ""
            self._script.variables[name] = (before + value)[:MAX_VALUE]
        if words:
            last = self._first + self._source.count("\n", 0, node.pos[1])
            heredoc = self._heredocs.get(line) or self._heredocs.get(last)
            self._script.commands.append(ShellCommand(tuple(words), line, tuple(unknown), heredoc))

    def _assignment(self, raw: str) -> Iterator[tuple[str, str, str]]:
        match = _ASSIGNMENT.fullmatch(raw)
        if match is not None:
            body = match[3] if match[3][:1] in "\"'" else _quoted(match[3])
            yield match[1], match[2], Expansion(body, self._script.variables).text

    def _expand(self, part: Any) -> Expansion:  # noqa: ANN401
        return Expansion(self._raw(part), self._script.variables)

    def _raw(self, part: Any) -> str:  # noqa: ANN401
        start, end = part.pos
        return self._source[start:end]


def _quoted(value: str) -> str:
    """An assignment's value is not split: as if it stood in double quotes, unless it has quotes of its own."""
    return value if "'" in value or '"' in value else f'"{value}"'


def _parse(source: str) -> list[Any] | None:
    if not source.strip():
        return []
    try:
        return list(bashlex.parse(source))
    except (bashlex.errors.ParsingError, NotImplementedError, AttributeError, AssertionError, IndexError, TypeError):
        return None  # the last four are how bashlex fails on syntax that it does not know
    except RecursionError:
        return None


def _parseable(line: str) -> Iterator[tuple[str, list[Any]]]:
    """The line without the keywords of a construct that the parser refused, when what is left parses."""
    text = line.strip()
    for _ in range(4):
        text = text.removesuffix(";;").strip()
        if not text or text.startswith("#") or text in _KEYWORDS:
            return
        trees = _parse(text)
        if trees is not None:
            yield text, trees
            return
        shorter = _LEADING.sub("", text, count=1)
        if shorter == text:
            return
        text = shorter


def _joined_loops(lines: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """The lines, those of a ``for`` loop that parses taken together, so that it runs for each of its words."""
    at = 0
    while at < len(lines):
        line, number = lines[at]
        at += 1
        if _FOR.match(line):
            loop = [line]
            for following, _ in lines[at : at + MAX_LOOP]:
                loop.append(following)
                if _DONE.match(following) and _parse("\n".join(loop)) is not None:
                    line = "\n".join(loop)
                    at += len(loop) - 1
                    break
        yield line, number


def _logical_lines(source: str) -> Iterator[tuple[str, int]]:
    """Lines with their continuations and open quotes joined, each with the number of its first line."""
    at, number = 0, 1
    while at < len(source):
        end = at
        while end < len(source) and source[end] != "\n":
            if source[end] == "\\":
                end += 2
            elif source[end] == '"':
                end = closing_quote(source, end) + 1
            elif source[end] == "'":
                found = source.find("'", end + 1)
                end = len(source) if found < 0 else found + 1
            elif source[end] == "#" and (end == at or source[end - 1] in " \t"):
                found = source.find("\n", end)
                end = len(source) if found < 0 else found
            else:
                end += 1
        line = source[at:end]
        yield line, number
        number += source.count("\n", at, end) + 1
        at = end + 1


def _without_heredocs(text: str) -> tuple[str, dict[int, str]]:
    """The text with the bodies of here-documents blanked, line numbers kept, and the bodies by their line."""
    lines = text.split("\n")
    bodies: dict[int, str] = {}
    index = 0
    while index < len(lines):
        match = _HEREDOC.search(lines[index])
        if match is None or lines[index].lstrip().startswith("#"):
            index += 1
            continue
        end = next((n for n in range(index + 1, len(lines)) if _ends(lines[n], match)), None)
        if end is None:  # the mark stands inside a string, or the script is cut off
            index += 1
            continue
        body = [line.lstrip("\t") if match[1] else line for line in lines[index + 1 : end]]
        bodies[index + 1] = "\n".join(body) + "\n"
        lines[index] = f"{lines[index][: match.start()]}{' ' * len(match.group())}{lines[index][match.end() :]}"
        lines[index + 1 : end + 1] = [""] * (end - index)
        index = end + 1
    return "\n".join(lines), bodies


def _ends(line: str, mark: re.Match[str]) -> bool:
    return (line.lstrip("\t") if mark[1] else line) == mark[3]
