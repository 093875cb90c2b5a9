"""YAML and JSON text -> documents: plain trees whose strings know their line, safe on hostile input.

Built from parser events with an explicit stack, so neither deep nesting nor aliases of aliases can exhaust the
machine: both end in a problem with the line. Reads a stream as Kubernetes tools do: a line that starts with ``---``
separates documents even when something follows it, and one broken document does not hide its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from action.discovery.text.tree import Document, Map, Text, Tree
from action.errors import InputError, Problem

MAX_DEPTH = 128
MAX_NODES = 1_000_000
"""Nodes of one document once its aliases are followed."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MARK = re.compile(r"^---(?=[\s#]|$)", re.MULTILINE)
_DIRECTIVES_ONLY = re.compile(r"(?:[ \t]*(?:[#%].*)?\n)*[ \t]*(?:[#%].*)?", re.ASCII)
# The core types of YAML 1.1, as the Go parser of Kubernetes resolves them.
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = frozenset(
    spelling(word) for word in ("true", "false", "yes", "no", "on", "off") for spelling in (str, str.title, str.upper)
)
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*)?(?:\.\d*)?(?:[eE][-+]?\d+)?|0x[0-9a-fA-F]+|0o?[0-7]+", re.ASCII)


def documents(text: str, name: str) -> Iterator[Document | Problem]:
    """The documents of a stream in order; a document that cannot be read comes as the problem that says why.

    Documents without content are counted and left out.
    """
    number = 0
    for chunk, line in split(text):
        try:
            for root, start in _Builder(chunk, line).roots():
                number += 1
                if root is not None:
                    yield Document(number, start, root)
        except yaml.MarkedYAMLError as error:
            number += 1
            mark = error.problem_mark or error.context_mark
            where = line + mark.line if mark is not None else line
            reason = " ".join(part for part in (error.context, error.problem) if part)
            yield Problem("bad-yaml", f"document {number} is not YAML: {reason}", file=name, line=where)
        except yaml.YAMLError as error:
            number += 1
            reason = str(error).splitlines()[0] if str(error) else "unreadable"
            yield Problem("bad-yaml", f"document {number} is not YAML: {reason}", file=name, line=line)
        except _RefusedError as error:
            number += 1
            yield Problem(error.code, f"document {number} {error.reason}", error.hint, name, line + error.line)


def single(text: str, name: str) -> Tree:
    """The one document of a file, None when it is empty; raises InputError when it is not YAML."""
    found: Tree = None
    for document in documents(text, name):
        if isinstance(document, Problem):
            raise InputError(document)
        found = document.root
    return found


def first_tree(text: str) -> Tree:
    """The first document of a text; None when there is none, or it cannot be read."""
    for document in documents(text, ""):
        return document.root if isinstance(document, Document) else None
    return None


def split(text: str) -> Iterator[tuple[str, int]]:
    """The texts between document marks, each with the line it starts on. Marks stay, so directives keep theirs."""
    text = text.replace("\r\n", "\n")
    cuts = [match.start() for match in _MARK.finditer(text)]
    line = 1
    begin = 0
    for end in [*cuts, len(text)]:
        if _DIRECTIVES_ONLY.fullmatch(text, begin, end) and end != len(text):
            continue  # nothing but comments and %YAML directives: these belong to the document that follows
        chunk = text[begin:end]
        if chunk.strip():
            yield chunk.replace("---#", "--- #", 1) if chunk.startswith("---#") else chunk, line
        line += chunk.count("\n")
        begin = end


class _RefusedError(Exception):
    def __init__(self, code: str, reason: str, hint: str, line: int) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.hint = hint
        self.line = line


class _Frame:
    """A collection being built; ``key`` is the pending key of a mapping, ``size`` its nodes with aliases followed."""

    __slots__ = ("anchor", "is_map", "key", "merges", "node", "size")

    def __init__(self, node: Map | list[Tree], anchor: str | None) -> None:
        self.node = node
        self.is_map = isinstance(node, Map)
        self.anchor = anchor
        self.key: str | None = None
        self.merges: list[Tree] = []
        self.size = 1


class _Builder:
    def __init__(self, text: str, first_line: int) -> None:
        self._next = _LOADER(text).get_event
        self._first = first_line
        self._anchors: dict[str, tuple[Tree, int]] = {}
        self._stack: list[_Frame] = []
        self._root: Tree = None

    def roots(self) -> Iterator[tuple[Tree, int]]:
        start = self._first
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.MappingStartEvent):
                self._open(Map(self._first + _line(event)), event)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._open([], event)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self._close()
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._anchors, self._root = {}, None
                start = self._first + _line(event)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield self._root, start

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.is_map and frame.key is None and not event.anchor:
            frame.key = event.value  # most scalars are keys, which need no line
            return
        line = self._first + _line(event)
        value: Tree = resolve(event.value, line) if event.implicit[0] and not event.style else Text(event.value, line)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, 1, event)

    def _open(self, node: Map | list[Tree], event: yaml.CollectionStartEvent) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise _RefusedError(
                "yaml-too-deep",
                f"nests more than {MAX_DEPTH} levels",
                "no Kubernetes object needs that",
                _line(event),
            )
        self._stack.append(_Frame(node, event.anchor))

    def _close(self) -> None:
        frame = self._stack.pop()
        if isinstance(frame.node, Map):
            for merged in frame.merges:
                for key, value in merged.items() if isinstance(merged, Map) else ():
                    frame.node.setdefault(key, value)
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.node, frame.size)
        self._add(frame.node, frame.size, None)

    def _alias(self, event: yaml.AliasEvent) -> None:
        known = self._anchors.get(event.anchor or "")
        if known is None:
            raise _RefusedError("bad-yaml", f"has an alias *{event.anchor} to nothing before it", "", _line(event))
        self._add(known[0], known[1], event)

    def _add(self, value: Tree, size: int, event: yaml.Event | None) -> None:
        if not self._stack:
            self._root = value
            return
        frame = self._stack[-1]
        frame.size += size
        if frame.size > MAX_NODES:
            raise _RefusedError(
                "yaml-bomb",
                f"grows beyond {MAX_NODES} values when its aliases are followed",
                "write the values out instead of nesting aliases",
                _line(event) if event is not None else 0,
            )
        node = frame.node
        if not isinstance(node, Map):
            node.append(value)
        elif frame.key is None:
            frame.key = key_text(value)
        else:
            key, frame.key = frame.key, None
            if key == "<<" and isinstance(value, Map | list):
                frame.merges.extend(value if isinstance(value, list) else [value])
                return
            if key in node:
                node.shadowed.append((key, node[key]))
            node[key] = value


def _line(event: yaml.Event) -> int:
    """The line of an event, from 0 in its chunk."""
    return event.start_mark.line if event.start_mark is not None else 0


def key_text(key: Tree) -> str:
    """A mapping's key as text; a key that is itself a collection is rare enough to share one name."""
    if isinstance(key, Map | list):
        return "?"
    if key is None:
        return "null"
    return str(key).lower() if isinstance(key, bool) else str(key)


def resolve(value: str, line: int) -> Tree:
    """A plain scalar by the YAML 1.1 core types; ``1.10`` is the number 1.1, as every Kubernetes tool reads it."""
    if value in _NULLS:
        return None
    first = value[0]
    if first in "tTfFyYnNoO":
        if value in _BOOLEANS:
            return value[0] in "tTyY" or value.lower() == "on"
    elif (first.isdigit() or first in "+-.") and _NUMBER.fullmatch(value) and any(c.isdigit() for c in value):
        return Text(_number(value), line, number=True)
    return Text(value, line)


def _number(value: str) -> str:
    digits = value.replace("_", "")
    try:
        return str(int(digits, 0 if digits[:2].lower() in ("0x", "0o") else 10))
    except ValueError:
        number = float(digits)
        return str(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number)
