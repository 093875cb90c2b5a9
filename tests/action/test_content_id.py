"""The content id of an index, and which labels count."""

from __future__ import annotations

from action import content_id


def test_an_index_is_its_platforms() -> None:
    both = content_id.of_index({"amd64": "x", "arm64": "y"})
    assert both == content_id.of_index({"arm64": "y", "amd64": "x"})
    assert both != content_id.of_index({"amd64": "y", "arm64": "x"})
    assert both != content_id.of_index({"amd64": "x"})


def test_an_image_is_never_taken_for_an_index() -> None:
    assert content_id.of_image({"amd64": "x"}) != content_id.of_index({"amd64": "x"})


def test_labels_that_only_tell_about_a_build_do_not_count() -> None:
    told = {"org.opencontainers.image.revision": "abc", "org.opencontainers.image.source": "x", content_id.LABEL: "y"}
    assert content_id.deciding({"a": "1", "org.opencontainers.image.version": "v1", **told}) == {
        "a": "1",
        "org.opencontainers.image.version": "v1",
    }
