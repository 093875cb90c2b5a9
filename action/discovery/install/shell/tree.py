"""Shell text -> the tree of its grammar (tree-sitter-bash), with the texts and lines of its nodes.

The grammar takes care of structure. Words are read from the raw text between two blanks: the tree leaves some
characters out (the ``-`` of ``-f - <<EOF``), so what stands between two nodes is a word too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from action.discovery.install.words.quoting import split_raw

_LANGUAGE = Language(tree_sitter_bash.language())
MAX_READINGS = 20
_LINE_END = re.compile(rb"(?<!\\)\n")


@dataclass(frozen=True, slots=True)
class Source:
    """A text that is run. ``line`` is given when all of it stands on one line of ``file``."""

    file: str
    text: str
    line: int = 0

    def line_of(self, node: Node) -> int:
        """Where a node stands in the file."""
        return self.line or bisect_left(_lines(self.text), node.start_byte) + 1


@lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """The root of the tree; it holds ERROR nodes where the grammar refuses the text.

    Behind a pipe of three programs the grammar may take the end of a line for a blank: such an end is made a
    semicolon, which says the same, and the text is read again.
    """
    data = text.encode("utf-8", "replace")
    root = Parser(_LANGUAGE).parse(data).root_node
    for _ in range(MAX_READINGS):
        ends = [at for node in run_together(root, data) for at in _line_ends(node, data)]
        if not ends:
            break
        mended = bytearray(data)
        for at in ends:
            mended[at : at + 1] = b";"
        data = bytes(mended)
        root = Parser(_LANGUAGE).parse(data).root_node
    return root


def _line_ends(node: Node, data: bytes) -> Iterator[int]:
    for one, two in pairwise(node.children):
        gap = data[one.end_byte : two.start_byte]
        for match in _LINE_END.finditer(gap):
            yield one.end_byte + match.start()
            break


@lru_cache(maxsize=512)
def _lines(text: str) -> list[int]:
    """Where the lines end, in bytes."""
    return [match.start() for match in re.finditer(b"\n", text.encode("utf-8", "replace"))]


def raw(node: Node) -> str:
    """The text of a node as it is written."""
    return (node.text or b"").decode("utf-8", "replace")


def statements(node: Node) -> Iterator[Node]:
    """The parts of a node that run, comments and punctuation left out."""
    return (child for child in node.children if child.is_named and child.type != "comment")


def everything(node: Node) -> Iterator[Node]:
    """The node and all below it, in order, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += reversed(current.children)


def refused(root: Node) -> Iterator[Node]:
    """The places where the grammar refuses the text, the outermost of each."""
    waiting = [root] if root.has_error else []
    while waiting:
        current = waiting.pop()
        if current.is_error or current.is_missing:
            yield current
        else:
            waiting += [child for child in reversed(current.children) if child.has_error or child.is_missing]


def run_together(root: Node, data: bytes) -> Iterator[Node]:
    """Commands for which the grammar has taken the end of a line for a blank; ``data`` is the whole text."""
    for node in everything(root):
        if node.type != "command":
            continue
        if next(_line_ends(node, data), None) is not None:
            yield node


def words(parts: list[Node], start: int, data: bytes) -> list[str]:
    """The raw words that nodes and the text between them make, from byte ``start`` on; ``data`` is the whole text."""
    found: list[str] = []
    end = start
    open_word = False
    for part in parts:
        gap = data[end : part.start_byte].decode("utf-8", "replace").replace("\\\n", "")
        if gap:
            pieces = gap.split()
            if pieces and open_word and not gap[0].isspace():
                found[-1] += pieces.pop(0)
            found += pieces
            open_word = bool(gap.strip()) and not gap[-1].isspace()
        if open_word:
            found[-1] += raw(part)
        else:
            found.append(raw(part))
        open_word = True
        end = part.end_byte
    # In "`# why` \" the grammar takes the rest of the line for the comment.
    return [word for one in found for word in (split_raw(one) if "`" in one else [one])]
