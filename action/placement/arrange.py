"""Which image gets which path and tag of the registry directory, by the rules that nodes ask by.

On a node Sealos' image-cri-shim drops the domain of a reference and asks ``sealos.hub:5000/<path>:<tag>``, by digest
first when there is one, and without a tag as ``latest`` then. So two images of different registries can want one
place, and one that loses its digest can become another: both are errors here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from action.errors import Problem
from action.model.findings import first_place, found_at
from action.model.reference import paths
from action.placement.resolved import Resolved
from action.store.directory.verify import MAX_REPOSITORIES
from action.store.directory.write import Contents
from action.store.oci import media


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """``tags`` is each image's tag, in the order given; ``problems`` has errors and warnings."""

    contents: Contents
    tags: tuple[str, ...]
    problems: tuple[Problem, ...]


def arrange(images: Sequence[Resolved]) -> Arranged:
    """Give every image its place; what cannot be placed is an error in ``problems``, and nothing is dropped."""
    problems: list[Problem] = []
    holders: dict[tuple[str, str], Resolved] = {}
    for image in images:
        tag = image.finding.reference.tag
        if tag is not None:
            for path in paths(image.finding.reference):
                holder = holders.setdefault((path, tag), image)
                if holder.leaf.manifest.digest != image.leaf.manifest.digest:
                    problems.append(_collision(path, tag, holder, image))
    tags = _invented_tags(images, holders)
    for image, tag in zip(images, tags, strict=True):
        for path in paths(image.finding.reference):
            if holders.setdefault((path, tag), image).whole is None:
                holders[path, tag] = image  # the same image for this architecture; an index keeps more of it
        if image.finding.reference.tag is None and tag != "latest":
            problems.append(_pinned_without_tag(image, tag))
        elif image.lossy:
            problems.append(_not_whole(image))
        if (of_two_kinds := _of_two_kinds(image)) is not None:
            problems.append(of_two_kinds)
    contents = _contents(images, holders)
    if len(contents.layers) > MAX_REPOSITORIES:
        problems.append(_too_many(len(contents.layers)))
    return Arranged(contents=contents, tags=tags, problems=tuple(problems))


def _invented_tags(images: Sequence[Resolved], holders: dict[tuple[str, str], Resolved]) -> tuple[str, ...]:
    """The tag of each image; one that is named by digest only becomes ``latest`` where nothing else does."""
    wanting: dict[str, set[str]] = defaultdict(set)
    for image in images:
        path = image.finding.reference.path
        if image.finding.reference.tag is None:
            wanting[path].add(image.leaf.manifest.digest)
    for path, digests in wanting.items():
        if holder := holders.get((path, "latest")):
            digests.add(holder.leaf.manifest.digest)
    return tuple(
        image.finding.reference.tag
        or ("latest" if len(wanting[image.finding.reference.path]) == 1 else _digest_tag(image))
        for image in images
    )


def _digest_tag(image: Resolved) -> str:
    return image.meant.replace(":", "-")


def _contents(images: Sequence[Resolved], holders: dict[tuple[str, str], Resolved]) -> Contents:
    layers: dict[str, set[str]] = defaultdict(set)
    revisions: dict[str, set[str]] = defaultdict(set)
    manifests: dict[str, bytes] = {}
    for image in images:
        manifests |= {manifest.digest: manifest.body for manifest in image.manifests}
        for path in paths(image.finding.reference):
            revisions[path] |= {manifest.digest for manifest in image.manifests}
            layers[path] |= {part.digest for part in image.parts}
    return Contents(
        layers={path: frozenset(found) for path, found in sorted(layers.items())},
        revisions={path: frozenset(found) for path, found in sorted(revisions.items())},
        tags={place: holders[place].meant for place in sorted(holders)},
        manifests=manifests,
    )


def _collision(path: str, tag: str, first: Resolved, second: Resolved) -> Problem:
    one, other = (
        f"{image.finding.reference} ({image.leaf.manifest.digest[:19]}, in {', '.join(found_at(image.finding))})"
        for image in (first, second)
    )
    return Problem(
        "same-place",
        f"two different images would both be {path}:{tag} on a node, which drops the domain: {one} and {other}",
        "use one of the two everywhere, or give one of them another tag or path",
        *first_place(second.finding),
    )


def _pinned_without_tag(image: Resolved, tag: str) -> Problem:
    """It is asked for by digest, then as ``latest``: one that loses its digest would silently be another image."""
    reference = image.finding.reference
    hint = "write the tag beside the digest (name:tag@digest): a node that cannot ask by digest asks for the tag"
    if image.keeps_its_digest:
        message = f"{reference} has no tag, and latest is another image: it is stored as {reference.path}:{tag}"
        return Problem("digest-without-tag", message, hint, *first_place(image.finding), severity="warning")
    why = image.lossy or "a layer of it is not compressed, and is when Sealos copies it"
    message = f"{reference} has no tag and would lose its digest on the way to a node ({why}); latest is another image"
    return Problem("digest-lost", message, hint, *first_place(image.finding))


def _not_whole(image: Resolved) -> Problem:
    return Problem(
        "index-not-whole",
        f"only one platform of {image.finding.reference} is kept: {image.lossy}",
        "nodes ask for it by its tag; a node that insists on the digest of the index finds nothing",
        *first_place(image.finding),
        severity="warning",
    )


def _of_two_kinds(image: Resolved) -> Problem | None:
    """containers/image, manifest/docker_schema2.go: only newer ones take such a manifest for what it is."""
    oci = [layer for layer in image.leaf.image.layers if layer.media_type.startswith(media.OCI_LAYER)]
    manifest, reference = image.leaf.manifest, image.finding.reference
    if manifest.media_type != media.DOCKER_MANIFEST or not oci:
        return None
    return Problem(
        "docker-manifest-with-oci-layers",
        f"{reference} is a Docker manifest with layers of OCI types: Sealos up to 5.1.1 leaves it out when it runs",
        f"run it with Sealos 5.1.2 or newer, or name a copy that is of one kind: skopeo copy --format oci docker://{reference}",
        *first_place(image.finding),
        severity="warning",
    )


def _too_many(count: int) -> Problem:
    return Problem(
        "too-many-repositories",
        f"the registry directory would hold {count} repositories; Sealos sees only {MAX_REPOSITORIES} when it runs",
        "split the application into several cluster images",
    )
