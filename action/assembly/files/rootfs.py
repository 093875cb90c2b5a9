"""Rootfs: the file system of an image as a tree in memory; bytes stay where they are until layers are written."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from action.context.links import follow

NEW_DIRECTORY_MODE = 0o755


class Owner(NamedTuple):
    """Numeric, as a layer has it: an image from nothing has no names to look up."""

    uid: int
    gid: int


ROOT = Owner(0, 0)


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """A file, directory, symbolic link or pipe. Two paths of one Node are hard links of one file.

    ``mode`` has the permission bits only. A file's bytes are ``data``, or the ``size`` bytes of ``source``, which was
    the ``identity`` (device, inode) when it was looked at; ``target`` is what a symbolic link says.
    """

    kind: Literal["file", "directory", "symlink", "fifo"]
    mode: int
    owner: Owner
    size: int = 0
    source: str | None = None
    identity: tuple[int, int] | None = None
    data: bytes | None = None
    target: str = ""
    attributes: Mapping[str, bytes] = field(default_factory=dict)
    children: dict[str, Node] = field(default_factory=dict)


class NotADirectory(Exception):
    """A path of the image goes through something that is not a directory; the argument is that path."""


class Rootfs:
    """The tree. Paths are absolute, with ``/``; symbolic links on the way are followed inside the image."""

    def __init__(self, root: Node | None = None) -> None:
        self.root = root or Node(kind="directory", mode=NEW_DIRECTORY_MODE, owner=ROOT)

    def lookup(self, path: str, *, follow_last: bool = True) -> Node | None:
        """The node at ``path``, or None when there is none."""
        names = self.resolve(path) if follow_last else self._resolve_parent(path)
        node: Node | None = self.root
        for name in names:
            if node is None or node.kind != "directory":
                return None
            node = node.children.get(name)
        return node

    def resolve(self, path: str) -> list[str]:
        """The names from the root to where ``path`` really is; the last ones may not exist yet."""
        names = follow(path, self._target)
        if names is None:
            raise NotADirectory(path)
        return names

    def make_directory(self, path: str, owner: Owner = ROOT) -> Node:
        """The directory at ``path``, made with its parents where they are missing; raises NotADirectory."""
        node = self.root
        for name in self.resolve(path):
            child = node.children.get(name)
            if child is None:
                child = Node(kind="directory", mode=NEW_DIRECTORY_MODE, owner=owner)
                node.children[name] = child
            elif child.kind != "directory":
                raise NotADirectory(path)
            node = child
        return node

    def walk(self) -> Iterator[tuple[str, Node]]:
        """Every path (relative, without a leading slash) and its node: parents first, names in byte order."""
        pending = [("", self.root)]
        while pending:
            prefix, node = pending.pop()
            if prefix:
                yield prefix, node
            for name in sorted(node.children, key=_byte_order, reverse=True):
                pending.append((f"{prefix}/{name}" if prefix else name, node.children[name]))

    def _resolve_parent(self, path: str) -> list[str]:
        head, _, last = path.rstrip("/").rpartition("/")
        return [*self.resolve(head), last]

    def _target(self, names: list[str]) -> str | None:
        """What the link at ``names`` points to; None when there is none."""
        node: Node | None = self.root
        for name in names:
            if node is None:
                return None
            node = node.children.get(name)
        return node.target if node is not None and node.kind == "symlink" else None


def place(directory: Node, name: str, node: Node) -> None:
    """Put ``node`` into ``directory``: a directory joins one that is there, anything else takes its place."""
    there = directory.children.get(name)
    if there is not None and there.kind == node.kind == "directory":
        there.mode, there.owner, there.attributes = node.mode, node.owner, node.attributes
        for child_name, child in node.children.items():
            place(there, child_name, child)
        return
    directory.children[name] = node


def copied_mode(mode: int) -> int:
    """The permission bits that COPY keeps: setuid and setgid of a context are dropped, as every builder does."""
    return stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID)


def _byte_order(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
