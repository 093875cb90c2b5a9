"""What a manifest may be: images for Linux in current formats; everything else is refused with the reason."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.errors import InputError
from action.store.oci.manifest import ImageIndex, ImageManifest, Platform, parse_config, parse_manifest
from tests.support import images

DIGEST = "sha256:" + "a" * 64
CONFIG = {"mediaType": images.OCI_CONFIG, "digest": DIGEST, "size": 2}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": f"sha256:{'b' * 64}", "size": 3}


def manifest(**changed: Any) -> bytes:
    document = {"schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "config": CONFIG, "layers": [LAYER], **changed}
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


def reason(body: bytes, media_type: str = "") -> str:
    with pytest.raises(InputError) as caught:
        parse_manifest(body, media_type, "app:v1")
    (problem,) = caught.value.problems
    assert problem.code == "unsupported-image"
    assert problem.hint
    return problem.message


@pytest.mark.parametrize("oci", [True, False])
def test_images_and_indexes_of_both_families_are_read(oci: bool) -> None:
    image = images.image(images.layer("one"), images.layer("two", compression="none"), oci=oci)
    parsed = parse_manifest(image.body, "", "app:v1")
    assert isinstance(parsed, ImageManifest)
    assert [part.digest for part in (parsed.config, *parsed.layers)] == [
        images.digest_of(image.config),
        *(layer.digest for layer in image.layers),
    ]
    index = parse_manifest(images.index(image, images.attestation(image), oci=oci).body, "", "app:v1")
    assert isinstance(index, ImageIndex)
    assert [entry.digest for entry in index.entries] == [image.digest], "attestations are left out"


def test_the_type_comes_from_the_document_then_from_its_source_then_from_its_shape() -> None:
    assert isinstance(parse_manifest(manifest(mediaType=None), images.OCI_MANIFEST, "a"), ImageManifest)
    assert isinstance(parse_manifest(manifest(mediaType=None), "", "a"), ImageManifest)
    assert isinstance(parse_manifest(manifest(), images.OCI_INDEX, "a"), ImageManifest)
    assert isinstance(parse_manifest(b'{"manifests": []}', "text/plain", "a"), ImageIndex)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b'{"schemaVersion": 1}', "old schema 1 format"),
        (manifest(mediaType="application/vnd.docker.distribution.manifest.v1+prettyjws"), "old schema 1 format"),
        (manifest(manifests=[]), "an index and an image in one document"),
        (b"{}", "document of no known type"),
        (manifest(layers=None, mediaType="application/vnd.acme+json"), "is a application/vnd.acme+json"),
        (manifest(layers={}), "without a list of layers"),
        (manifest(config=None), "without proper descriptors"),
        (manifest(config={**CONFIG, "digest": "sha256:../../x"}), "is not sha256:<64 hex digits>"),
        (manifest(config={**CONFIG, "digest": "sha512:" + "a" * 128}), "is not sha256:<64 hex digits>"),
        (manifest(config={**CONFIG, "size": -1}), "gives no size"),
        (manifest(config={**CONFIG, "size": True}), "gives no size"),
        (manifest(config={**CONFIG, "mediaType": None}), "gives no media type"),
        (
            manifest(config={**CONFIG, "mediaType": "application/vnd.cncf.helm.config.v1+json"}),
            "not a container image",
        ),
        (manifest(artifactType="application/x", config={**CONFIG, "mediaType": "application/x"}), "application/x"),
        (manifest(layers=[{**LAYER, "urls": ["https://a"]}]), "a foreign layer"),
        (
            manifest(layers=[{**LAYER, "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}]),
            "a foreign layer",
        ),
        (
            manifest(layers=[{**LAYER, "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar"}]),
            "a foreign layer",
        ),
        (manifest(layers=[{**LAYER, "mediaType": "application/vnd.oci.image.layer.v1.tar+xz"}]), "unknown type"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(body: bytes, words: str) -> None:
    message = reason(body)
    assert message.startswith("app:v1 ")
    assert words in message


@pytest.mark.parametrize(
    ("written", "platform", "shown"),
    [
        ({"os": "linux", "architecture": "amd64"}, Platform("linux", "amd64"), "linux/amd64"),
        ({"os": "Linux", "architecture": "x86_64"}, Platform("linux", "amd64"), "linux/amd64"),
        ({"os": "linux", "architecture": "arm64", "variant": "v8"}, Platform("linux", "arm64"), "linux/arm64"),
        ({"os": "linux", "architecture": "aarch64"}, Platform("linux", "arm64"), "linux/arm64"),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, Platform("linux", "arm", "v7"), "linux/arm/v7"),
        ({}, Platform("", ""), "unknown/unknown"),
    ],
)
def test_platforms_are_normalised(written: dict[str, str], platform: Platform, shown: str) -> None:
    assert parse_config(json.dumps(written).encode(), "a") == platform
    assert str(platform) == shown


KEYS = ["schemaVersion", "mediaType", "config", "layers", "manifests", "digest", "size", "platform", "os", "urls"]
LEAVES = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["", DIGEST, images.OCI_MANIFEST, "linux"])
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner), max_leaves=12
)


@settings(max_examples=300, deadline=None)
@given(JSON, st.sampled_from(["", images.OCI_INDEX, images.DOCKER_MANIFEST]))
def test_whatever_a_registry_sends_is_read_or_refused(document: object, media_type: str) -> None:
    for read in (lambda body: parse_manifest(body, media_type, "a"), lambda body: parse_config(body, "a")):
        with suppress(InputError):
            read(json.dumps(document).encode())


def test_what_an_image_says_of_itself_cannot_break_a_line_of_the_log() -> None:
    message = reason(manifest(config={**CONFIG, "mediaType": "a\n::error::x\ud800\u202e" + "y" * 999}))
    assert message.isprintable()
    assert len(message) < 500
