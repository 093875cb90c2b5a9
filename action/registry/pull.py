"""One image of a registry as a source of manifests and blobs, and the words for an image that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from action.errors import Problem, RegistryError
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.store.oci.digest import digest_of
from action.store.oci.image import Leaf
from action.store.oci.manifest import Manifest, Part, refused
from action.store.oci.platform import find_leaf
from generator.names import Arch

_WRONG_BYTES_TRIES = 3


class Nearby(Protocol):
    """What is known without asking a registry."""

    def body(self, digest: str) -> bytes | None:
        """The bytes of a digest when they are on this machine, and right; ``digest`` may be any text."""

    def expects(self, reference: ImageReference) -> bool:
        """Whether what the reference names was here before, so that its digest alone may be all that is needed."""


class NothingNearby:
    """Everything is asked of the registry."""

    def body(self, digest: str) -> bytes | None:
        return None

    def expects(self, reference: ImageReference) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class RegistryImage:
    """Implements action.store.oci.image.ImageSource; what is ``nearby`` is not asked of the registry again."""

    client: RegistryClient
    reference: ImageReference
    nearby: Nearby

    def manifest(self, part: Part) -> Manifest:
        body = self.nearby.body(part.digest)
        if body is not None:
            return Manifest(body, part.media_type, part.digest)
        return self.client.get_manifest(replace(self.reference, tag=None, digest=part.digest))

    def small_blob(self, part: Part) -> bytes:
        body = self.nearby.body(part.digest)
        if body is not None:
            return body
        for _ in range(_WRONG_BYTES_TRIES):
            body = b"".join(self.stream(part, 0))
            if digest_of(body) == part.digest:
                return body
        problem = Problem("wrong-digest", f"{self.reference.domain} sends wrong bytes for {part.digest}", "try again")
        raise RegistryError(problem)

    def stream(self, part: Part, offset: int) -> Iterable[bytes]:
        return self.client.read_blob(self.reference, part.digest, offset, size=part.size)


def pull_leaf(image: RegistryImage, arch: Arch) -> Leaf:
    """Find the image for ``arch`` at its registry: manifests and configuration, no layers.

    Raises RegistryError (code ``image-not-found`` or ``access-denied`` when the registry's answer is that it has no
    such image for us) and InputError (see ``find_leaf``).
    """
    reference = image.reference
    if reference.digest is not None and not reference.digest.startswith("sha256:"):
        raise refused(str(reference), "is pinned by a digest that is not sha256, which registries do not keep")
    try:
        top = _known(image) or image.client.get_manifest(reference)
    except RegistryError as error:
        raise _explained(error, reference) from error
    return find_leaf(top, image, arch, str(reference))


def _known(image: RegistryImage) -> Manifest | None:
    """The manifest that is here already, when a HEAD says that it is still what the reference names."""
    if not image.nearby.expects(image.reference):
        return None
    try:
        head = image.client.head_manifest(image.reference)
    except RegistryError as error:
        if error.status is None:
            raise
        return None  # what GET is answered, is what counts
    body = image.nearby.body(head.digest) if head is not None and head.digest is not None else None
    return Manifest(body, head.media_type, head.digest) if head and head.digest and body is not None else None


def _explained(error: RegistryError, reference: ImageReference) -> RegistryError:
    said = f" ({error.status} {error.registry_code or ''}".rstrip() + ")"
    if error.status == 404:
        problem = Problem(
            "image-not-found",
            f"the image {reference} does not exist{said}",
            "correct its name or its tag; leave it out with a line in .sealignore if it is not an image",
        )
    elif error.status in (401, 403) and error.problems[0].code == "registry-refused":
        problem = Problem(
            "access-denied",
            f"{reference.domain} denies {reference}: it does not exist, or our login may not read it{said}",
            f"correct its name, or log in with `docker login {reference.domain}` as a user who may read it",
        )
    else:
        return error
    return RegistryError(problem, status=error.status, registry_code=error.registry_code)
