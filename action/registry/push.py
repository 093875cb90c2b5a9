"""Pushing: blobs that are not there yet, then manifests (OCI distribution specification 1.1, "Push").

A large blob travels as one streamed PATCH; when the connection breaks, the registry is asked how much it has and only
the rest is sent again. A registry that does not keep broken uploads (docker-registry 2.8) gets the blob from its
beginning: smaller pieces would not help there, for a piece that breaks makes it forget the others. What arrives is
checked by the registry, which is told the digest when the upload is closed.
"""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from action.errors import InputError, Problem, RegistryError
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.credentials.authorizer import push_scope
from action.registry.http.hosts import web_address
from action.registry.http.limits import kind_of
from action.registry.http.response import Response, count_of
from action.registry.http.retry import ONCE, RETRIED_STATUSES
from action.store.oci.digest import digest_of
from action.store.oci.manifest import Manifest
from action.store.oci.media import MANIFEST_TYPES

# Up to this size an upload is one request, started again from the beginning when it fails.
_SMALL = 1 << 20
# A broken upload is given up when it breaks this often without progress between.
_TRIES = 6
_DOUBTS = frozenset({"DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"})
# Bytes given to the socket at once. Each piece must be gone within the time that a connection may take to be made, so
# large ones would make slow lines fail.
_PIECE = 128 << 10
_OCTETS = "application/octet-stream"

Opener = Callable[[int], Iterable[bytes]]


class Sent(NamedTuple):
    """How a blob came to be in the repository, and how many of its bytes travelled."""

    how: Literal["there", "mounted", "sent"]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedManifest:
    """``lists_referrers``: the registry took note of the subject, so no fallback tag is needed."""

    digest: str
    lists_referrers: bool


