"""The content id of an index, and which labels count."""

from __future__ import annotations

from typing import Any

import pytest

from action.model import content_id
from action.model.annotations import CONTENT_ID


def test_an_index_is_its_platforms() -> None:
    both = content_id.of_index({"amd64": "x", "arm64": "y"})
    assert both == content_id.of_index({"arm64": "y", "amd64": "x"})
    assert both != content_id.of_index({"amd64": "y", "arm64": "x"})
    assert both != content_id.of_index({"amd64": "x"})


def test_an_image_is_never_taken_for_an_index() -> None:
    assert content_id.of_image({"amd64": "x"}) != content_id.of_index({"amd64": "x"})


def test_labels_that_only_tell_about_a_build_do_not_count() -> None:
    told = {"org.opencontainers.image.revision": "abc", "org.opencontainers.image.source": "x", CONTENT_ID: "y"}
    assert content_id.deciding({"a": "1", "org.opencontainers.image.version": "v1", **told}) == {
        "a": "1",
        "org.opencontainers.image.version": "v1",
    }


MANIFEST: dict[str, Any] = {
    "config": {"digest": "sha256:c", "size": 1},
    "layers": [{"digest": "sha256:1", "size": 1}, {"digest": "sha256:2", "size": 1}],
    "annotations": {"other": "x"},
}


def test_an_id_is_borne_by_the_document_that_it_was_made_for() -> None:
    sealed = content_id.sealed(MANIFEST, "sha256:i")
    assert content_id.borne_by(sealed) == "sha256:i"
    assert sealed["annotations"]["other"] == "x"


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"digest": "sha256:d", "size": 1}},
        {"layers": [*MANIFEST["layers"], {"digest": "sha256:3", "size": 1}]},
        {"layers": MANIFEST["layers"][::-1]},
        {"layers": None},
        {"manifests": [{"digest": "sha256:c", "size": 1}]},
        {"annotations": {CONTENT_ID: "sha256:i"}},
        {"annotations": {CONTENT_ID: 3}},
        {"annotations": None},
    ],
)
def test_an_id_that_another_document_has_inherited_is_none(change: dict[str, Any]) -> None:
    assert content_id.borne_by({**content_id.sealed(MANIFEST, "sha256:i"), **change}) == ""
