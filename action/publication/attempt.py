"""One publication on its way to a registry: decide, push, look again; when it is overtaken, decide anew."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from action.errors import InputError, Problem, RegistryError
from action.model import bill
from action.model.annotations import REVISION, TYPE
from action.model.reference import ImageReference
from action.model.results import ImageChange, PublishedPlatform, PublishResult, Target
from action.publication import published
from action.publication.messages import Last, later, no_index, other_type, refusal, replaced, unchanged
from action.publication.ready import Ready, index_of
from action.publication.referrers import attach
from action.registry.client import RegistryClient
from action.registry.push import Pusher
from action.store.oci.manifest import Manifest
from action.store.oci.media import OCI_MANIFEST
from generator.names import Arch

_JOBS = 4
# A publication that is overtaken this often is given up. The pauses grow, up to half a minute.
_TRIES = 12

# Whether the first of two commits is an ancestor of the second; what cannot be looked up is not.
IsOlder = Callable[[str, str], bool]


def never_older(ours: str, theirs: str) -> bool:
    return False


class Overtaken(RegistryError):
    """Somebody else published the same tag meanwhile."""


@dataclass(slots=True, kw_only=True)
class Publication:
    """One publication on its way. The last four are what it has done so far: it may be overtaken and begin again."""

    target: Target
    images: Sequence[Ready]
    whole: ImageReference
    client: RegistryClient
    pusher: Pusher
    force: str | None
    replace: str | None
    offered: Collection[Arch]
    is_older: IsOlder
    uploaded: dict[Arch, int] = field(default_factory=dict)
    overtaken: list[Problem] = field(default_factory=list)
    tagged: bool = False
    replaced: str | None = None

    @property
    def reason(self) -> str | None:
        return self.force or self.replace

    def publish(self) -> PublishResult:
        session = self.client.session
        for attempt in range(1, _TRIES + 1):
            try:
                return self._once()
            except Overtaken as error:
                if attempt == _TRIES:
                    raise
                self.overtaken += (problem._replace(severity="warning", hint="") for problem in error.problems)
            session.sleep(session.policy.wait(attempt) * random.random())  # noqa: S311 - only so that they part ways
        raise AssertionError  # the last try has returned or raised

    def _once(self) -> PublishResult:
        last = self._last()
        there = self.pusher.manifest(last.tag)
        problems = [] if last.is_index else [no_index(self.whole, self.target, self.offered)]
        if there is not None and published.annotation(there, TYPE) not in ("", self.target.type):
            raise InputError([other_type(self.target, last, there), *self.overtaken])
        if there is not None and not self.force:
            if self._is_there(last, there):
                self._mend_tags(there)
                if not self.tagged:
                    problems.append(unchanged(last.reference))
                return self._result(last, there.digest, problems, unchanged=not self.tagged)
            if self.replace and self._is_later(there):
                self._mend_tags(there)
                return self._result(last, there.digest, [*problems, later(last, there)], unchanged=True)
            if not self.replace:
                self._mend_tags(there)
                refused = refusal(last, there, self._is_earlier(there))
                raise InputError([refused, *self.overtaken])
        compared_with, changes = _changes(self.client, self.whole, there, self.images)
        if there and there.digest != last.manifest.digest:
            self.replaced = there.digest
        self._push(last, there)
        if self.replaced:
            problems.append(replaced(last, self.replaced, self.reason))
        return self._result(last, last.manifest.digest, problems, compared_with=compared_with, changes=tuple(changes))

    def _last(self) -> Last:
        """An index is only made of every architecture: a part under the image's version would pass for the whole."""
        siblings: dict[Arch, Manifest] = {}
        for arch in sorted(set(self.offered) - set(self.target.arches)):
            manifest = self.pusher.manifest(f"{self.target.version}-{arch}")
            if manifest is None:
                (image,) = self.images  # of two architectures, one was asked for and the other is not there
                alone = published.at(self.whole, tag=f"{self.target.version}-{image.arch}")
                return Last(alone, Manifest(image.body(), OCI_MANIFEST, image.digest), {})
            siblings[arch] = manifest
        index = index_of(self.target, self.images, siblings, self.reason)
        return Last(self.whole, index, {arch: manifest.digest for arch, manifest in siblings.items()})

    def _is_there(self, last: Last, there: Manifest) -> bool:
        """Whether the same is published. A content id alone is only what somebody says who could write the tag."""
        if there.digest == last.manifest.digest:
            return True
        if published.identity(there) != published.identity(last.manifest) or not published.identity(there):
            return False
        if not last.is_index:
            return published.has_content(self.client, self.whole, there.digest, self.images[0])
        entries = published.entries(there)
        if any(entries.get(arch) != digest for arch, digest in last.siblings.items()):
            return False
        return all(
            image.arch in entries and published.has_content(self.client, self.whole, entries[image.arch], image)
            for image in self.images
        )

    def _is_later(self, there: Manifest) -> bool:
        ours, theirs = self._revision(), published.annotation(there, REVISION)
        return bool(ours and theirs) and ours != theirs and self.is_older(ours, theirs)

    def _is_earlier(self, there: Manifest) -> bool:
        ours, theirs = self._revision(), published.annotation(there, REVISION)
        return bool(ours and theirs) and ours != theirs and self.is_older(theirs, ours)

    def _revision(self) -> str:
        """The commit of what was built here: an image that was taken over may be of an earlier one."""
        made = [image for image in self.images if not image.taken_over]
        return str((made[0].manifest().get("annotations") or {}).get(REVISION, "")) if made else ""

    def _mend_tags(self, there: Manifest) -> None:
        """Let the tags of architectures name what the index names: who was overtaken may have left others."""
        for arch, digest in published.entries(there).items():
            tag = f"{self.target.version}-{arch}"
            named = self.pusher.manifest(tag)
            if (self.tagged or named is None) and (named is None or named.digest != digest):
                manifest = self.client.get_manifest(published.at(self.whole, digest=digest))
                self.pusher.push_manifest(manifest.body, manifest.media_type, digest, tag)

    def _push(self, last: Last, there: Manifest | None) -> None:
        """Blobs, then manifests and what is attached to them, then the tags; each when the one before is whole."""
        with ThreadPoolExecutor(max_workers=_JOBS) as pool:
            for image in self.images:
                self._count(image.arch, _push_blobs(self.pusher, image, pool))
        for image in self.images:
            self.pusher.push_manifest(image.body(), OCI_MANIFEST, image.digest)
            self._count(image.arch, _attach_bill(self.pusher, last.reference, self.target, image))
        # Registries have no compare-and-swap for tags, so look before and after: somebody else may publish the same.
        before = there.digest if there else None
        self._expect(last.reference, before)
        tags = {f"{self.target.version}-{image.arch}": image for image in self.images} if last.is_index else {}
        self.tagged = True
        for tag, image in tags.items():
            self.pusher.push_manifest(image.body(), OCI_MANIFEST, image.digest, tag)
        self._expect(last.reference, before)
        self.pusher.push_manifest(last.manifest.body, last.manifest.media_type, last.manifest.digest, last.tag)
        self._expect(last.reference, last.manifest.digest)
        for tag, image in tags.items():
            self._expect(published.at(last.reference, tag=tag), image.digest)
        for arch, digest in last.siblings.items():
            self._expect(published.at(last.reference, tag=f"{self.target.version}-{arch}"), digest)
        if not last.is_index and self._last().is_index:
            raise Overtaken(Problem("published-meanwhile", f"the other half of {self.whole} was published meanwhile"))

    def _count(self, arch: Arch, sent: int) -> None:
        self.uploaded[arch] = self.uploaded.get(arch, 0) + sent

    def _expect(self, reference: ImageReference, digest: str | None) -> None:
        """Read what a tag names, byte for byte, and raise when that is not ``digest``."""
        now = self.pusher.manifest(reference.tag or "")
        if (now.digest if now else None) != digest:
            state = f"is now {now.digest}" if now else "is not there"
            message = f"{reference} changed while this image was being published: it {state}"
            hint = "somebody else publishes the same tag; look at what is there, then try again"
            raise Overtaken(Problem("published-meanwhile", message, hint))

    def _result(
        self,
        last: Last,
        digest: str,
        problems: Sequence[Problem],
        *,
        unchanged: bool = False,
        compared_with: str | None = None,
        changes: tuple[ImageChange, ...] = (),
    ) -> PublishResult:
        return PublishResult(
            type=self.target.type,
            app=self.target.app,
            version=self.target.version,
            reference=str(last.reference),
            digest=digest,
            platforms=tuple(self._platform(image, last) for image in self.images),
            unchanged=unchanged,
            taken_over=tuple(image.arch for image in self.images if image.taken_over),
            replaced=None if unchanged else self.replaced,
            force=None if unchanged else self.reason or None,
            compared_with=compared_with,
            changes=changes,
            problems=(*self.overtaken, *problems),
        )

    def _platform(self, image: Ready, last: Last) -> PublishedPlatform:
        return PublishedPlatform(
            arch=image.arch,
            reference=f"{last.reference.name}:{self.target.version}-{image.arch}",
            digest=image.digest,
            size=image.size(),
            uploaded=self.uploaded.get(image.arch, 0),
        )


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
