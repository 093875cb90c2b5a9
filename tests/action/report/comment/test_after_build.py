"""The last text of a status comment: what it says of good, partial, unchanged and hostile results."""

from __future__ import annotations

from pathlib import Path

from action.errors import Problem
from action.model.results import ImageChange, ImageInside
from action.report.comment.after_build import result
from action.report.comment.markdown import COMMENT_LIMIT
from action.report.comment.outcome import collect
from action.report.comment.summary import result_summary
from generator.names import ARCHES
from tests.support.asking import DIGEST, write_build, write_publication, write_results

TARGET = {
    "type": "apps",
    "app": "hello",
    "version": "v1.0.0",
    "arches": list(ARCHES),
    "build_args": {},
    "context": "applications/hello/v1.0.0",
    "image": "ghcr.io/acme/hello:v1.0.0",
}
INSIDE = ImageInside(
    reference="docker.io/library/nginx:1.25",
    path="library/nginx",
    tag="1.25",
    index_digest=None,
    digest="sha256:" + "b" * 64,
    size=5_000_000,
    found=("charts/web/templates/deploy.yaml", "images/shim/list", "manifests/a.yaml", "manifests/b.yaml"),
)


def said(results: Path, problems: tuple[Problem, ...] = (), targets: int = 1) -> str:
    return result(collect([TARGET] * targets, results), problems, "https://github.example/run")


def test_the_images_inside_are_listed_with_their_places(tmp_path: Path) -> None:
    write_results(tmp_path)
    write_build(tmp_path, "amd64", images=(INSIDE,))
    text = said(tmp_path)
    assert "<summary>1 container image inside hello v1.0.0 (amd64)</summary>" in text
    assert "| `docker.io/library/nginx:1.25` | `sha256:bbbbbbbbbbbb` | 5.0 MB |" in text
    assert "`manifests/a.yaml` and 1 more |" in text


def test_an_unchanged_image_is_said_to_be(tmp_path: Path) -> None:
    write_results(tmp_path)
    write_publication(tmp_path, unchanged=True, platforms=())
    text = said(tmp_path)
    assert "### 🚀 Published" in text
    assert text.count("| ✅") == 3
    assert "✅ as it was" in text
    assert "nothing was sent" in text


def test_what_was_not_even_built_is_told(tmp_path: Path) -> None:
    write_results(tmp_path)
    write_publication(tmp_path, unchanged=True)
    for arch in ARCHES:
        write_build(tmp_path, arch, taken_over=True)
    assert "nothing was built or sent" in said(tmp_path)


def test_an_architecture_that_was_taken_over_is_as_it_was(tmp_path: Path) -> None:
    write_results(tmp_path)
    write_build(tmp_path, "amd64", taken_over=True)
    rows = [line for line in said(tmp_path).splitlines() if line.startswith("| `hello:v1.0.0`")]
    assert [("as it was" in row, "published" in row) for row in rows] == [(False, True), (True, False), (False, True)]


def test_what_changed_inside_is_told(tmp_path: Path) -> None:
    write_results(tmp_path)
    changes = (
        ImageChange(arch="amd64", reference="docker.io/library/nginx:1.25", before=DIGEST, after="sha256:" + "c" * 64),
        ImageChange(arch="amd64", reference="docker.io/library/redis:7", before=None, after=DIGEST),
        ImageChange(arch="arm64", reference="docker.io/library/old:1", before=DIGEST, after=None),
    )
    write_publication(tmp_path, compared_with="v0.9.0", changes=changes)
    text = said(tmp_path)
    assert "<summary>3 changes inside hello v1.0.0 since v0.9.0</summary>" in text
    assert "| amd64 | `docker.io/library/nginx:1.25` | `sha256:aaaaaaaaaaaa` | `sha256:cccccccccccc` |" in text
    assert "| `docker.io/library/redis:7` | new |" in text
    assert "| `sha256:aaaaaaaaaaaa` | gone |" in text
    write_publication(tmp_path, compared_with="<b>@octocat", changes=changes)
    assert "since the version before</summary>" in said(tmp_path)


