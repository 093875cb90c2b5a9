"""Reads the paths and links of a registry directory into data, and says of every path that it does not know.

Path rules: distribution, registry/storage/paths.go. A stray file beside tags is listed by a registry as a tag.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from action.errors import Problem
from action.store.digest import SHA256
from action.store.printable import printable

_V2 = "docker/registry/v2/"
_HEX = r"[a-f0-9]{64}"
_BLOB = re.compile(rf"{_V2}blobs/sha256/([a-f0-9]{{2}})/(\1[a-f0-9]{{62}})/data", re.ASCII)
_WORD = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LINK = re.compile(
    rf"{_V2}repositories/(?P<repository>{_WORD}(?:/{_WORD})*)/(?:"
    rf"_layers/sha256/(?P<layer>{_HEX})"
    rf"|_manifests/revisions/sha256/(?P<revision>{_HEX})"
    rf"|_manifests/tags/(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})/(?:current|index/sha256/(?P<history>{_HEX}))"
    r")/link",
    re.ASCII,
)
_LINK_LIMIT = 200  # bytes; a link is 71


@dataclass(slots=True)
class Tree:
    """What is there, by the names of things; ``name`` is the directory's own, which every path is told with."""

    name: str
    blobs: dict[str, Path] = field(default_factory=dict)
    layers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    revisions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tags: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    history: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    problems: list[Problem] = field(default_factory=list)

    @property
    def repositories(self) -> list[str]:
        return sorted({*self.layers, *self.revisions, *self.tags, *(repository for repository, _ in self.history)})

    def breach(self, code: str, path: str, message: str, hint: str = "") -> None:
        """Note a broken rule; ``path`` is relative to the directory."""
        remedy = hint or "place the images again: what is right is kept"
        file = f"{self.name}/{printable(path, 1000)}" if path else self.name
        self.problems.append(Problem(code, printable(message, 400), remedy, file=file))


def read_tree(root: Path, staging: str = "") -> Tree:
    """Walk the whole directory, following no link; raises OSError.

    ``staging`` is the name of a directory that the caller works in, which is no part of it.
    """
    tree = Tree(root.name)
    for relative in _paths(root, staging):
        path = root / relative
        if path.is_symlink() or not path.is_file():
            kind = "an empty directory" if path.is_dir() and not path.is_symlink() else "neither file nor directory"
            tree.breach("stray-path", relative, f"is {kind}; a registry directory has only plain files")
        elif found := _BLOB.fullmatch(relative):
            tree.blobs[f"sha256:{found[2]}"] = path
        elif found := _LINK.fullmatch(relative):
            _read_link(tree, path, relative, found)
        else:
            tree.breach("stray-path", relative, "is no part of a registry directory", "remove it")
    return tree


def _read_link(tree: Tree, path: Path, relative: str, found: re.Match[str]) -> None:
    with path.open("rb") as file:
        content = file.read(_LINK_LIMIT).decode("latin-1")
    if not SHA256.fullmatch(content):
        what = "is empty" if not content else "ends in a newline" if SHA256.fullmatch(content.rstrip()) else "is cut"
        tree.breach("bad-link", relative, f"{what}; a link is sha256:<64 hex digits> and nothing else")
        return
    named = found["layer"] or found["revision"] or found["history"]
    if named is not None and content != f"sha256:{named}":
        tree.breach("bad-link", relative, f"says {content}, which is not what its path says")
        return
    repository = found["repository"]
    if found["layer"]:
        tree.layers[repository].add(content)
    elif found["revision"]:
        tree.revisions[repository].add(content)
    elif found["history"]:
        tree.history[(repository, found["tag"])].add(content)
    else:
        tree.tags[repository][found["tag"]] = content


def _paths(root: Path, staging: str) -> Iterator[str]:
    """Every file, link and empty directory below ``root``, as relative POSIX paths, sorted within each directory."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        here = Path(folder)
        if here == root and staging in folders:
            folders.remove(staging)
        names = sorted([*files, *(name for name in folders if (here / name).is_symlink())])
        for name in names:
            yield (here / name).relative_to(root).as_posix()
        if not folders and not files and here != root:
            yield here.relative_to(root).as_posix()
