"""RegistryClient: manifests and blobs by the distribution protocol (OCI distribution specification 1.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from action.errors import Problem, RegistryError
from action.model.reference import ImageReference
from action.registry.credentials.auth import Keychain
from action.registry.credentials.authorizer import pull_scope
from action.registry.http.hosts import Endpoint, endpoint
from action.registry.http.limits import JOBS, Kind, kind_of
from action.registry.http.refusal import unreachable
from action.registry.http.response import Broken, Response, Timeouts, count_of
from action.registry.http.retry import RetryPolicy
from action.registry.transport import Session
from action.store.oci.digest import digest_of
from action.store.oci.manifest import Manifest
from action.store.oci.media import MANIFEST_TYPES

# All four types, always: without OCI among them an OCI index is a 404, without any a tag is a 400.
_ACCEPT = ", ".join(MANIFEST_TYPES)
# A body that is cut again and again is given up only when the cuts come without progress between them.
_PROGRESS = 64 << 10
_WRONG_BYTES_TRIES = 3


class ManifestHead(NamedTuple):
    """What a HEAD tells of a manifest; a registry need not tell the digest."""

    digest: str | None
    media_type: str
    size: int | None


class RegistryClient:
    """Reads from any registry; ``session`` and ``url`` are for what else the protocol offers (push)."""

    def __init__(
        self,
        keychain: Keychain,
        *,
        mirrors: Mapping[str, str] = MappingProxyType({}),
        insecure: Collection[str] = (),
        jobs: int = JOBS,
        policy: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        session: Session | None = None,
    ) -> None:
        self.session = session or Session(keychain, jobs=jobs, policy=policy, timeouts=timeouts)
        self._mirrors = mirrors
        self._insecure = insecure
        self._endpoints: dict[str, Endpoint] = {}

    def endpoint(self, reference: ImageReference) -> Endpoint:
        known = self._endpoints.get(reference.domain)
        if known is None:
            known = endpoint(reference.domain, mirrors=self._mirrors, insecure=self._insecure)
            self._endpoints[reference.domain] = known
        return known

    def repository(self, reference: ImageReference) -> str:
        """The repository's name as its registry (or the mirror) knows it: what token scopes are about."""
        return f"{self.endpoint(reference).prefix}{reference.path}"

    def url(self, reference: ImageReference, tail: str) -> str:
        """``tail`` is what follows the repository: ``blobs/uploads/``, ``manifests/v1``."""
        return f"{self.endpoint(reference).base}/v2/{self.repository(reference)}/{tail}"

    def get_manifest(self, reference: ImageReference) -> Manifest:
        """The manifest that the reference's digest, or else its tag, names; its bytes are checked."""
        name = reference.digest or reference.tag
        for _ in range(_WRONG_BYTES_TRIES):
            response = self._get(reference, "GET", f"manifests/{name}", {"Accept": _ACCEPT})
            told = response.headers.get("Docker-Content-Digest")
            wanted = reference.digest or told or ""
            algorithm = "sha512" if wanted.startswith("sha512:") else "sha256"
            digest = f"{algorithm}:{hashlib.new(algorithm, response.body).hexdigest()}"
            if not wanted or digest == wanted:
                # What a tag names is known by its sha256, whatever the registry likes to call it.
                return Manifest(response.body, _media_type(response), reference.digest or digest_of(response.body))
        raise RegistryError(
            Problem(
                "wrong-digest",
                f"{reference.domain} sends a manifest of {reference} whose digest is {digest}, not {wanted}",
                "the registry or a proxy on the way alters what it serves; try again, or use another mirror",
            ),
            status=response.status,
        )

    def head_manifest(self, reference: ImageReference) -> ManifestHead | None:
        """What the registry tells of a manifest without sending it, or None when it does not exist (404)."""
        tail = f"manifests/{reference.digest or reference.tag}"
        response = self._get(reference, "HEAD", tail, {"Accept": _ACCEPT}, expect=(200, 404))
        if response.status == 404:
            return None
        size = count_of(response.headers.get("Content-Length", ""))
        return ManifestHead(response.headers.get("Docker-Content-Digest"), _media_type(response), size)

    def blob_exists(self, reference: ImageReference, digest: str) -> bool:
        return self._get(reference, "HEAD", f"blobs/{digest}", {}, expect=(200, 404)).status == 200

    def read_blob(
        self, reference: ImageReference, digest: str, offset: int = 0, *, size: int | None = None
    ) -> Iterator[bytes]:
        """The blob's bytes from ``offset`` on, resumed where a connection broke; not hashed here.

        No more is read than the piece that goes beyond ``size``: who checks the bytes sees that they are too many.
        Give ``size`` (of the whole blob) whenever it is known: without it a body that ends early and says nothing
        cannot be told from a whole one. Raises RegistryError.
        """
        position, since_progress, failures = offset, 0, 0
        ranges = True
        policy = self.session.policy
        while size is None or position < size:
            try:
                with self._open_blob(reference, digest, position if ranges else 0, kind_of(size)) as response:
                    if response.status == 416:  # some caches know no ranges, or forget the blob's length
                        ranges = False
                        continue
                    for chunk in _from(response, position):
                        position += len(chunk)
                        since_progress += len(chunk)
                        yield chunk
                        if size is not None and position > size:
                            return
                if size is None:
                    return
                reason = f"the body ended at byte {position} of {size}"
            except Broken as error:
                reason = str(error)
            if size is not None and position >= size:
                return
            failures = 1 if since_progress >= _PROGRESS else failures + 1
            since_progress = 0
            if failures >= policy.attempts:
                raise unreachable("GET", reference.domain, self.url(reference, f"blobs/{digest}"), reason, failures)
            self.session.sleep(policy.wait(failures))

    def _open_blob(self, reference: ImageReference, digest: str, position: int, kind: Kind) -> Response:
        headers = {"Range": f"bytes={position}-"} if position else {}
        expect = (200, 206, 416) if position else (200,)
        return self._get(reference, "GET", f"blobs/{digest}", headers, expect=expect, stream=True, kind=kind)

    def _get(
        self,
        reference: ImageReference,
        method: str,
        tail: str,
        headers: Mapping[str, str],
        *,
        expect: Collection[int] = (200,),
        stream: bool = False,
        kind: Kind = "small",
    ) -> Response:
        return self.session.request(
            method,
            self.url(reference, tail),
            host=self.endpoint(reference).host,
            scopes=pull_scope(self.repository(reference)),
            headers=headers,
            expect=expect,
            stream=stream,
            kind=kind,
        )


def _from(response: Response, position: int) -> Iterator[bytes]:
    """The response's bytes from ``position`` of the blob on, whether or not the server heeded the range."""
    start = 0
    if response.status == 206:
        unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
        first = count_of(rest.partition("-")[0])
        if unit.lower() != "bytes" or first is None or first > position:
            raise Broken(f"asked for bytes from {position} on, got {response.headers.get('Content-Range')!r}")
        start = first
    skip = position - start
    for chunk in response.chunks():
        if skip >= len(chunk):
            skip -= len(chunk)
        else:
            yield chunk[skip:] if skip else chunk
            skip = 0


def _media_type(response: Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
