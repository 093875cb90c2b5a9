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

Reader = Callable[[str], Found]
"""Reads one manifest by its name in the context."""


def kustomization_in(files: ContextFiles, folder: str) -> str | None:
    """The kustomization file of a folder, by its name in the context."""
    return next((name for n in NAMES if files.exists(name := posixpath.join(folder, n))), None)


def build(files: ContextFiles, folder: str, read: Reader, covered: set[str], depth: int = 0) -> Found:
    """The images of a kustomization. ``covered`` gets the names of the files that it takes in."""
    found = Found()
    name = kustomization_in(files, folder)
    if name is None or depth > MAX_DEPTH:
        hint = "give the folder of a kustomization.yaml"
        found.problems.append(Problem("kustomization-missing", "holds no kustomization", hint, folder or "."))
        return found
    covered.add(name)
    try:
        text = files.text(name)
    except InputError as error:
        found.problems += error.problems
        return found
    for document in documents(text, name):
        if isinstance(document, Problem):
            found.problems.append(document)
        elif isinstance(document.root, Map):
            _take(files, folder, name, document, found, read, covered, depth)
    return found


def _take(
    files: ContextFiles,
    folder: str,
    name: str,
    document: Document,
    found: Found,
    read: Reader,
    covered: set[str],
    depth: int,
) -> None:
    root = document.root
    if not isinstance(root, Map):
        return
    for field in ("resources", "bases", "components", "patchesStrategicMerge", "generators", "transformers"):
        for entry in _texts(root.get(field)):
            _resource(files, folder, name, entry, found, read, covered, depth)
    for field in ("patches", "patchesJson6902"):
        for item in _items(root.get(field)):
            path = item.get("path") if isinstance(item, Map) else None
            if isinstance(path, Text):
                _resource(files, folder, name, path, found, read, covered, depth)
    if root.get("helmCharts"):
        found.blind_spots.append(f"{name}: kustomize fetches charts when it runs: their images are not seen")
    for item in _items(root.get("patches")):
        patch = item.get("patch") if isinstance(item, Map) else None
        if isinstance(patch, Text):
            for part in documents(patch, name):
                if isinstance(part, Document):
                    found.add(extract(replace(part, number=document.number), name))
    found.hits = [_replaced(hit, _items(root.get("images"))) for hit in found.hits]


def _resource(
    files: ContextFiles,
    folder: str,
    name: str,
    entry: str,
    found: Found,
    read: Reader,
    covered: set[str],
    depth: int,
) -> None:
    if "://" in entry or entry.startswith(("github.com/", "git@")) or "?ref=" in entry:
        found.blind_spots.append(f"{name}: kustomize fetches {entry} when it runs: not offline")
        return
    path = posixpath.normpath(posixpath.join(folder, entry)).lstrip("/")
    if files.exists(path):
        covered.add(path)
        found.add(read(path))
    elif kustomization_in(files, path) is not None:
        found.add(build(files, path, read, covered, depth + 1))
    elif "\n" in entry:
        return  # an inline patch, read with the patches
    else:
        message = f"names {entry}, which the context does not have"
        found.problems.append(Problem("kustomization-missing", message, "", name))


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


def _texts(tree: Tree) -> list[str]:
    return [str(item) for item in _items(tree) if isinstance(item, Text)]
