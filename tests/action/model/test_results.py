from __future__ import annotations

from pathlib import Path

import pytest

from action.errors import InputError, Problem
from action.model.results import BuildResult, ImageInside, PublishedPlatform, PublishResult, Target


def test_a_build_result_survives_the_way_to_another_machine(tmp_path: Path) -> None:
    inside = ImageInside(
        reference="docker.io/library/nginx:1",
        path="library/nginx",
        tag="1",
        index_digest=None,
        digest="sha256:1",
        size=7,
        found=("charts/web/templates/a.yaml",),
    )
    result = BuildResult(
        type="apps",
        app="web",
        version="v1",
        arch="arm64",
        digest="sha256:2",
        size=9,
        images=(inside,),
        problems=(Problem("floating-tag", "says latest", file="a.yaml", line=3, severity="warning"),),
        blind_spots=("a chart is fetched when it runs",),
    )
    result.write(tmp_path / "deep" / "result.json")
    assert BuildResult.read(tmp_path / "deep" / "result.json") == result


def test_a_publish_result_survives_too(tmp_path: Path) -> None:
    platform = PublishedPlatform(arch="amd64", reference="r/a:v1-amd64", digest="sha256:1", size=5, uploaded=5)
    result = PublishResult(
        type="configs", app="web", version="v1", reference="r/a:v1", digest="sha256:3", platforms=(platform,)
    )
    result.write(tmp_path / "result.json")
    assert PublishResult.read(tmp_path / "result.json") == result


@pytest.mark.parametrize("text", ["", "[]", "{", '{"type": 1}', '{"images": 5, "problems": []}'])
def test_what_is_no_result_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(InputError, match="result.json"):
        BuildResult.read(tmp_path / "result.json")


def test_two_targets_never_share_a_slug() -> None:
    one = Target(type="apps", app="a-b", version="c", arches=("amd64",))
    other = Target(type="apps", app="a", version="b-c", arches=("amd64",))
    assert one.slug != other.slug
