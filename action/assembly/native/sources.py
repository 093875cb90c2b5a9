"""Files of a build context, as COPY and ADD see them: patterns, ignored paths, links that never leave the context."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from action.assembly.files.rootfs import ROOT, Node, Owner, copied_mode
from action.assembly.native.go_glob import compile_component, has_meta
from action.assembly.native.ignore_file import Ignored
from action.context.links import follow

# What buildah carries from a context into an image.
_CARRIED_ATTRIBUTES = ("security.capability", "security.ima")
_CARRIED_PREFIX = "user."
_DEEPEST = 200


class LeavesContext(Exception):
    """A source is written so that it lies outside the context; the argument is that source."""


class DeadLink(Exception):
    """A pattern matches a symbolic link that leads nowhere; the argument is its path."""


class CannotCopy(Exception):
    """The context has something that is left to a builder; the argument says what."""


@dataclass(frozen=True, slots=True)
class Match:
    """One path that a source matched: ``path`` as written, ``real`` after its links, both relative ('' is all)."""

    path: str
    real: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)


class ContextFiles:
    """One context with its ignored paths. ``skipped`` collects sockets, which no builder copies."""

    def __init__(self, root: Path, ignored: Ignored) -> None:
        self.root = root
        self.ignored = ignored
        self.skipped: list[str] = []
        # Text, and not paths, where every file of a large tree passes.
        self._prefix = f"{root}/"

    def matches(self, source: str) -> list[Match]:
        """What ``source`` (a path or a pattern) names, in byte order, ignored or not.

        Raises LeavesContext and DeadLink.
        """
        names = _inside(source)
        if not any(has_meta(name) for name in names):
            match = self._match("/".join(names))
            return [match] if match else []
        found = [""]
        for name in names:
            found = [path for parent in found for path in self._children(parent, name)]
        matches = []
        for path in found:
            match = self._match(path)
            if match is None and not self.is_ignored(path):
                raise DeadLink(path)
            if match is not None:
                matches.append(match)
        return matches

    def is_ignored(self, path: str) -> bool:
        """Whether the ignore file hides ``path``; the context itself is never hidden."""
        return bool(path) and path in self.ignored

    def whole(self) -> Node:
        """Everything that the ignore file does not hide, as it is copied; raises CannotCopy."""
        return self._directory("", self.root.stat(), ROOT, None, {})

    def node(self, match: Match, owner: Owner, mode: int | None) -> Node | None:
        """The tree that copying ``match`` gives, every item owned by ``owner``; None when it is ignored itself."""
        if match.is_directory:
            return self._directory(match.real, match.status, owner, mode, {})
        if self.is_ignored(match.real):
            return None
        return self._leaf(match.real, match.status, owner, mode)

    def _directory(
        self,
        path: str,
        status: os.stat_result,
        owner: Owner,
        mode: int | None,
        seen: dict[tuple[int, int], Node],
    ) -> Node:
        if path.count("/") > _DEEPEST:
            raise CannotCopy(f"{path[:80]}... is more than {_DEEPEST} directories deep")
        node = Node(
            kind="directory",
            mode=copied_mode(status.st_mode) if mode is None else mode,
            owner=owner,
            attributes=self._attributes(path),
        )
        for entry in sorted(os.scandir(self._prefix + path), key=lambda item: os.fsencode(item.name)):
            child_path = f"{path}/{entry.name}" if path else entry.name
            hidden = bool(self.ignored) and child_path in self.ignored
            child_status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(child_status.st_mode):
                if hidden and not self.ignored.may_hold_wanted(child_path):
                    continue
                child = self._directory(child_path, child_status, owner, mode, seen)
                if hidden:
                    # Only what is taken back shows; the directories on the way to it are made anew.
                    if not child.children:
                        continue
                    child.mode, child.attributes = 0o755, {}
                node.children[entry.name] = child
            elif not hidden:
                leaf = self._linked(child_path, child_status, owner, mode, seen)
                if leaf is not None:
                    node.children[entry.name] = leaf
        return node

    def _linked(
        self, path: str, status: os.stat_result, owner: Owner, mode: int | None, seen: dict[tuple[int, int], Node]
    ) -> Node | None:
        if not stat.S_ISREG(status.st_mode) or status.st_nlink == 1:
            return self._leaf(path, status, owner, mode)
        identity = (status.st_dev, status.st_ino)
        if identity not in seen:
            leaf = self._leaf(path, status, owner, mode)
            assert leaf is not None  # noqa: S101 - only a socket gives None
            seen[identity] = leaf
        return seen[identity]

    def _leaf(self, path: str, status: os.stat_result, owner: Owner, mode: int | None) -> Node | None:
        kind = stat.S_IFMT(status.st_mode)
        permissions = copied_mode(status.st_mode) if mode is None else mode
        if kind == stat.S_IFREG:
            return Node(
                kind="file",
                mode=permissions,
                owner=owner,
                size=status.st_size,
                source=self._prefix + path,
                identity=(status.st_dev, status.st_ino),
                attributes=self._attributes(path),
            )
        if kind == stat.S_IFLNK:
            return Node(kind="symlink", mode=0o777, owner=owner, target=_target(self._prefix + path))
        if kind == stat.S_IFIFO:
            return Node(kind="fifo", mode=permissions, owner=owner)
        if kind == stat.S_IFSOCK:
            self.skipped.append(path)
            return None
        raise CannotCopy(f"{path} is a device")

    def _attributes(self, path: str) -> dict[str, bytes]:
        full = self._prefix + path
        try:
            names = os.listxattr(full, follow_symlinks=False)
        except OSError:  # a file system without extended attributes
            return {}
        carried = sorted(name for name in names if name in _CARRIED_ATTRIBUTES or name.startswith(_CARRIED_PREFIX))
        return {name: os.getxattr(full, name, follow_symlinks=False) for name in carried}

    def _match(self, path: str) -> Match | None:
        real = self._real(path)
        try:
            return Match(path, real, (self.root / real).lstat()) if real is not None else None
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return None
            raise

    def _children(self, parent: str, pattern: str) -> Iterator[str]:
        real = self._real(parent)
        if real is None or not (self.root / real).is_dir():
            return
        if not has_meta(pattern):
            names = [pattern] if os.path.lexists(self.root / real / pattern) else []
        else:
            expression = compile_component(pattern)
            names = sorted(
                (item.name for item in os.scandir(self.root / real) if expression.fullmatch(item.name)),
                key=os.fsencode,
            )
        for name in names:
            yield f"{parent}/{name}" if parent else name

    def _real(self, path: str) -> str | None:
        """``path`` with every link followed as if the context were the root of the file system; None for a loop."""
        names = follow(path, self._target)
        return None if names is None else "/".join(names)

    def _target(self, names: list[str]) -> str | None:
        try:
            return _target(self.root.joinpath(*names))
        except OSError:  # it is no link, or not there, or its name is longer than any can be
            return None


def _inside(source: str) -> list[str]:
    """The components of a source, cleaned as text; a leading slash means the context."""
    cleaned = posixpath.normpath(source.lstrip("/") or ".")
    if cleaned == ".." or cleaned.startswith("../"):
        raise LeavesContext(source)
    return [] if cleaned == "." else cleaned.split("/")


def _target(link: str | Path) -> str:
    """What a symbolic link says, to the letter: ``Path.readlink`` would tidy it."""
    return os.readlink(link)  # noqa: PTH115
