"""publish: built images -> the registry; the tag that people use comes last, when everything behind it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from action import content_id
from action.errors import ClusterImageError, InputError, Problem, RegistryError
from action.image.index import index_document, shared_annotations
from action.image.manifest import image_size
from action.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.push import Pusher
from action.results import PublishedPlatform, PublishResult, Target
from action.store.digest import digest_of
from action.store.manifest import Manifest
from action.store.media import OCI_INDEX, OCI_MANIFEST
from action.store.oci_layout import Descriptor, OciLayout, canonical_json
from generator.config import Settings
from generator.names import Arch

DEFAULT_REGISTRY = "ghcr.io"
FORCE_ANNOTATION = "io.cluster-image.force"
_TITLE = "org.opencontainers.image.title"
_VERSION = "org.opencontainers.image.version"
_JOBS = 4


@dataclass(frozen=True, slots=True)
class _Image:
    """One architecture, ready to push."""

    arch: Arch
    layout: OciLayout
    digest: str


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
) -> PublishResult:
    """Push every architecture of ``target``, then its index, and read that back.

    ``layouts`` are image layouts that hold ``<version>-<arch>``. Nothing is pushed when an architecture is missing.
    What is published already under the same content id is left as it is; other content under the tag is replaced
    only with ``force``, which is the reason and is recorded. Raises ClusterImageError.
    """
    images = _find_images(target, layouts)
    reference = ImageReference.parse(f"{registry}/{namespace}/{target.app}:{target.version}")
    index = _index_of(target, images, force)
    there = _current(client, reference)
    if there is not None and not force:
        if there.digest == index.digest or _content_id(there) == _content_id(index) != "":
            return _unchanged(target, reference, there, images)
        raise _refusal(reference, there, index)
    pusher = Pusher(client, reference)
    with ThreadPoolExecutor(max_workers=_JOBS) as pool:
        uploaded = {image.arch: _push_content(pusher, image, pool) for image in images}
    for image in images:
        _push_manifest(pusher, image, f"{target.version}-{image.arch}")
    now = _current(client, reference)
    if (now and now.digest) != (there and there.digest):
        raise _raced(reference, now)
    pusher.push_manifest(index.body, OCI_INDEX, index.digest, target.version)
    _read_back(client, reference, index)
    return _result(target, reference, index.digest, images, uploaded)


def _find_images(target: Target, layouts: Mapping[Arch, Path]) -> list[_Image]:
    problems: list[Problem] = []
    found: list[_Image] = []
    for arch in sorted(target.arches):
        if arch not in layouts:
            message = f"{target.app} {target.version} has no image for {arch}"
            problems.append(
                Problem("missing-architecture", message, "see why its build failed; nothing was published")
            )
            continue
        layout = OciLayout(layouts[arch])
        try:
            image = _Image(arch, layout, layout.resolve(f"{target.version}-{arch}").digest)
            _check_architecture(image)
            found.append(image)
        except ClusterImageError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return found


def _check_architecture(image: _Image) -> None:
    """The layout comes from the machine that ran init.sh: that it is what its name says is not taken on trust."""
    manifest = image.layout.read_manifest(image.digest)
    config = image.layout.read_manifest(manifest["config"]["digest"])
    if config.get("architecture") != image.arch or config.get("os") != "linux":
        found = f"{config.get('os')}/{config.get('architecture')}"
        problem = Problem("wrong-architecture", f"the image for {image.arch} says that it is for {found}")
        raise InputError(problem)


def _index_of(target: Target, images: list[_Image], force: str | None) -> Manifest:
    annotations = {_TITLE: target.app, _VERSION: target.version}
    annotations |= shared_annotations({image.arch: (image.layout, image.digest) for image in images})
    if force:
        annotations[FORCE_ANNOTATION] = force
    descriptors = {image.arch: _manifest_descriptor(image) for image in images}
    body = canonical_json(index_document(descriptors, annotations))
    return Manifest(body, OCI_INDEX, digest_of(body))


def _manifest_descriptor(image: _Image) -> Descriptor:
    size = image.layout.blob_path(image.digest).stat().st_size
    return Descriptor(media_type=OCI_MANIFEST, digest=image.digest, size=size)


def _current(client: RegistryClient, reference: ImageReference) -> Manifest | None:
    """What the tag names now. A repository that does not exist yet is no error, and some registries call it 403."""
    try:
        return client.get_manifest(reference)
    except RegistryError as error:
        if error.status == 404 or error.registry_code in ("NAME_UNKNOWN", "MANIFEST_UNKNOWN"):
            return None
        raise


def _content_id(manifest: Manifest) -> str:
    try:
        return str(json.loads(manifest.body)["annotations"][content_id.LABEL])
    except (ValueError, KeyError, TypeError):
        return ""


def _push_content(pusher: Pusher, image: _Image, pool: ThreadPoolExecutor) -> int:
    """Every blob of one image, several at once; the bytes that had to travel."""
    manifest = image.layout.read_manifest(image.digest)
    parts = {part["digest"]: int(part["size"]) for part in (*manifest["layers"], manifest["config"])}
    sent = [
        pool.submit(pusher.push_blob, digest, size, partial(image.layout.read_blob, digest))
        for digest, size in sorted(parts.items(), key=lambda item: -item[1])
    ]
    return sum(future.result().size for future in sent)


def _push_manifest(pusher: Pusher, image: _Image, tag: str) -> None:
    body = image.layout.blob_path(image.digest).read_bytes()
    pusher.push_manifest(body, OCI_MANIFEST, image.digest, tag)


def _read_back(client: RegistryClient, reference: ImageReference, index: Manifest) -> None:
    now = _current(client, reference)
    if now is None or now.digest != index.digest or now.body != index.body:
        raise _raced(reference, now)


def _refusal(reference: ImageReference, there: Manifest, index: Manifest) -> InputError:
    return InputError(
        Problem(
            "already-published",
            f"{reference} is published as {there.digest}; this build is {index.digest} and has other content",
            "publish under another version, or force it and give the reason",
        )
    )


def _raced(reference: ImageReference, now: Manifest | None) -> RegistryError:
    state = f"is now {now.digest}" if now else "is not there"
    return RegistryError(
        Problem(
            "published-meanwhile",
            f"{reference} changed while this image was being published: it {state}",
            "somebody else publishes the same tag; look at what is there, then try again",
        )
    )


def _unchanged(target: Target, reference: ImageReference, there: Manifest, images: list[_Image]) -> PublishResult:
    return _result(target, reference, there.digest, images, dict.fromkeys(target.arches, 0))


def _result(
    target: Target, reference: ImageReference, digest: str, images: list[_Image], uploaded: Mapping[Arch, int]
) -> PublishResult:
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
                size=image_size(image.layout, image.digest),
                uploaded=uploaded[image.arch],
            )
            for image in images
        ),
    )
