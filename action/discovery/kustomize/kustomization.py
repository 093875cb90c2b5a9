"""A kustomization -> the images of what ``kubectl apply -k`` would apply, its ``images:`` replaced.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/. Strategic patches are read as the objects that
they are, JSON patches as the values that they set. What either replaces is found beside it, and no longer certain.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import replace

from action.discovery.evidence.hits import Found, Hit
from action.discovery.kustomize.generators import generated
from action.discovery.kustomize.images import transformed
from action.discovery.kustomize.json_patch import is_json_patch, what_is_gone, what_is_set
from action.discovery.kustomize.merge import given_images, is_given_another
from action.discovery.objects.extract import extract
from action.discovery.text.context_files import ContextFiles
from action.discovery.text.tree import Document, Map, Text, Tree, items, texts
from action.discovery.text.yaml_reader import documents
from action.errors import InputError, Problem

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_DEPTH = 16
MAX_BUILDS = 200
_RESOURCES = ("resources", "bases", "generators")
_PATCHES = ("patches", "patchesJson6902", "patchesStrategicMerge")
_GONE = "a JSON patch of a kustomization replaces it"
_MERGED = "a patch of a kustomization gives its container another"
_FOR_WHAT = "a JSON patch sets it in an object that is not seen here"
_PATCH_TRANSFORMERS = frozenset({"PatchTransformer", "PatchJson6902Transformer", "PatchStrategicMergeTransformer"})

Reader = Callable[[str], Found]
"""Reads one manifest by its name in the context."""


def kustomization_in(files: ContextFiles, folder: str) -> str | None:
    """The kustomization file of a folder, by its name in the context."""
    return next((name for n in NAMES if files.exists(name := posixpath.join(folder, n))), None)


def build(files: ContextFiles, folder: str, read: Reader, covered: set[str]) -> Found:
    """The images of the kustomization in ``folder``. ``covered`` gets the names of the files that it takes in."""
    found = Found()
    _Kustomizations(files, read, covered).build(folder, 0, found)
    return found


class _Kustomizations:
    """Follows a kustomization into those that it is based on."""

    def __init__(self, files: ContextFiles, read: Reader, covered: set[str]) -> None:
        self._files = files
        self._read = read
        self._covered = covered
        self._left = MAX_BUILDS

    def build(self, folder: str, depth: int, found: Found) -> None:
        """Add to ``found``; what a component transforms are the hits that are there already."""
        name = kustomization_in(self._files, folder)
        self._left -= 1
        if self._left < 0:
            return  # they name each other without end
        if name is None or depth > MAX_DEPTH:
            hint = "give the folder of a kustomization.yaml"
            found.problems.append(Problem("kustomization-missing", "holds no kustomization", hint, folder or "."))
            return
        self._covered.add(name)
        for document in self._documents(name, found):
            if isinstance(document.root, Map):
                self._document(document.root, folder, name, depth, found)

    def _document(self, root: Map, folder: str, name: str, depth: int, found: Found) -> None:
        for entry in (str(item) for field in _RESOURCES for item in texts(root.get(field))):
            found.add(self._entry(entry, folder, name, depth))
        for made in generated(root, lambda path: self._text(_below(folder, path))):
            found.add(extract(Document(1, made.line, made), name))
        for entry in texts(root.get("components")):
            self.build(_below(folder, entry), depth + 1, found)
        images = items(root.get("images"))
        for document, file, target in self._parts(root, folder, name, found):
            if isinstance(document.root, Map) and document.root.get("kind") == "ImageTagTransformer":
                images.append(document.root.get("imageTag"))
            elif is_json_patch(document.root):
                _patch_values(document, file, target, found, lines=file != name)
            else:
                self._merge(document, file, found, lines=file != name)
        if root.get("helmCharts"):
            found.blind_spots.append(f"{name}: kustomize fetches charts when it runs: their images are not seen")
        if root.get("replacements"):
            found.blind_spots.append(f"{name}: kustomize copies values (replacements): an image so made is not seen")
        told = bool(root.get("configurations"))  # of fields that a file says, which may be any
        found.hits = [made for hit in found.hits for made in transformed(hit, images, told)]

    def _merge(self, document: Document, file: str, found: Found, *, lines: bool) -> None:
        """Take in a strategic patch, or any other object."""
        given = given_images(document.root) if isinstance(document.root, Map) else frozenset()
        found.hits = [
            hit.at_most("likely", _MERGED) if is_given_another(self._files, hit, given) else hit for hit in found.hits
        ]
        found.add(extract(document, file, lines=lines))

    def _parts(self, root: Map, folder: str, name: str, found: Found) -> Iterator[tuple[Document, str, Tree]]:
        """The documents of every patch and transformer, each with the file that it stands in and its target."""
        for field in (*_PATCHES, "transformers"):
            for item in items(root.get(field)):
                written = (item.get("path"), item.get("patch")) if isinstance(item, Map) else (item, item)
                path, inline = (part if isinstance(part, Text) else None for part in written)
                target = item.get("target") if isinstance(item, Map) else None
                if path is not None and "\n" not in path:
                    for file in self._named(str(path), folder, name, found):
                        self._covered.add(file)
                        yield from _opened(self._documents(file, found), file, target)
                elif inline is not None:
                    yield from _opened(_sound(documents(inline, name)), name, target)

    def _named(self, entry: str, folder: str, name: str, found: Found) -> Iterator[str]:
        """The file of a patch or a transformer; of a directory, those that its kustomization names."""
        path = _below(folder, entry)
        inner = None if self._files.exists(path) else kustomization_in(self._files, path)
        if self._files.exists(path):
            yield path
        elif inner is not None:
            for document in self._documents(inner, found):
                if isinstance(document.root, Map):
                    listed = (_below(path, item) for item in texts(document.root.get("resources")))
                    yield from (file for file in listed if self._files.exists(file))
        else:
            found.problems.append(_missing(entry, name))

    def _documents(self, name: str, found: Found) -> Iterator[Document]:
        try:
            text = self._files.text(name)
        except InputError as error:
            found.problems += error.problems
            return
        for document in documents(text, name):
            if isinstance(document, Problem):
                found.problems.append(document)
            else:
                yield document

    def _text(self, name: str) -> str | None:
        try:
            return self._files.text(name) if self._files.exists(name) else None
        except InputError:  # it is no text, so it names no image
            return None

    def _entry(self, entry: str, folder: str, name: str, depth: int) -> Found:
        path = _below(folder, entry)
        if "://" in entry or entry.startswith(("github.com/", "git@")) or "?ref=" in entry:
            return Found(blind_spots=[f"{name}: kustomize fetches {entry} when it runs: not offline"])
        if self._files.exists(path):
            self._covered.add(path)
            return self._read(path)
        if kustomization_in(self._files, path) is not None:
            found = Found()
            self.build(path, depth + 1, found)
            return found
        return Found(problems=[_missing(entry, name)])


def _patch_values(document: Document, file: str, target: Tree, found: Found, *, lines: bool) -> None:
    """Take in a JSON patch: sure is only what it sets in an object that was found."""
    gone = what_is_gone(document.root)
    sure = any(_is_of(hit, target) for hit in found.hits)
    found.hits = [
        hit.at_most("likely", _GONE) if _is_of(hit, target) and _is_in(hit, gone) else hit for hit in found.hits
    ]
    for tree in what_is_set(document.root):
        new = extract(replace(document, root=tree), file, lines=lines)
        new.hits = new.hits if sure else [hit.at_most("likely", _FOR_WHAT) for hit in new.hits]
        found.add(new)


def _sound(parsed: Iterator[Document | Problem]) -> Iterator[Document]:
    return (document for document in parsed if isinstance(document, Document))


def _opened(parsed: Iterator[Document], file: str, target: Tree) -> Iterator[tuple[Document, str, Tree]]:
    """Each document with its file and target; of a patch transformer, the patch that it holds as text."""
    for document in parsed:
        held = document.root if isinstance(document.root, Map) else Map(0)
        if str(held.get("kind")) not in _PATCH_TRANSFORMERS:
            yield document, file, target
            continue
        for text in (held.get("patch"), held.get("jsonOp"), held.get("patches")):
            if isinstance(text, Text):
                yield from ((part, file, held.get("target")) for part in _sound(documents(text, file)))


def _is_of(hit: Hit, target: Tree) -> bool:
    """Whether the object of a hit is one that a patch is for, as far as kind and name say."""
    kind, _, name = hit.source.object.partition("/")
    wanted = (target.get("kind"), target.get("name")) if isinstance(target, Map) else (None, None)
    return wanted != (None, None) and wanted[0] in (None, kind) and wanted[1] in (None, name)


def _is_in(hit: Hit, fields: set[str]) -> bool:
    """Whether it stands in one of the fields, or below it."""
    return any(
        hit.source.field == field or hit.source.field.startswith((f"{field}.", f"{field}[")) for field in fields
    )


def _missing(entry: str, name: str) -> Problem:
    return Problem("kustomization-missing", f"names {entry}, which the context does not have", "", name)


def _below(folder: str, entry: str) -> str:
    return posixpath.normpath(posixpath.join(folder, entry)).lstrip("/")
