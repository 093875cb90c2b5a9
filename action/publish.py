"""publish: built images -> the registry; the tag that people use comes last, when everything behind it is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

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
    replace: str | None = None,
    mount_from: Sequence[str] = (),
    offered: Collection[Arch] = (),
) -> PublishResult:
    """Push every architecture of ``target``, then its index, and read that back.

    ``layouts`` are image layouts that hold ``<version>-<arch>``. Nothing is pushed when an architecture is missing.
    ``offered`` are the architectures that the version can be built for: one that the target leaves out is taken into
    the index as it is published, and while there is none, the architecture's own tag is all that is published.
    What is there with the same content id stays; other content is replaced only with a reason, which is recorded:
    ``replace``, or ``force`` to let nothing stay. ``mount_from`` names other applications whose blobs may be used.
    Raises ClusterImageError.
    """
    images = find_images(target, layouts)
    whole = ImageReference.parse(f"{registry}/{namespace}/{target.app}:{target.version}")
    pusher, reason = Pusher(client, whole, [f"{namespace}/{app}" for app in mount_from]), force or replace
    last = _last(pusher, whole, target, images, offered, reason)
    there = pusher.manifest(last.tag)
    problems = [] if last.is_index else [_no_index(whole, target, offered)]
    if there is not None and not force:
        if published.identity(there) == published.identity(last.manifest) != "":
            problems.append(_unchanged(last.reference))
            return _result(target, last, images, {}, problems, digest=there.digest, unchanged=True)
        if not replace:
            raise _refusal(target, last, there)
    compared_with, changes = _changes(client, whole, there, images)
    uploaded = _push(pusher, last, target, images, there)
    replaced = there.digest if there and there.digest != last.manifest.digest else None
    if replaced:
        problems.append(_replaced(last, replaced, reason))
    return _result(
        target,
        last,
        images,
        uploaded,
        problems,
        digest=last.manifest.digest,
        replaced=replaced,
        force=reason or None,
        compared_with=compared_with,
        changes=tuple(changes),
    )


class _Last(NamedTuple):
    """What is written last, when everything behind it is there: the index, or the only manifest there can be."""

    reference: ImageReference
    manifest: Manifest

    @property
    def tag(self) -> str:
        return self.reference.tag or ""

    @property
    def is_index(self) -> bool:
        return self.manifest.media_type == OCI_INDEX


def _last(
    pusher: Pusher,
    whole: ImageReference,
    target: Target,
    images: Sequence[Ready],
    offered: Collection[Arch],
    reason: str | None,
) -> _Last:
    """An index is only made of every architecture: a part of an image under its version would pass for the whole."""
    siblings: dict[Arch, Manifest] = {}
    for arch in sorted(set(offered) - set(target.arches)):
        manifest = pusher.manifest(f"{target.version}-{arch}")
        if manifest is None:
            (image,) = images  # of two architectures, one was asked for and the other is not there
            alone = published.at(whole, tag=f"{target.version}-{image.arch}")
            return _Last(alone, Manifest(image.body(), OCI_MANIFEST, image.digest))
        siblings[arch] = manifest
    return _Last(whole, index_of(target, images, siblings, reason))


def _push(
    pusher: Pusher, last: _Last, target: Target, images: Sequence[Ready], there: Manifest | None
) -> dict[Arch, int]:
    """Blobs, then manifests and what is attached to them, then the tags; each step only when the one before is whole.

    Returns the bytes of blobs that travelled for each architecture.
    """
    with ThreadPoolExecutor(max_workers=_JOBS) as pool:
        uploaded = {image.arch: _push_blobs(pusher, image, pool) for image in images}
    for image in images:
        pusher.push_manifest(image.body(), OCI_MANIFEST, image.digest)
        uploaded[image.arch] += _attach_bill(pusher, last.reference, target, image)
    # Registries have no compare-and-swap for tags, so look before and after: somebody else may publish the same.
    before = there.digest if there else None
    _expect(pusher, last.reference, before)
    tags = {f"{target.version}-{image.arch}": image for image in images} if last.is_index else {}
    for tag, image in tags.items():
        pusher.push_manifest(image.body(), OCI_MANIFEST, image.digest, tag)
    _expect(pusher, last.reference, before)
    pusher.push_manifest(last.manifest.body, last.manifest.media_type, last.manifest.digest, last.tag)
    _expect(pusher, last.reference, last.manifest.digest)
    for tag, image in tags.items():
        _expect(pusher, published.at(last.reference, tag=tag), image.digest)
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


def _refusal(target: Target, last: _Last, there: Manifest) -> InputError:
    kind = published.annotation(there, TYPE)
    other = f", as {kind}" if kind and kind != target.type else ""
    now = f"this build is {last.manifest.digest} and has other content"
    message = f"{last.reference} is published as {there.digest}{other}; {now}"
    hint = "publish under another version, or force it and give the reason"
    return InputError(Problem("already-published", message, hint))


def _no_index(whole: ImageReference, target: Target, offered: Collection[Arch]) -> Problem:
    missing = ", ".join(sorted(set(offered) - set(target.arches)))
    message = f"{whole} itself is not made: there is no image for {missing} yet"
    return Problem("no-index", message, f"build it for {missing} too", severity="warning")


def _unchanged(reference: ImageReference) -> Problem:
    message = f"{reference} was published before with the same content; nothing was sent"
    return Problem("unchanged", message, severity="warning")


def _replaced(last: _Last, before: str, reason: str | None) -> Problem:
    message = f"{last.reference} was {before} and is now {last.manifest.digest}: {reason}"
    return Problem("replaced", message, severity="warning")


def _result(
    target: Target,
    last: _Last,
    images: Sequence[Ready],
    uploaded: Mapping[Arch, int],
    problems: Sequence[Problem],
    *,
    digest: str,
    unchanged: bool = False,
    replaced: str | None = None,
    force: str | None = None,
    compared_with: str | None = None,
    changes: tuple[ImageChange, ...] = (),
) -> PublishResult:
    return PublishResult(
        type=target.type,
        app=target.app,
        version=target.version,
        reference=str(last.reference),
        digest=digest,
        platforms=tuple(
            PublishedPlatform(
                arch=image.arch,
                reference=f"{last.reference.name}:{target.version}-{image.arch}",
                digest=image.digest,
                size=image.size(),
                uploaded=uploaded.get(image.arch, 0),
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
