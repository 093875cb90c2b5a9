"""Reads the paths and links of a registry directory into data, and says of every path that it does not know.

Path rules: distribution, registry/storage/paths.go. A stray file beside tags is listed by a registry as a tag.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from action.errors import Problem
from action.model.wording import printable
from action.store.oci.digest import SHA256

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
    history: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    problems: list[Problem] = field(default_factory=list)

    @property
    def repositories(self) -> list[str]:
        return sorted({*self.layers, *self.revisions, *self.tags, *self.history})

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
    for relative, entry in _entries(str(root), "", staging):
        if entry is None or not entry.is_file(follow_symlinks=False):
            kind = "an empty directory" if entry is None else "neither file nor directory"
            tree.breach("stray-path", relative, f"is {kind}; a registry directory has only plain files")
        elif digest := blob_of(relative):
            tree.blobs[digest] = Path(entry.path)
        else:
            note_link(tree, relative, partial(_head, entry.path))
    return tree


def blob_of(relative: str) -> str | None:
    """The digest of the blob that a path of a registry directory holds; None for any other path."""
    found = _BLOB.fullmatch(relative)
    return f"sha256:{found[2]}" if found else None


def note_link(tree: Tree, relative: str, read: Callable[[], bytes]) -> None:
    """Enter into ``tree`` what the link at a path says; ``read`` gives its bytes."""
    found = _LINK.fullmatch(relative)
    if found is None:
        tree.breach("stray-path", relative, "is no part of a registry directory", "remove it")
        return
    content = read()[:_LINK_LIMIT].decode("latin-1")
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
        tree.history[repository][found["tag"]].add(content)
    else:
        tree.tags[repository][found["tag"]] = content


def _head(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read(_LINK_LIMIT)


def _entries(folder: str, prefix: str, left_out: str = "") -> Iterator[tuple[str, os.DirEntry[str] | None]]:
    """Everything below ``folder`` that is no directory, and every empty one (as None), each with its POSIX path."""
    with os.scandir(folder) as found:
        entries = sorted((entry for entry in found if entry.name != left_out), key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry
    if prefix and not entries:
        yield prefix[:-1], None
