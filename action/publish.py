"""publish: built images -> the registry; the tag that people use comes last, when everything behind it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from action import bill, published
from action.errors import InputError, Problem, RegistryError
from action.image.labels import TYPE
from action.publishing import Ready, find_images, index_of
from action.reference import ImageReference
from action.referrers import attach
from action.registry.client import RegistryClient
from action.registry.push import Pusher
from action.results import ImageChange, PublishedPlatform, PublishResult, Target
from action.store.manifest import Manifest
from action.store.media import OCI_INDEX, OCI_MANIFEST
from generator.config import Settings
from generator.names import Arch

DEFAULT_REGISTRY = "ghcr.io"
_JOBS = 4


def default_destination(settings: Settings, environment: Mapping[str, str]) -> tuple[str, str]:
    """Registry and namespace: those of the settings, else ``ghcr.io/<owner of the repository>``.

    Raises InputError when neither says where to publish.
    """
    registry = settings.registry or DEFAULT_REGISTRY
    namespace = settings.namespace or environment.get("GITHUB_REPOSITORY_OWNER", "").lower()
    if not namespace:
        raise InputError(
            Problem("no-namespace", f"nothing says under which name in {registry} to publish", "set --namespace")
        )
    return registry, namespace


def publish(
    target: Target,
    layouts: Mapping[Arch, Path],
    *,
    registry: str,
    namespace: str,
    client: RegistryClient,
    force: str | None = None,
    mount_from: Sequence[str] = (),
) -> PublishResult:
    """Push every architecture of ``target``, then its index, and read that back.

    ``layouts`` are image layouts that hold ``<version>-<arch>``. Nothing is pushed when an architecture is missing.
    What is published already under the same content id is left as it is; other content under the tag is replaced
    only with ``force``, which is the reason and is recorded. ``mount_from`` names repositories of the same registry
    whose blobs may be used. Raises ClusterImageError.
    """
    images = find_images(target, layouts)
    reference = ImageReference.parse(f"{registry}/{namespace}/{target.app}:{target.version}")
    index = index_of(target, images, force)
    pusher = Pusher(client, reference, mount_from)
    there = pusher.manifest(target.version)
    if there is not None and not force:
        if published.identity(there) == published.identity(index) != "":
            return _result(target, reference, there.digest, images, unchanged=True)
        raise _refusal(target, reference, there, index)
    compared_with, changes = _changes(client, reference, there, images)
    uploaded = _push(pusher, reference, target, images, there, index)
    return _result(
        target,
        reference,
        index.digest,
        images,
        uploaded=uploaded,
        replaced=there.digest if there is not None and there.digest != index.digest else None,
        force=force or None,
        compared_with=compared_with,
        changes=tuple(changes),
    )


def _push(
    pusher: Pusher,
    reference: ImageReference,
    target: Target,
    images: Sequence[Ready],
    there: Manifest | None,
    index: Manifest,
) -> dict[Arch, int]:
    """Blobs, then manifests and what is attached to them, then the index; each step only when the one before is whole.

    Returns the bytes of blobs that travelled for each architecture.
    """
    with ThreadPoolExecutor(max_workers=_JOBS) as pool:
        uploaded = {image.arch: _push_blobs(pusher, image, pool) for image in images}
    for image in images:
        pusher.push_manifest(image.body(), OCI_MANIFEST, image.digest)
        uploaded[image.arch] += _attach_bill(pusher, reference, target, image)
    # Registries have no compare-and-swap for tags, so look before and after: somebody else may publish the same.
    _expect(pusher, reference, there.digest if there else None)
    tags = {f"{target.version}-{image.arch}": image for image in images}
    for tag, image in tags.items():
        pusher.push_manifest(image.body(), OCI_MANIFEST, image.digest, tag)
    _expect(pusher, reference, there.digest if there else None)
    pusher.push_manifest(index.body, OCI_INDEX, index.digest, target.version)
    _expect(pusher, reference, index.digest)
    for tag, image in tags.items():
        _expect(pusher, published.at(reference, tag=tag), image.digest)
    return uploaded


def _push_blobs(pusher: Pusher, image: Ready, pool: ThreadPoolExecutor) -> int:
    """Several at once, the largest first; the bytes that had to travel."""
    parts = sorted(image.blobs().items(), key=lambda item: -item[1])
    sent = [
        pool.submit(pusher.push_blob, digest, size, partial(image.layout.read_blob, digest)) for digest, size in parts
    ]
    try:
        return sum(future.result().size for future in sent)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _attach_bill(pusher: Pusher, reference: ImageReference, target: Target, image: Ready) -> int:
    if image.bill is None:
        return 0
    document = bill.to_cyclonedx(reference.name, target.version, image.digest, image.bill)
    return attach(pusher, image.descriptor().to_json(), document, bill.CYCLONEDX)


def _changes(
    client: RegistryClient, reference: ImageReference, there: Manifest | None, images: Sequence[Ready]
) -> tuple[str | None, list[ImageChange]]:
    """The tag that this publication follows, and how the container images inside differ from it."""
    now = {str(image.arch): image.bill for image in images if image.bill is not None}
    tag = reference.tag if there is not None else published.version_before(client, reference)
    before = there or (published.find(client, published.at(reference, tag=tag)) if tag else None)
    if not now or before is None:
        return None, []
    known = published.bills(client, reference, before)
    return (tag, bill.compare(known, now)) if known else (None, [])


def _expect(pusher: Pusher, reference: ImageReference, digest: str | None) -> None:
    """Read what a tag names, byte for byte, and raise when that is not ``digest``."""
    now = pusher.manifest(reference.tag or "")
    if (now.digest if now else None) != digest:
        state = f"is now {now.digest}" if now else "is not there"
        raise RegistryError(
            Problem(
                "published-meanwhile",
                f"{reference} changed while this image was being published: it {state}",
                "somebody else publishes the same tag; look at what is there, then try again",
            )
        )


def _refusal(target: Target, reference: ImageReference, there: Manifest, index: Manifest) -> InputError:
    kind = published.annotation(there, TYPE)
    other = f", as {kind}" if kind and kind != target.type else ""
    message = f"{reference} is published as {there.digest}{other}; this build is {index.digest} and has other content"
    hint = "publish under another version, or force it and give the reason"
    return InputError(Problem("already-published", message, hint))


def _result(
    target: Target,
    reference: ImageReference,
    digest: str,
    images: Sequence[Ready],
    *,
    uploaded: Mapping[Arch, int] | None = None,
    unchanged: bool = False,
    replaced: str | None = None,
    force: str | None = None,
    compared_with: str | None = None,
    changes: tuple[ImageChange, ...] = (),
) -> PublishResult:
    problems = []
    if unchanged:
        message = f"{reference} was published before with the same content; nothing was sent"
        problems.append(Problem("unchanged", message, severity="warning"))
    if replaced:
        message = f"{reference} was {replaced} and is now {digest}, by force: {force}"
        problems.append(Problem("replaced", message, severity="warning"))
    return PublishResult(
        type=target.type,
        app=target.app,
        version=target.version,
        reference=str(reference),
        digest=digest,
        platforms=tuple(
            PublishedPlatform(
                arch=image.arch,
                reference=f"{reference}-{image.arch}",
                digest=image.digest,
                size=image.size(),
                uploaded=(uploaded or {}).get(image.arch, 0),
            )
            for image in images
        ),
        unchanged=unchanged,
        replaced=replaced,
        force=force,
        compared_with=compared_with,
        changes=changes,
        problems=tuple(problems),
    )