class Pusher:
    """Pushes into one repository (that of ``reference``); safe to share between threads.

    ``mount_from`` are repositories of the same registry that may have the same blobs: what they have is not sent.
    """

    def __init__(self, client: RegistryClient, reference: ImageReference, mount_from: Sequence[str] = ()) -> None:
        self._client = client
        self._reference = reference
        self._host = client.endpoint(reference).host
        self._mount_from = tuple(name for name in mount_from if name != client.repository(reference))
        self._scopes = push_scope(client.repository(reference), *self._mount_from)
        self._done: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def push_blob(self, digest: str, size: int, open_at: Opener) -> Sent:
        """Make sure that the repository has the blob; ``open_at`` opens it at an offset. Raises RegistryError."""
        with self._one_at_a_time(digest):
            if self._has(self._reference, digest):
                return Sent("there", 0)
            location = self._start(digest)
            if location is None:
                return Sent("mounted", 0)
            if size <= _SMALL:
                self._send_small(location, digest, open_at)
            else:
                self._send_large(location, digest, size, open_at)
            return Sent("sent", size)

    def push_bytes(self, data: bytes) -> Sent:
        """The same for a small blob in memory."""
        return self.push_blob(digest_of(data), len(data), lambda offset: [data[offset:]])

    def manifest(self, name: str) -> Manifest | None:
        """What a tag or digest of the repository names now, or None.

        Asked with the right to push: of a repository that does not exist yet, many registries let only those know
        who may make it.
        """
        url = self._client.url(self._reference, f"manifests/{name}")
        response = self._ask("GET", url, {"Accept": ", ".join(MANIFEST_TYPES)}, None, expect=(200, 404))
        if response.status == 404:
            return None
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip()
        return Manifest(response.body, media_type, digest_of(response.body))

    def push_manifest(self, body: bytes, media_type: str, digest: str, name: str | None = None) -> PushedManifest:
        """Store a manifest under its digest, or under the tag ``name``; the registry's digest must be ours."""
        response = self._put_manifest(name or digest, {"Content-Type": media_type}, body)
        told = response.headers.get("Docker-Content-Digest", digest)
        if told != digest:
            raise self._wrong(f"stored {name or 'a manifest'} as {told} when it was given {digest}")
        return PushedManifest(digest=digest, lists_referrers="OCI-Subject" in response.headers)

    def _put_manifest(self, name: str, headers: dict[str, str], body: bytes) -> Response:
        """What it names was just stored, and the digest is of these bytes: a registry that doubts it is asked again.

        distribution 2.8 rewrites a blob's link in place when two publishers send the same blob, and whoever reads the
        link in that moment finds it empty: DIGEST_INVALID (registry/handlers/manifests.go, ErrDigestInvalidFormat).
        """
        for attempt in range(1, _TRIES):
            try:
                return self._request("PUT", f"manifests/{name}", headers, body, expect=(200, 201))
            except RegistryError as error:
                if error.registry_code not in _DOUBTS:
                    raise
            self._pause(attempt)
        return self._request("PUT", f"manifests/{name}", headers, body, expect=(200, 201))

    def _one_at_a_time(self, digest: str) -> threading.Lock:
        """Two manifests may share a blob; the second waits for the first and then finds it there."""
        with self._lock:
            return self._done.setdefault(digest, threading.Lock())

    def _has(self, reference: ImageReference, digest: str) -> bool:
        url = self._client.url(reference, f"blobs/{digest}")
        return self._ask("HEAD", url, {}, None, expect=(200, 404)).status == 200

    def _start(self, digest: str) -> str | None:
        """The address of a new upload, or None when the registry had the blob in another repository.

        A mount always names its source: the specification allows it to be left out since 1.1, and registries that
        do not know that refuse the request.
        """
        query = ""
        for name in self._mount_from:
            other = ImageReference(self._reference.domain, name, None, digest, name)
            if self._seems_to_have(digest, other):
                query = f"?{urllib.parse.urlencode({'mount': digest, 'from': name})}"
                break
        response = self._request("POST", f"blobs/uploads/{query}", {}, b"", expect=(201, 202))
        return None if response.status == 201 else self._location(response)

    def _send_small(self, location: str, digest: str, open_at: Opener) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                self._close(location, digest, b"".join(open_at(0)))
            except RegistryError as error:
                if attempt == _TRIES or not _is_passing(error):
                    raise
            else:
                return
            if self._seems_to_have(digest, self._reference):
                return
            self._pause(attempt)
            location = self._fresh()

    def _send_large(self, location: str, digest: str, size: int, open_at: Opener) -> None:
        position, failures = 0, 0
        while True:
            try:
                if position < size:
                    location = self._send_from(location, position, size, open_at)
                self._close(location, digest, b"")
            except RegistryError as error:
                if not _is_passing(error):
                    raise
                if self._seems_to_have(digest, self._reference):
                    return
                reached = self._reached(location)
                progress = reached is not None and reached[1] > position
                failures = 1 if progress else failures + 1
                if failures >= _TRIES:
                    raise
                self._pause(failures)
                location, position = reached if reached is not None else (self._fresh(), 0)
            else:
                return

    def _seems_to_have(self, digest: str, reference: ImageReference) -> bool:
        """Whether a repository has the blob, as far as it tells us: its answer to an upload may be lost or late, and
        a repository to mount from may be none of our business.
        """
        try:
            return self._has(reference, digest)
        except RegistryError:
            return False

    def _pause(self, attempt: int) -> None:
        session = self._client.session
        session.sleep(session.policy.wait(attempt))

    def _send_from(self, location: str, position: int, size: int, open_at: Opener) -> str:
        headers = {"Content-Type": _OCTETS, "Content-Length": str(size - position)}
        if position:
            headers["Content-Range"] = f"{position}-{size - 1}"
        # Sent once: after a break the registry has a part of it, and must be asked before any more is sent.
        response = self._client.session.request(
            "PATCH",
            location,
            host=self._host,
            scopes=self._scopes,
            headers=headers,
            body=lambda: _exactly(open_at(position), size - position),
            expect=(202,),
            policy=ONCE,
            kind=kind_of(size - position),
        )
        return self._location(response)

    def _close(self, location: str, digest: str, body: bytes) -> None:
        address = f"{location}{'&' if '?' in location else '?'}{urllib.parse.urlencode({'digest': digest})}"
        headers = {"Content-Type": _OCTETS}
        response = self._ask("PUT", address, headers, body, expect=(201, 204), once=True)
        told = response.headers.get("Docker-Content-Digest", digest)
        if told != digest:
            raise self._wrong(f"stored the blob {digest} as {told}")

    def _reached(self, location: str) -> tuple[str, int] | None:
        """Where to go on and how many bytes the registry has, or None when the upload is lost."""
        try:
            response = self._ask("GET", location, {}, None, expect=(204, 202))
        except RegistryError:
            return None
        first, _, end = response.headers.get("Range", "").removeprefix("bytes=").partition("-")
        last = count_of(end)
        # "0-0" is said of one byte and of none; then the upload starts again.
        if first != "0" or not last:
            return None
        return self._location(response, location), last + 1

    def _fresh(self) -> str:
        response = self._request("POST", "blobs/uploads/", {}, b"", expect=(202,))
        return self._location(response)

    def _location(self, response: Response, default: str = "") -> str:
        """Where the upload goes on. Only at the registry itself: the login must not go anywhere else."""
        base = self._client.url(self._reference, "blobs/uploads/")
        address = web_address(self._host, response.headers.get("Location") or default, base)
        target = urllib.parse.urlsplit(address)
        origin = urllib.parse.urlsplit(base)
        if target.netloc != origin.netloc:
            raise self._wrong(f"wants the upload at another host, {target.netloc}")
        # A registry behind a proxy that ends TLS may answer with http://; what was secure stays so.
        return urllib.parse.urlunsplit(target._replace(scheme=origin.scheme))

    def _request(
        self, method: str, tail: str, headers: dict[str, str], body: bytes, *, expect: Sequence[int]
    ) -> Response:
        return self._ask(method, self._client.url(self._reference, tail), headers, body, expect=expect)

    def _ask(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        *,
        expect: Sequence[int],
        once: bool = False,
    ) -> Response:
        if body is not None:
            headers = {**headers, "Content-Length": str(len(body))}
        return self._client.session.request(
            method,
            url,
            host=self._host,
            scopes=self._scopes,
            headers=headers,
            body=(lambda: _exactly([body], len(body))) if body else body,
            expect=expect,
            policy=ONCE if once else None,
        )

    def _wrong(self, what: str) -> RegistryError:
        return RegistryError(Problem("registry-misbehaves", f"{self._host} {what}", "ask the registry's operator"))


def _is_passing(error: RegistryError) -> bool:
    """Whether trying again may help: no answer came, or one that speaks of a bad moment.

    A refused digest counts: bytes that were lost or doubled on the way are the usual reason.
    """
    passing_codes = ("DIGEST_INVALID", "BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "SIZE_INVALID")
    return error.status is None or error.status in {*RETRIED_STATUSES, 416} or error.registry_code in passing_codes


def _exactly(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The chunks in small pieces, ``size`` bytes in all: more would be taken for the next request."""
    left = size
    for chunk in chunks:
        if len(chunk) > left:
            break
        left -= len(chunk)
        for start in range(0, len(chunk), _PIECE):
            yield chunk[start : start + _PIECE]
    if left:
        raise InputError(Problem("changed-while-read", "a blob changed while it was being sent", "build it again"))
