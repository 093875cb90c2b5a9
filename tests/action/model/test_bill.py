"""The bill of images: the file, the CycloneDX document, the comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from action.model import bill
from action.model.results import ImageChange, ImageInside


def inside(reference: str, mark: str = "a", index: str | None = None) -> ImageInside:
    path, _, tag = reference.partition("/")[2].partition(":")
    return ImageInside(
        reference=reference,
        path=path,
        tag=tag or "latest",
        index_digest=index,
        digest=f"sha256:{mark * 64}",
        size=1234,
        found=("charts/web/templates/d.yaml", "images/shim/list:3"),
    )


IMAGES = [inside("quay.io/x/y:2", "b", f"sha256:{'c' * 64}"), inside("docker.io/library/nginx:1.25")]


def test_the_file_comes_back_as_it_was() -> None:
    document = json.loads(json.dumps(bill.to_document(IMAGES)))
    assert bill.from_document(document) == (IMAGES[1], IMAGES[0])
    assert bill.to_document(reversed(IMAGES)) == bill.to_document(IMAGES)


WRONG = {**bill.to_document(IMAGES)["images"][0], "reference": 5}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"schemaVersion": 2, "images": []},
        {"schemaVersion": 1, "images": [{}]},
        {"schemaVersion": 1, "images": 1},
        {"schemaVersion": 1, "images": [WRONG]},
    ],
)
def test_what_is_no_such_file(document: Mapping[str, object]) -> None:
    assert bill.from_document(document) is None


@pytest.mark.parametrize("data", [b"", b"not a tar", bytes(10240), b"x" * (17 << 20)])
def test_what_is_no_such_layer(data: bytes) -> None:
    assert bill.from_layer([data]) is None


def test_the_cyclonedx_document() -> None:
    document = bill.to_cyclonedx("ghcr.io/me/web", "v1", f"sha256:{'e' * 64}", IMAGES)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    nginx, other = document["components"]
    assert nginx["name"] == "docker.io/library/nginx"
    assert nginx["purl"] == (f"pkg:oci/nginx@sha256%3A{'a' * 64}?repository_url=docker.io/library/nginx&tag=1.25")
    assert other["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert {"name": "cluster-image:index", "value": f"sha256:{'c' * 64}"} in other["properties"]
    references = [part["bom-ref"] for part in document["components"]]
    assert document["dependencies"] == [{"ref": f"sha256:{'e' * 64}", "dependsOn": sorted(references)}]


def test_what_changed() -> None:
    before = {"amd64": [inside("a.io/gone:1"), inside("a.io/same:1"), inside("a.io/moved:1", "1")], "s390x": []}
    now = {"amd64": [inside("a.io/same:1"), inside("a.io/moved:1", "2"), inside("a.io/new:1")], "arm64": IMAGES}
    digest = {mark: f"sha256:{mark * 64}" for mark in "a12"}
    assert bill.compare(before, now) == [
        ImageChange(arch="amd64", reference="a.io/gone:1", before=digest["a"], after=None),
        ImageChange(arch="amd64", reference="a.io/moved:1", before=digest["1"], after=digest["2"]),
        ImageChange(arch="amd64", reference="a.io/new:1", before=None, after=digest["a"]),
    ]
