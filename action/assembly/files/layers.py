"""Layers: which file of the image travels in which layer, and the writing of them.

What changes together travels together, and what did not change keeps its layer, so that a registry that has the layer
is not sent it again:

- a large file has a layer of its own, which depends on nothing but that file;
- small blobs of ``registry/`` go by the repository that they belong to, or by their digest when several share them;
- the links of ``registry/`` go by repository;
- everything else is one layer.

A layer is compressed when most of what it holds is not (binaries, charts, the documents and links of ``registry/``);
layers of the images in ``registry/`` travel as they are. The bill of images is always plain, for whoever only wants to
read that.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from action.assembly.files.compressible import is_compressible
from action.assembly.files.layer_blob import Layer, new_layer
from action.assembly.files.rootfs import Node, Rootfs
from action.assembly.files.tar_stream import END, write_entry
from action.model import bill
from action.model.bill import BILL, TITLE_ANNOTATION
from action.store.oci.layout import OciLayout
from generator.settings.settings import Compression

# Storage drivers stack at most 127 layers: https://docs.docker.com/engine/storage/drivers/overlayfs-driver/
MAX_LAYERS = 127
SMALL_BLOBS = "registry blobs"
BUCKETS = 16
# Files below this size are never alone: a layer costs three requests and a kilobyte of padding.
ALONE_FROM = 256 << 10
MAX_ALONE = MAX_LAYERS - 2 * BUCKETS - 3  # beside the buckets: the rest, the bill of images, and one to spare

_STORAGE = "registry/docker/registry/v2/"
_BLOB = re.compile(r"registry/docker/registry/v2/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})/data")
_LINK = re.compile(r"registry/docker/registry/v2/repositories/(.+?)/_(?:layers|manifests)/.*")
_OWNED = re.compile(
    r"registry/docker/registry/v2/repositories/(.+?)/_(?:layers|manifests/revisions)/sha256/([0-9a-f]{64})/link"
)


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """One layer to write: its paths in order, the directories above them included. ``title`` is for people."""

    title: str
    entries: tuple[tuple[str, Node], ...]


def plan_layers(rootfs: Rootfs) -> list[LayerPlan]:
    """Share the files out; the same tree gives the same plan, and a layer depends only on what it holds."""
    items = list(rootfs.walk())
    uses = Counter(id(node) for _, node in items)
    # Directories with something in them are written with it, in every layer that needs them.
    leaves = [(path, node) for path, node in items if node.kind != "directory" or not node.children]
    limit = _alone_from(node.size for _, node in leaves if uses[id(node)] == 1)
    repositories = _repositories(path for path, _ in leaves)
    groups: dict[tuple[int, str], list[tuple[str, Node]]] = {}
    for path, node in leaves:
        alone = node.size >= limit and uses[id(node)] == 1 and path != bill.PATH
        groups.setdefault((3, path) if alone else _group(path, repositories), []).append((path, node))
    directories = {path: node for path, node in items if node.kind == "directory"}
    plans = [LayerPlan(title, _with_parents(groups[order, title], directories)) for order, title in sorted(groups)]
    # Readers expect one layer at least.
    return plans or [LayerPlan("files", ())]


def write_layers(
    plans: Sequence[LayerPlan], layout: OciLayout, *, mtime: int, compression: Compression
) -> list[Layer]:
    """Write every layer into ``layout``, as many at once as there are processors; memory does not grow with size."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        # The big ones first: the last to finish decides how long it takes.
        order = sorted(range(len(plans)), key=lambda n: -sum(node.size for _, node in plans[n].entries))
        running = {number: pool.submit(_write_layer, plans[number], layout, mtime, compression) for number in order}
        try:
            return [running[number].result() for number in range(len(plans))]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _write_layer(plan: LayerPlan, layout: OciLayout, mtime: int, compression: Compression) -> Layer:
    written: dict[int, str] = {}
    packs = plan.title != BILL and is_compressible(plan.entries)
    with new_layer(layout, compression if packs else None, {TITLE_ANNOTATION: plan.title}) as writer:
        for path, node in plan.entries:
            earlier = written.get(id(node)) if node.kind == "file" else None
            write_entry(writer, path, node, mtime=mtime, link_to=earlier)
            written.setdefault(id(node), path)
        writer.write(END)
    return writer.layer()


def _alone_from(sizes: Iterable[int]) -> int:
    """The size from which a file travels alone: doubled until few enough are, so that it moves seldom."""
    limit = ALONE_FROM
    large = [size for size in sizes if size >= limit]
    while len(large) > MAX_ALONE:
        limit *= 2
        large = [size for size in large if size >= limit]
    return limit


def _group(path: str, repositories: Mapping[str, set[str]]) -> tuple[int, str]:
    """The layer of a small file: an order and a title."""
    if path == bill.PATH:
        return 4, BILL
    link = _LINK.fullmatch(path)
    if link:
        return 1, f"registry links {_bucket(link[1])}"
    blob = _BLOB.fullmatch(path)
    if blob:
        owners = repositories.get(blob[1], set())
        return 2, f"{SMALL_BLOBS} {_bucket(min(owners) if len(owners) == 1 else blob[1])}"
    if path.startswith(_STORAGE):
        return 1, f"registry links {_bucket(path)}"  # an empty directory, say: no reason to send the charts again
    return 0, "files"


def _bucket(key: str) -> str:
    return f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).digest()[0] % BUCKETS:02d}"


def _repositories(paths: Iterable[str]) -> dict[str, set[str]]:
    """Blob (hex digits) -> the repositories of ``registry/`` that link it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in paths:
        owned = _OWNED.fullmatch(path)
        if owned:
            found[owned[2]].add(owned[1])
    return found


def _with_parents(
    entries: Sequence[tuple[str, Node]], directories: Mapping[str, Node]
) -> tuple[tuple[str, Node], ...]:
    """The entries, each after the directories above it: a layer must not leave their modes to its reader."""
    listed: dict[str, Node] = {}
    for path, node in entries:
        at = path.find("/")
        while at >= 0:
            listed.setdefault(path[:at], directories[path[:at]])
            at = path.find("/", at + 1)
        listed[path] = node
    return tuple(listed.items())
