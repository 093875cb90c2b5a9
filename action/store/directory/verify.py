"""Reads a registry directory again from the disk, hashes it, and checks every rule by which nodes will use it.

The rules are those of distribution's filesystem storage, and of how Sealos copies the directory when it runs: only
tags travel, a repository without one stops the whole copy, and of an index under a tag that is not whole one platform.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from action.errors import ClusterImageError, Problem
from action.store.directory.read import Tree, read_tree
from action.store.oci.digest import digest_of_file
from action.store.oci.image import CONFIG_LIMIT
from action.store.oci.manifest import (
    ImageIndex,
    ImageManifest,
    Part,
    Platform,
    index_entries,
    manifest_parts,
    parse_config,
    parse_manifest,
)
from generator.names import Arch

MAX_REPOSITORIES = 1024
"""Sealos asks for the catalogue once, and gets no more than this many."""

_MANIFEST_LIMIT = 4 << 20
_HASHING_THREADS = 4

_Images = dict[str, ImageManifest | ImageIndex | None]
"""The revisions of one repository by their digest; None for those that cannot be read."""


def verify(
    registry: Path, *, arch: Arch | None = None, hashed: Collection[str] = frozenset(), staging: str = ""
) -> list[Problem]:
    """Every breach, with its path; an empty list is a directory that can be shipped.

    ``arch`` is what every image must be for; without it they must only agree. ``hashed`` are the digests of blobs that
    this very run has hashed while writing them, and ``staging`` is the directory that it still works in.

    Raises OSError when the disk cannot be read.
    """
    if registry.is_symlink() or not registry.is_dir():
        return [Problem("no-registry", "is not a directory", "place the images first", file=registry.name)]
    tree = read_tree(registry, staging)
    wrong = _hash_blobs(tree, hashed)
    used: set[str] = set()
    platforms: dict[str, Platform] = {}
    for repository in tree.repositories:
        _check_repository(tree, repository, wrong, used, platforms)
    _check_platforms(tree, platforms, arch)
    for digest in sorted(set(tree.blobs) - used):
        tree.breach("unused-blob", _blob(digest), "belongs to no image here, and would be shipped for nothing")
    count = len(tree.repositories)
    if count > MAX_REPOSITORIES:
        tree.breach("too-many-repositories", "", f"has {count} repositories; Sealos sees only {MAX_REPOSITORIES}")
    if count == 0:
        tree.breach("no-images", "", "holds no image", "place the images first, or remove the directory")
    return sorted(tree.problems, key=lambda problem: (problem.file or "", problem.code, problem.message))


def _hash_blobs(tree: Tree, hashed: Collection[str]) -> set[str]:
    """The digests whose bytes are others; each is told once, here."""
    unsure = [(digest, path) for digest, path in sorted(tree.blobs.items()) if digest not in hashed]
    with ThreadPoolExecutor(_HASHING_THREADS) as pool:
        found = list(pool.map(lambda item: digest_of_file(item[1]), unsure))
    wrong = set()
    for (digest, path), real in zip(unsure, found, strict=True):
        if real != digest:
            wrong.add(digest)
            tree.breach("wrong-bytes", _blob(digest), f"has {path.stat().st_size} bytes with the digest {real}")
    return wrong


def _check_repository(
    tree: Tree, repository: str, wrong: set[str], used: set[str], platforms: dict[str, Platform]
) -> None:
    """``used`` gains the digests that its images need; ``platforms`` what each tag is for."""
    home = f"docker/registry/v2/repositories/{repository}"
    tags = tree.tags.get(repository, {})
    if not tags:
        tree.breach("no-tag", home, "has no tag: Sealos copies tags only, and stops at a repository without one")
    if not tree.layers.get(repository):
        tree.breach("no-layers", home, "has no _layers: a registry does not list such a repository")
    for tag, digests in sorted(tree.history.get(repository, {}).items()):
        if tags.get(tag) not in digests:
            tree.breach("bad-history", f"{home}/_manifests/tags/{tag}", "has a history without what the tag means")
    needed: set[str] = set()
    images: _Images = {}
    kept = _kept_whole(tree, tags.values())
    for digest in sorted(tree.revisions.get(repository, ())):
        used.add(digest)
        link = f"{home}/_manifests/revisions/sha256/{digest[7:]}/link"
        image = images[digest] = _image(tree, link, digest, wrong, of_any_kind=digest in kept)
        if isinstance(image, ImageManifest):
            parts = (image.config, *image.layers)
            needed |= {part.digest for part in parts}
            _check_parts(tree, repository, link, parts)
    used |= needed
    for digest in sorted(tree.layers.get(repository, set()) - needed):
        tree.breach("unused-link", f"{home}/_layers/sha256/{digest[7:]}/link", "is of a blob that no image here has")
    for tag in sorted(tags):
        _check_tag(tree, repository, tag, images, wrong, platforms)


def _check_tag(
    tree: Tree, repository: str, tag: str, images: _Images, wrong: set[str], platforms: dict[str, Platform]
) -> None:
    link = f"docker/registry/v2/repositories/{repository}/_manifests/tags/{tag}/current/link"
    digest = tree.tags[repository][tag]
    if digest not in tree.history.get(repository, {}).get(tag, ()):
        tree.breach("bad-history", link, f"has no index link for {digest}: the tag could not be deleted")
    if digest not in images:
        tree.breach("no-revision", link, f"means {digest}, which has no revision link: pulls would fail")
        return
    image = images[digest]
    if isinstance(image, ImageIndex):
        _check_index(tree, link, digest, images)
    elif isinstance(image, ImageManifest):
        platform = _platform(tree, link, image.config, wrong)
        if platform is not None:
            platforms[link] = platform


def _kept_whole(tree: Tree, tagged: Iterable[str]) -> set[str]:
    """What the indexes under tags name: images of every platform, and what describes them."""
    return {entry.digest for digest in tagged for entry in _entries_of(tree, digest)}


def _entries_of(tree: Tree, digest: str) -> tuple[Part, ...]:
    """What an index names; nothing for what is none."""
    path = tree.blobs.get(digest)
    try:
        if path is None or path.stat().st_size > _MANIFEST_LIMIT:
            return ()
        return index_entries(path.read_bytes(), digest)
    except ClusterImageError:
        return ()


def _check_index(tree: Tree, link: str, digest: str, images: _Images) -> None:
    """Sealos copies an index with all that it names, then the image of its own platform; anything less it loses."""
    for entry in _entries_of(tree, digest):
        if isinstance(images.get(entry.digest), ImageIndex):
            tree.breach("index-under-tag", link, f"means an index that names another, {entry.digest}: Sealos loses it")
        elif entry.digest not in images:
            message = f"means an index without its image {entry.digest}: a node gets whatever platform Sealos copies"
            tree.breach("index-under-tag", link, message)


def _image(
    tree: Tree, link: str, digest: str, wrong: set[str], *, of_any_kind: bool
) -> ImageManifest | ImageIndex | None:
    """The manifest that a link means; None when it cannot be read, which is told.

    ``of_any_kind``: it is there as a part of an index, and need not be one that a node could run.
    """
    path = tree.blobs.get(digest)
    if path is None:
        tree.breach("no-blob", link, f"means {digest}, whose bytes are not here")
        return None
    if digest in wrong:
        return None
    try:
        size = path.stat().st_size
        body = path.read_bytes() if size <= _MANIFEST_LIMIT else b""
        if of_any_kind and b'"manifests"' not in body:
            config, *layers = manifest_parts(body, f"the manifest {digest}")
            return ImageManifest(config=config, layers=tuple(layers))
        return parse_manifest(body, "", f"the manifest {digest}")
    except ClusterImageError as error:
        tree.breach("bad-manifest", link, error.problems[0].message)
        return None


def _check_parts(tree: Tree, repository: str, link: str, parts: Iterable[Part]) -> None:
    linked = tree.layers.get(repository, set())
    for part in parts:
        path = tree.blobs.get(part.digest)
        if part.digest not in linked:
            tree.breach("no-layer-link", link, f"needs {part.digest}, which its repository has no _layers link for")
        if path is None:
            tree.breach("no-blob", link, f"needs {part.digest}, whose bytes are not here")
        elif path.stat().st_size != part.size:
            tree.breach("wrong-size", _blob(part.digest), f"has {path.stat().st_size} bytes; {link} says {part.size}")


def _platform(tree: Tree, link: str, config: Part, wrong: set[str]) -> Platform | None:
    path = tree.blobs.get(config.digest)
    if path is None or config.digest in wrong:
        return None
    try:
        body = path.read_bytes() if path.stat().st_size <= CONFIG_LIMIT else b""
        return parse_config(body, f"the image {config.digest}")
    except ClusterImageError as error:
        tree.breach("bad-config", link, error.problems[0].message)
        return None


def _check_platforms(tree: Tree, platforms: dict[str, Platform], arch: Arch | None) -> None:
    if arch is not None:
        for link, platform in sorted(platforms.items()):
            if platform[:2] != ("linux", arch):
                tree.breach("wrong-platform", link, f"is for {platform}, not for linux/{arch}")
        return
    kinds = sorted({str(Platform(*platform[:2])) for platform in platforms.values()})
    if len(kinds) > 1:
        tree.breach("mixed-platforms", "", f"holds images for {' and '.join(kinds)}; an image has one architecture")


def _blob(digest: str) -> str:
    return f"docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"
