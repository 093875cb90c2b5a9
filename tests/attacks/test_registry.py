"""A registry that means harm: each row is tried for real, and ends in one message, soon, in little memory.

Whatever the registry sends is a stranger's text. It must not be able to end in a defect of ours, to hold us, to fill
the memory, to get a login that is not its own, or to have one printed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from action.errors import ClusterImageError, RegistryError
from action.model.reference import ImageReference
from action.placement.place import place
from action.publication import published
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain, Credentials, Keychain, LoginKeychain
from action.registry.credentials.challenge import parse_challenge
from action.registry.credentials.realm import check_realm
from action.registry.http.response import Timeouts
from action.registry.http.retry import RetryPolicy
from action.registry.push import Pusher
from tests.support import images
from tests.support.findings import finding
from tests.support.hostile_registry import (
    Asked,
    HostileRegistry,
    Reply,
    answer,
    endless,
    hostile_registry,
    trickling,
)

IMAGE = images.image(images.layer("hostile", 3000), label="hostile")
LAYER = IMAGE.layers[0]
SECRET = "s3cret-token"
DEEP = b"[" * 200_000
MANY = 4 << 20  # bytes; more than this is never taken of a body that should be small
_TYPE = ("Content-Type", IMAGE.media_type)
_COLOURS = b'{"errors": [{"code": "\\u001b[2J"}]}'
_OTHER = ("Docker-Content-Digest", f"sha256:{'0' * 64}")
_OK = b"HTTP/1.1 200 OK\r\n"


def changed(**parts: object) -> bytes:
    return json.dumps({**json.loads(IMAGE.body), **parts}).encode()


def layers(*given: Mapping[str, object]) -> bytes:
    own = {"mediaType": images.OCI_MANIFEST.replace("manifest.v1+json", "layer.v1.tar+gzip"), "digest": LAYER.digest}
    return changed(layers=[{**own, "size": len(LAYER.data), **one} for one in given])


def manifest(body: bytes) -> dict[str, Reply]:
    return {"/manifests/": answer(200, body, _TYPE)}


def bearer(realm: str) -> Reply:
    """Wants a token of ``realm``, whatever it is shown."""
    return lambda asked: answer(
        401, b"", ("WWW-Authenticate", f'Bearer realm="{realm.format(host=asked.host)}",service="s"')
    )(asked)


def token(body: bytes) -> dict[str, Reply]:
    return {"/token": answer(200, body), "/v2/": bearer("http://{host}/token")}


def moved(target: str, status: int = 307) -> Reply:
    return answer(status, b"", ("Location", target))


class Attack(NamedTuple):
    """``says`` is a part of the message that it ends in; ``replies`` come before those of a good image."""

    name: str
    replies: dict[str, Reply]
    says: str


PULLING = [
    # A body or a head that never ends.
    Attack("configuration without end", {"/blobs/": endless(_OK + b"\r\n")}, "sends wrong bytes"),
    Attack("layer without end", {f"/blobs/{LAYER.digest}": endless(_OK + b"\r\n")}, "more than"),
    Attack("manifest without end", {"/manifests/": endless(_OK + b"\r\n")}, "the body is longer than"),
    Attack("refusal without end", {"/manifests/": endless(b"HTTP/1.1 403 X\r\n\r\n")}, "denies"),
    Attack("head that trickles", {"/manifests/": trickling(_OK + b"X-A: ")}, "bytes came in"),
    Attack("interim answers that trickle", {"/manifests/": trickling(b"HTTP/1.1 100 X\r\n")}, "bytes came in"),
    Attack("manifest that trickles", {"/manifests/": trickling(_OK + b"\r\n")}, "bytes came in"),
    Attack("refusal that trickles", {"/manifests/": trickling(b"HTTP/1.1 403 X\r\n\r\n")}, "denies"),
    Attack("line without end", {"/manifests/": endless(_OK + b"X-A:")}, "cannot be read"),
    Attack("headers without end", {"/manifests/": lambda asked: [_OK, b"a: b\r\n" * 100_000]}, "cannot be read"),
    # Addresses.
    Attack("redirect to half an address", {"/manifests/": moved("http://[::1")}, "not a web address"),
    Attack("redirect to a port of letters", {"/manifests/": moved("http://h:x/")}, "not a web address"),
    Attack("redirect to a port too high", {"/manifests/": moved("http://h:99999/")}, "not a web address"),
    Attack("redirect to a file", {"/manifests/": moved("file:///etc/passwd")}, "not a web address"),
    Attack("redirect to an empty address", {"/manifests/": moved("http://")}, "more than 8 times"),
    Attack("redirect in a circle", {"/manifests/": moved("/v2/a/b/manifests/v1")}, "more than 8 times"),
    Attack("redirect to a name of dots", {"/manifests/": moved("http://a..b/")}, "cannot be read"),
    Attack("realm of half an address", {"/v2/": bearer("http://[::1")}, "not a web address"),
    Attack("realm that is a file", {"/v2/": bearer("file:///etc/passwd")}, "not a web address"),
    Attack("realm without a host", {"/v2/": bearer("https:///token")}, "not a web address"),
    # Tokens.
    Attack("token with a line end", token(json.dumps({"token": f"{SECRET}\r\nX: y"}).encode()), "without a token"),
    Attack("token beyond latin-1", token(json.dumps({"token": f"{SECRET}\u20ac"}).encode()), "without a token"),
    Attack("token that is a list", token(b'{"token": ["s3cret-token"]}'), "without a token"),
    Attack("answer that is a list", token(b'["s3cret-token"]'), "without a token"),
    Attack("answer of deep JSON", token(DEEP), "without a token"),
    Attack(
        "life of a token that no clock has", token(b'{"token": "t", "expires_in": 1%s}' % (b"0" * 400)), "without a"
    ),
    Attack("token that is refused again", token(b'{"token": "s3cret-token"}'), "denies"),
    Attack(
        "token server without end", {"/token": endless(_OK + b"\r\n"), "/v2/": bearer("http://{host}/token")}, "longer"
    ),
    # Documents.
    Attack("manifest of deep JSON", manifest(DEEP), "not JSON"),
    Attack("manifest in UTF-16", manifest(IMAGE.body.decode().encode("utf-16")), "not JSON"),
    Attack("manifest with NaN", manifest(IMAGE.body.replace(b"{", b'{"x": NaN,', 1)), "not JSON"),
    Attack("manifest that is a list", manifest(b"[]"), "not a JSON object"),
    Attack("manifest of schema 1", manifest(b'{"schemaVersion": 1}'), "schema 1"),
    Attack("index and image in one", manifest(changed(manifests=[])), "an index and an image"),
    Attack("layers that are a number", manifest(changed(layers=7)), "without a list of layers"),
    Attack("layer that is a text", manifest(changed(layers=["x"])), "without proper descriptors"),
    Attack("layer of minus one byte", manifest(layers({"size": -1})), "gives no size"),
    Attack("layer of two sizes", manifest(layers({}, {"size": 5})), "gives two sizes"),
    Attack("digest that leaves the folder", manifest(layers({"digest": "sha256:../../x"})), "not sha256"),
    Attack("layers beyond number", manifest(layers(*[{}] * 10_000)), "10000 layers"),
    Attack("layer that no disk holds", manifest(layers({"size": 10**40})), "is full"),
    Attack("layer held elsewhere", manifest(layers({"urls": ["http://evil.example/x"]})), "a foreign layer"),
    Attack("refusal of deep JSON", {"/manifests/": answer(400, b'{"errors": ' + DEEP)}, "answers 400"),
    Attack("refusal with control characters", {"/manifests/": answer(400, _COLOURS)}, "x1b"),
    Attack("tag whose digest is another", {"/manifests/": answer(200, IMAGE.body, _TYPE, _OTHER)}, "whose digest is"),
    # Bytes and counts.
    Attack("layer of other bytes", {f"/blobs/{LAYER.digest}": answer(200, b"x" * len(LAYER.data))}, "are wrong"),
    Attack("layer that ends early", {f"/blobs/{LAYER.digest}": answer(200, LAYER.data[:9])}, "ended at byte"),
    Attack(
        "range of other bytes",
        {f"/blobs/{LAYER.digest}": answer(206, b"x", ("Content-Range", "bytes 9-9/10"))},
        "answers 206",
    ),
    Attack("wait of 400 digits", {"/manifests/": answer(429, b"", ("Retry-After", "9" * 400))}, "asks to wait"),
    Attack(
        "length that is no number",
        {"/blobs/": lambda asked: [_OK, b"Content-Length: ", b"9" * 5000, b"\r\n\r\nx"]},
        "cannot be read|wrong bytes",
    ),
]


def good(asked: Asked) -> list[bytes]:
    """An image as it should be."""
    config = images.digest_of(IMAGE.config)
    blobs = {config: IMAGE.config, LAYER.digest: LAYER.data}
    body = next((data for digest, data in blobs.items() if asked.path.endswith(digest)), IMAGE.body)
    return list(answer(200, body, _TYPE)(asked))


def client_of(keychain: Keychain | None = None) -> RegistryClient:
    return RegistryClient(
        keychain or AnonymousKeychain(),
        policy=RetryPolicy(attempts=2, throttled_attempts=2, first_wait=0.001, jitter=0.0),
        timeouts=Timeouts(connect=2.0, read=2.0, slow_after=0.1),
    )


def pulled(folder: Path, hostile: HostileRegistry, keychain: Keychain | None = None) -> None:
    place(folder, [finding(f"{hostile.host}/a/b:v1")], arch="amd64", client=client_of(keychain))


@pytest.mark.parametrize("attack", PULLING, ids=lambda attack: attack.name)
def test_a_pull_ends_in_a_message_soon_and_in_little_memory(tmp_path: Path, attack: Attack) -> None:
    with hostile_registry({**attack.replies, "/v2/": attack.replies.get("/v2/", good)}) as hostile:
        with pytest.raises(ClusterImageError, match=attack.says) as caught:
            pulled(tmp_path, hostile)
        assert hostile.sent < 8 * MANY
    assert SECRET not in str(caught.value)
    assert not list(tmp_path.rglob("current/link"))


def test_the_good_image_of_this_table_is_placed(tmp_path: Path) -> None:
    with hostile_registry({"/v2/": good}) as hostile:
        pulled(tmp_path, hostile)
    assert list(tmp_path.rglob("current/link"))


@pytest.mark.parametrize(
    "redirect",
    [
        endless(b"HTTP/1.1 307 X\r\nLocation: /v2/other\r\n\r\n"),
        endless(b"HTTP/1.1 307 X\r\nLocation: /v2/other\r\nContent-Length: 99999999\r\n\r\n"),
        trickling(b"HTTP/1.1 307 X\r\nLocation: /v2/other\r\n\r\n"),
        trickling(b"HTTP/1.1 307 X\r\nLocation: /v2/other\r\nContent-Length: 9999\r\n\r\n"),
    ],
    ids=["endless", "endless and counted", "trickling", "trickling and counted"],
)
def test_the_body_of_a_redirect_holds_nobody(redirect: Reply) -> None:
    with hostile_registry({"/manifests/": redirect, "/v2/other": good}) as hostile:
        reference = ImageReference.parse(f"{hostile.host}/a/b:v1")
        assert client_of().get_manifest(reference).digest == IMAGE.digest
        assert hostile.sent < 2 * MANY


def test_a_tag_that_goes_by_sha512_is_known_by_its_sha256(tmp_path: Path) -> None:
    told = ("Docker-Content-Digest", f"sha512:{hashlib.sha512(IMAGE.body).hexdigest()}")
    with hostile_registry({"/manifests/": answer(200, IMAGE.body, _TYPE, told), "/v2/": good}) as hostile:
        pulled(tmp_path, hostile)
    (link,) = tmp_path.rglob("current/link")
    assert link.read_text() == IMAGE.digest


def test_a_challenge_of_sixty_thousand_letters_is_read_at_once() -> None:
    """Where each letter was tried as the beginning of a name, this took a quarter of a minute."""
    assert parse_challenge("Bearer " + "a" * 1_000_000) is None


_LOCATIONS = ["http://[::1", "http://h:x/", "http://evil.example/upload", "//evil.example/upload", "file:///x"]


@pytest.mark.parametrize("target", _LOCATIONS)
def test_an_upload_goes_nowhere_else_and_takes_no_login_there(target: str) -> None:
    replies = {"/uploads/": answer(202, b"", ("Location", target)), "/blobs/": answer(404)}
    with hostile_registry(replies) as hostile:
        login = LoginKeychain(hostile.host, Credentials(username="me", password=SECRET, origin="a test"))
        pusher = Pusher(client_of(login), ImageReference.parse(f"{hostile.host}/a/b:v1"))
        with pytest.raises(RegistryError, match="not a web address|at another host") as caught:
            pusher.push_bytes(b"data")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "link"),
    [
        (DEEP, ""),
        (b'{"tags": ' + DEEP, ""),
        (json.dumps({"tags": ["9" * 5000]}).encode(), ""),
        (b'{"tags": [1, null, {}]}', ""),
        (b'{"tags": {"a": 1}}', ""),
        (b'{"tags": []}', "<http://[::1>; rel=next"),
        (b'{"tags": []}', "<http://evil.example/>; rel=next"),
        (b'{"tags": []}', "<http://h:x/>; rel=next"),
        (b'{"tags": []}', "</v2/a/b/tags/list>; rel=next"),
    ],
)
def test_a_list_of_tags_is_read_as_far_as_it_is_one(body: bytes, link: str) -> None:
    headers = [("Link", link)] if link else []
    with hostile_registry({"/tags/list": answer(200, body, *headers)}) as hostile:
        found = published.version_before(client_of(), ImageReference.parse(f"{hostile.host}/a/b:v2"))
        assert found is None
        assert len(hostile.asked) <= 50


@pytest.mark.parametrize("body", [DEEP, b"[]", b'{"annotations": 7}', b'{"annotations": {"x": []}}'])
def test_what_is_under_a_tag_bears_a_content_id_or_none(body: bytes) -> None:
    with hostile_registry({"/manifests/": answer(200, body, _TYPE)}) as hostile:
        there = published.find(client_of(), ImageReference.parse(f"{hostile.host}/a/b:v1"))
    assert there is not None
    assert published.identity(there) == ""


PRIVATE, PUBLIC = "10.0.0.8", "93.184.216.34"
_NAMES = {"registry.example": PUBLIC, "inside.example": PRIVATE, "auth.example": PUBLIC, "rebound.example": PRIVATE}


def resolve(name: str) -> frozenset[str]:
    found = _NAMES.get(name, name if name[0].isdigit() or ":" in name else "")
    return frozenset({found} if found else ())


@pytest.mark.parametrize(
    ("host", "realm", "code"),
    [
        ("registry.example", "https://auth.example/token", ""),
        ("registry.example", "https://10.0.0.8/token", "private-token-server"),
        ("registry.example", "https://127.0.0.1:8080/token", "private-token-server"),
        ("registry.example", "https://[::1]/token", "private-token-server"),
        ("registry.example", "https://169.254.169.254/latest", "private-token-server"),
        ("registry.example", "https://rebound.example/token", "private-token-server"),
        ("registry.example", "http://auth.example/token", "plain-token-server"),
        ("inside.example", "https://10.0.0.9/token", ""),
        ("inside.example", "https://auth.example/token", ""),
        ("unknown.example", "https://10.0.0.9/token", ""),
    ],
)
def test_a_registry_of_the_internet_sends_nobody_into_a_private_network(host: str, realm: str, code: str) -> None:
    login = Credentials(username="me", password=SECRET, origin="a test")
    if not code:
        check_realm(host, realm, login, resolve)
        return
    with pytest.raises(RegistryError) as caught:
        check_realm(host, realm, login, resolve)
    assert caught.value.problems[0].code == code


def test_a_login_is_shown_to_its_own_registry_only(tmp_path: Path) -> None:
    """Neither the host that a redirect leads to nor the one that a blob is fetched from sees it."""
    with (
        hostile_registry({"/": good}) as other,
        hostile_registry({"/v2/": lambda asked: moved(f"http://{other.host}{asked.path}")(asked)}) as hostile,
    ):
        registry_token = Credentials(registry_token=SECRET, origin="a test")
        pulled(tmp_path, hostile, LoginKeychain(hostile.host, registry_token))
        assert all(asked.headers.get("authorization") == f"Bearer {SECRET}" for asked in hostile.asked)
        assert other.asked
        assert not any("authorization" in asked.headers for asked in other.asked)
