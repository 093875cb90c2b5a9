"""The content id of an image that is still to be built, from its recipe and the files that go into it.

The bytes of each file count by their hash. Of the blobs of ``registry/`` it is their name: placing has hashed them, or
is to fetch just what the name says, so the id of an image is known before its blobs are there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from action.assembly.builder.bases import Base
from action.assembly.builder.image_names import sources
from action.assembly.files.node_bytes import chunks
from action.assembly.files.rootfs import Node, Rootfs
from action.assembly.native.assemble import Assembled
from action.assembly.recipe import Recipe
from action.model import bill, content_id

_LARGE = 1 << 20
_BLOB = re.compile(r"registry/docker/registry/v2/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})/data")


def of_assembled(recipe: Recipe, assembled: Assembled) -> str:
    """Of an image that is assembled natively: its files as they will be, and how it runs. Raises InputError."""
    run = {name: value for name, value in assembled.config.items() if value and name != "Labels"}
    labels = {**recipe.labels, **assembled.config.get("Labels", {})}
    return content_id.of_image(
        {
            "epoch": recipe.epoch,
            "run": run,
            "labels": content_id.deciding(labels),
            "files": _files(assembled.rootfs, recipe),
        }
    )


def of_ingredients(recipe: Recipe, context: Rootfs, bases: Sequence[Base]) -> str:
    """Of an image that a builder makes: all that the builder is given. Raises InputError.

    ``context`` is what it sees of the build context. What a RUN or an ADD downloads is not known, so it is not part of
    this; nor is the program that reads the build file (``# syntax=``), which is renewed often and changes no image.
    """
    taken = {source.reference for source in sources(recipe.buildfile, recipe.build_args, recipe.arch)}
    return content_id.of_image(
        {
            "epoch": recipe.epoch,
            "architecture": recipe.arch,
            "buildfile": recipe.buildfile.path.read_text(encoding="utf-8", errors="surrogateescape"),
            "build_args": dict(recipe.build_args),
            "bases": sorted(
                [str(base.reference), base.arch or "", base.digest] for base in bases if base.reference in taken
            ),
            "labels": content_id.deciding(recipe.labels),
            "files": _files(context, recipe),
            "images": None if recipe.images is None else bill.to_document(recipe.images),
        }
    )


def _files(rootfs: Rootfs, recipe: Recipe) -> str:
    """One hash over every path with what is there. Large files are hashed in threads; small ones do not repay them."""
    listing = hashlib.sha256()
    first: dict[int, str] = {}
    items = list(rootfs.walk())
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        begun = {path: pool.submit(_digest, path, node, recipe) for path, node in items if node.size >= _LARGE}
        for path, node in items:
            known = first.setdefault(id(node), path)
            if known != path:
                content = f"link to {known}"
            else:
                content = begun[path].result() if path in begun else _digest(path, node, recipe)
            listing.update(_line(path, node, content))
    return listing.hexdigest()


def _line(path: str, node: Node, content: str) -> bytes:
    attributes = {name: value.hex() for name, value in sorted(node.attributes.items())}
    line: list[Any] = [path, node.kind, node.mode, *node.owner, content, attributes]
    return json.dumps(line, ensure_ascii=True).encode() + b"\n"


def _digest(path: str, node: Node, recipe: Recipe) -> str:
    if node.kind != "file":
        return node.target
    placed = _placed_digest(node, recipe)
    if placed is not None:
        return placed
    running = hashlib.sha256()
    for chunk in chunks(path, node):
        running.update(chunk)
    return running.hexdigest()


def _placed_digest(node: Node, recipe: Recipe) -> str | None:
    """The digest of a blob that placing answers for: only cluster images have been through it."""
    if recipe.images is None or node.source is None:
        return None
    match = _BLOB.fullmatch(node.source.removeprefix(f"{recipe.context}/"))
    return match[1] if match else None