def test_a_replacement_names_its_reason(tmp_path: Path) -> None:
    write_results(tmp_path)
    write_publication(tmp_path, replaced="sha256:" + "d" * 64, force="@everyone the base has changed")
    assert "replaced `sha256:dddddddddddd`: `@everyone the base has changed`" in said(tmp_path)


def test_one_architecture_that_failed_is_no_index(tmp_path: Path) -> None:
    write_build(tmp_path, "amd64")
    write_build(tmp_path, "arm64", digest=None, problems=(Problem("x", "no such release"),))
    text = said(tmp_path)
    assert "### 👎 Nothing was published" in text
    assert "no such release" in text
    assert "ghcr.io/acme/hello:v1.0.0" not in text
    assert "the job ended without a result" not in text


def test_a_publication_that_is_missing_beside_good_builds_is_told(tmp_path: Path) -> None:
    for arch in ARCHES:
        write_build(tmp_path, arch)
    assert "was not published:\n\n```text\nthe job ended without a result" in said(tmp_path)


def test_a_result_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    write_results(tmp_path)
    (tmp_path / "result@apps@hello@v1.0.0" / "result.json").write_text("{")
    text = said(tmp_path)
    assert "Nothing was published" in text
    assert "cannot be read as a result" in text


def test_hostile_text_of_a_build_stays_in_code(tmp_path: Path) -> None:
    """init.sh, a chart or a registry may have written it: no mention, no link, no markup gets out."""
    hostile = "```\n@octocat <img src=x> </details> [x](https://evil.example) #1\n::set-output::"
    write_results(tmp_path)
    inside = ImageInside(
        reference="evil`|<b>@octocat",
        path="x",
        tag="y",
        index_digest=None,
        digest=DIGEST,
        size=1,
        found=("a|b`c",),
    )
    write_build(
        tmp_path,
        "amd64",
        images=(inside,),
        problems=(Problem("x", hostile, severity="warning"),),
        blind_spots=(hostile,),
    )
    write_build(tmp_path, "arm64", digest=None, problems=(Problem("x", hostile, hostile, hostile),))
    text = said(tmp_path, (Problem("y", hostile),))
    from tests.action.report.comment.test_markdown import _html, _outside_code

    outside = _outside_code(_html(text))
    for part in ("@octocat", "evil.example", "<img", "#1", "<b>"):
        assert part not in outside
    assert outside.count("</details>") == outside.count("<details>") > 0


def test_the_largest_summary_stays_below_the_limit_of_the_runner(tmp_path: Path) -> None:
    """The runner drops a summary of more than 1 MiB without a word in it (FileCommandManager.cs)."""
    hostile = "\U0001f680" * 7_000
    for arch in ARCHES:
        write_build(tmp_path, arch, digest=None, problems=(Problem("x", hostile),) * 3)
    text = result_summary(collect([TARGET] * 100, tmp_path), ())
    assert len(text.encode()) < 1024 * 1024
    assert text.endswith("has all of it._")


def test_the_largest_result_stays_within_a_comment(tmp_path: Path) -> None:
    write_results(tmp_path)
    images = tuple(
        ImageInside(
            reference=f"registry.example/team/image-{number}:v1",
            path=f"team/image-{number}",
            tag="v1",
            index_digest=None,
            digest=DIGEST,
            size=1,
            found=("manifests/a.yaml",),
        )
        for number in range(700)
    )
    for arch in ARCHES:
        write_build(tmp_path, arch, images=images)
    text = said(tmp_path, targets=50)
    assert len(text) <= COMMENT_LIMIT
    assert text.startswith("### 🚀 Published")
    assert text.endswith("has all of it._")
    assert text.count("<details>") == text.count("</details>")
    assert "700 container images inside hello v1.0.0 (arm64)." in text
