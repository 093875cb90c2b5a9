"""``manifests/``: plain Kubernetes objects, at any depth."""

from __future__ import annotations

from pathlib import Path

from action.discover.charts import Found
from action.discover.extract import extract
from action.discover.files import read_text, relative
from action.discover.yaml_tree import documents
from action.errors import InputError, Problem

FOLDER = "manifests"
SUFFIXES = (".yaml", ".yml", ".json")


def scan_manifests(context: Path) -> Found:
    """The images of every manifest; a document that cannot be read is a problem, and the others still count."""
    found = Found()
    folder = context / FOLDER
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            name = relative(path, context)
            try:
                found.add(read_manifest(read_text(path, name), name))
            except InputError as error:
                found.problems += error.problems
    return found


def read_manifest(text: str, name: str) -> Found:
    """The images of one file."""
    found = Found()
    for document in documents(text, name):
        if isinstance(document, Problem):
            found.problems.append(document)
        else:
            part = extract(document, name)
            found.add(Found(part.hits, part.problems, part.blind_spots))
    return found
