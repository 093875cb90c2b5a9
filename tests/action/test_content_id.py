"""The content id: what is in it, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from action import content_id

CONFIG: dict[str, Any] = {
    "created": "1970-01-01T00:00:00Z",
    "architecture": "amd64",
    "os": "linux",
    "config": {"Cmd": ["x"], "Labels": {"a": "1"}},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:1", "sha256:2"]},
    "history": [{"created_by": "x"}],
}


def identity(**changes: Any) -> str:
    return content_id.of_image({**CONFIG, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"created": "2020-01-01T00:00:00Z"},
        {"history": []},
        {"author": "someone"},
        {"config": {"Cmd": ["x"], "Labels": {"a": "1", "org.opencontainers.image.revision": "abc"}}},
        {"config": {"Cmd": ["x"], "Labels": {"a": "1", content_id.LABEL: "sha256:old"}}},
        {"config": {"Cmd": ["x"], "Labels": {"a": "1"}, "Env": None, "User": ""}},
    ],
)
def test_what_tells_about_the_build_only(changes: dict[str, Any]) -> None:
    assert identity(**changes) == identity()


@pytest.mark.parametrize(
    "changes",
    [
        {"architecture": "arm64"},
        {"config": {"Cmd": ["y"], "Labels": {"a": "1"}}},
        {"config": {"Cmd": ["x"], "Labels": {"a": "2"}}},
        {"config": {"Cmd": ["x"], "Labels": {"a": "1"}, "User": "1"}},
        {"rootfs": {"type": "layers", "diff_ids": ["sha256:2", "sha256:1"]}},
    ],
)
def test_what_decides_the_content(changes: dict[str, Any]) -> None:
    assert identity(**changes) != identity()


def test_an_index_is_its_platforms() -> None:
    both = content_id.of_index({"amd64": "x", "arm64": "y"})
    assert both == content_id.of_index({"arm64": "y", "amd64": "x"})
    assert both != content_id.of_index({"amd64": "y", "arm64": "x"})
    assert both != content_id.of_index({"amd64": "x"})
