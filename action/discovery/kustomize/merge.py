"""Strategic patches: which containers they give another image, so that the one they had is no longer certain.

Lists of containers merge by the name of the container:
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from action.discovery.evidence.hits import Hit
from action.discovery.text.context_files import ContextFiles
from action.discovery.text.tree import Document, Map, Tree
from action.discovery.text.yaml_reader import documents

_LISTS = ("containers", "initContainers")
_FIELD = re.compile(r"((?:.*\.)?(?:containers|initContainers))\[(\d+)\]\.image")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class Container(NamedTuple):
    """``object`` is ``Kind/name``, ``path`` the field of the list that holds it."""

    object: str
    path: str
    name: str


def given_images(patch: Map) -> frozenset[Container]:
    """The containers that a patch gives an image."""
    metadata = patch.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Map) else None
    return frozenset(
        Container(f"{patch.get('kind')}/{name}", path, str(item.get("name")))
        for path, item in _containers(patch, "", 0)
        if "image" in item
    )


def is_given_another(files: ContextFiles, hit: Hit, given: frozenset[Container]) -> bool:
    """Whether a hit is the image of one of the containers; only then is its file read again, for the name."""
    return any(hit.source.object == container.object for container in given) and _container_of(files, hit) in given


def _container_of(files: ContextFiles, hit: Hit) -> Container | None:
    """The container whose image a hit is, when it stands in a manifest of the context."""
    field = _FIELD.fullmatch(hit.source.field)
    if field is None or not files.exists(hit.source.file):
        return None
    for document in documents(files.text(hit.source.file), hit.source.file):
        if isinstance(document, Document) and document.number == hit.source.document:
            item = _at(document.root, f"{field[1]}[{field[2]}]")
            return Container(hit.source.object, field[1], str(item.get("name"))) if isinstance(item, Map) else None
    return None


def _containers(node: Map, path: str, depth: int) -> Iterator[tuple[str, Map]]:
    for key, value in node.items():
        here = f"{path}.{key}".removeprefix(".")
        if key in _LISTS and isinstance(value, list):
            yield from ((here, item) for item in value if isinstance(item, Map))
        elif isinstance(value, Map) and depth < 16:  # pods are at most six levels down
            yield from _containers(value, here, depth + 1)


def _at(root: Tree, field: str) -> Tree:
    node = root
    for key, index in _STEP.findall(field):
        if isinstance(node, Map) and key:
            node = node.get(key)
        elif isinstance(node, list) and index and int(index) < len(node):
            node = node[int(index)]
        else:
            return None
    return node
