"""A kustomization -> the images of what ``kubectl apply -k`` would apply, its ``images:`` replaced.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/. Patches are read as the objects that they are:
an image that a patch sets is found beside the one that it replaces.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import replace

from action.discover.context_files import ContextFiles
from action.discover.extract import extract
from action.discover.found import Found
from action.discover.hits import Hit
from action.discover.literals import literal
from action.discover.yaml_tree import Document, Map, Text, Tree, documents
from action.errors import InputError, Problem

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_DEPTH = 16
MAX_BUILDS = 200
_PATHS = ("resources", "bases", "components", "patchesStrategicMerge", "generators", "transformers")
_PATCHES = ("patches", "patchesJson6902")

Reader = Callable[[str], Found]
"""Reads one manifest by its name in the context."""


def kustomization_in(files: ContextFiles, folder: str) -> str | None:
    """The kustomization file of a folder, by its name in the context."""
    return next((name for n in NAMES if files.exists(name := posixpath.join(folder, n))), None)


def build(files: ContextFiles, folder: str, read: Reader, covered: set[str]) -> Found:
    """The images of the kustomization in ``folder``. ``covered`` gets the names of the files that it takes in."""
    return _Kustomizations(files, read, covered).build(folder, 0)


class _Kustomizations:
    """Follows a kustomization into those that it is based on."""

    def __init__(self, files: ContextFiles, read: Reader, covered: set[str]) -> None:
        self._files = files
        self._read = read
        self._covered = covered
        self._left = MAX_BUILDS

    def build(self, folder: str, depth: int) -> Found:
        found = Found()
        name = kustomization_in(self._files, folder)
        self._left -= 1
        if self._left < 0:
            return found  # they name each other without end
        if name is None or depth > MAX_DEPTH:
            hint = "give the folder of a kustomization.yaml"
            found.problems.append(Problem("kustomization-missing", "holds no kustomization", hint, folder or "."))
            return found
        self._covered.add(name)
        try:
            text = self._files.text(name)
        except InputError as error:
            found.problems += error.problems
            return found
        for document in documents(text, name):
            if isinstance(document, Problem):
                found.problems.append(document)
            elif isinstance(document.root, Map):
                found.add(self._document(document.root, folder, name, depth))
        return found

    def _document(self, root: Map, folder: str, name: str, depth: int) -> Found:
        found = Found()
        entries = [str(item) for field in _PATHS for item in _items(root.get(field)) if isinstance(item, Text)]
        for patch in (item for field in _PATCHES for item in _items(root.get(field)) if isinstance(item, Map)):
            path, inline = patch.get("path"), patch.get("patch")
            if isinstance(path, Text):
                entries.append(str(path))
            if isinstance(inline, Text):
                for part in documents(inline, name):
                    if isinstance(part, Document):
                        found.add(extract(part, name, lines=False))
        for entry in entries:
            found.add(self._entry(entry, folder, name, depth))
        if root.get("helmCharts"):
            found.blind_spots.append(f"{name}: kustomize fetches charts when it runs: their images are not seen")
        found.hits = [_replaced(hit, _items(root.get("images"))) for hit in found.hits]
        return found

    def _entry(self, entry: str, folder: str, name: str, depth: int) -> Found:
        path = posixpath.normpath(posixpath.join(folder, entry)).lstrip("/")
        if "://" in entry or entry.startswith(("github.com/", "git@")) or "?ref=" in entry:
            return Found(blind_spots=[f"{name}: kustomize fetches {entry} when it runs: not offline"])
        if self._files.exists(path):
            self._covered.add(path)
            return self._read(path)
        if kustomization_in(self._files, path) is not None:
            return self.build(path, depth + 1)
        if "\n" in entry:  # patchesStrategicMerge may hold the patch itself
            return Found()
        message = f"names {entry}, which the context does not have"
        return Found(problems=[Problem("kustomization-missing", message, "", name)])


def _replaced(hit: Hit, images: list[Tree]) -> Hit:
    """What the ``images:`` transformer makes of a reference: compared by its name as written, without the tag."""
    written = hit.reference.written.strip()
    name = written.partition("@")[0]
    head, colon, tail = name.rpartition(":")
    bare = head if colon and "/" not in tail else name
    for item in images:
        if not isinstance(item, Map) or item.get("name") != bare:
            continue
        new = str(item.get("newName") or bare)
        tag, digest = item.get("newTag"), item.get("digest")
        if isinstance(digest, Text):
            new = f"{new}@{digest}"
        elif isinstance(tag, Text):
            new = f"{new}:{tag}"
        else:
            new += written[len(bare) :]
        known = literal(new)
        if known is not None:
            return replace(hit, reference=known.reference)
    return hit


def _items(tree: Tree) -> list[Tree]:
    return tree if isinstance(tree, list) else []
