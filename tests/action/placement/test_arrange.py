"""The places of images in the registry directory, by the rules that nodes ask by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from action.model.reference import ImageReference, paths
from action.placement.arrange import arrange
from action.placement.resolved import Resolved
from action.store.oci import media
from action.store.oci.image import Leaf
from action.store.oci.manifest import ImageManifest, Manifest, Part
from tests.support.findings import finding
from tests.support.images import digest_of


def resolved(reference: str, content: str, *, file: str = "list") -> Resolved:
    body = content.encode()
    config = Part("config", digest_of(body + b" config"), 1)
    leaf = Leaf(
        manifest=Manifest(body, "type", digest_of(body)),
        indexes=(),
        image=ImageManifest(config=config, layers=()),
        config=b"",
    )
    return Resolved(finding(reference, file=file), leaf, None)  # type: ignore[arg-type]


def tags(*images: Resolved) -> dict[str, str]:
    arranged = arrange(images)
    assert [problem for problem in arranged.problems if problem.severity == "error"] == []
    return {f"{path}:{tag}": digest for (path, tag), digest in arranged.contents.tags.items()}


A, B = digest_of(b"a"), digest_of(b"b")


def test_the_domain_is_dropped() -> None:
    assert tags(resolved("quay.io/x/y:1", "a"), resolved("nginx", "b")) == {"x/y:1": A, "library/nginx:latest": B}


def test_one_image_under_two_registries_is_no_collision() -> None:
    assert tags(resolved("quay.io/x/y:1", "a"), resolved("ghcr.io/x/y:1", "a")) == {"x/y:1": A}


def test_two_images_in_one_place_are_an_error_naming_both_and_their_files() -> None:
    images = [resolved("quay.io/x/y:1", "a", file="one"), resolved("ghcr.io/x/y:1", "b", file="two")]
    (problem,) = arrange(images).problems
    assert (problem.code, problem.file, problem.line) == ("same-place", "two", 1)
    for words in ("x/y:1", "quay.io/x/y:1", "ghcr.io/x/y:1", "in one:1", "in two:1", A[:19], B[:19]):
        assert words in problem.message


def test_every_collision_is_told() -> None:
    images = [resolved(f"{host}/x/{name}:1", f"{host}{name}") for host in ("a.io", "b.io") for name in "yz"]
    assert [problem.code for problem in arrange(images).problems] == ["same-place", "same-place"]


def test_localhost_is_kept_for_nodes_that_keep_it() -> None:
    assert paths(ImageReference.parse("localhost/x:1")) == ("x", "localhost/x")
    assert tags(resolved("localhost/x:1", "a")) == {"x:1": A, "localhost/x:1": A}


def test_a_digest_alone_becomes_latest() -> None:
    assert tags(resolved(f"quay.io/x/y@{A}", "a")) == {"x/y:latest": A}
    assert tags(resolved(f"quay.io/x/y@{A}", "a"), resolved("quay.io/x/y:latest", "a")) == {"x/y:latest": A}


def test_two_digests_alone_get_a_tag_each_and_none_is_latest() -> None:
    arranged = arrange([resolved(f"quay.io/x/y@{A}", "a"), resolved(f"quay.io/x/y@{B}", "b")])
    assert arranged.tags == (A.replace(":", "-"), B.replace(":", "-"))
    assert {tag for _, tag in arranged.contents.tags} == set(arranged.tags)
    assert [(problem.code, problem.severity) for problem in arranged.problems] == [
        ("digest-without-tag", "warning")
    ] * 2


def test_a_digest_that_gets_lost_beside_another_latest_is_refused() -> None:
    """A node asks for the digest, then for ``latest``: it would get the other image and nobody would know."""
    plain = resolved(f"quay.io/x/y@{A}", "a")
    layers = (Part("application/vnd.oci.image.layer.v1.tar", B, 1),)
    plain = plain._replace(leaf=replace(plain.leaf, image=replace(plain.leaf.image, layers=layers)))
    latest = resolved("quay.io/x/y", "b")
    (problem,) = arrange([plain, latest]).problems
    assert (problem.code, problem.severity) == ("digest-lost", "error")
    assert "a layer of it is not compressed" in problem.message
    index = resolved(f"quay.io/x/y@{digest_of(b'index')}", "a")._replace(lossy="is an index that names another")
    (problem,) = arrange([index, latest]).problems
    assert (problem.code, problem.severity) == ("digest-lost", "error")
    assert "is an index that names another" in problem.message
    assert [(each.code, each.severity) for each in arrange([index]).problems] == [("index-not-whole", "warning")]


@pytest.mark.parametrize(
    ("manifest", "layer", "told"),
    [
        (media.DOCKER_MANIFEST, f"{media.OCI_LAYER}+gzip", True),
        (media.DOCKER_MANIFEST, f"{media.DOCKER_LAYER}.gzip", False),
        (media.OCI_MANIFEST, f"{media.OCI_LAYER}+gzip", False),
        (media.OCI_MANIFEST, f"{media.DOCKER_LAYER}.gzip", False),
    ],
)
def test_a_manifest_of_two_kinds_is_told(manifest: str, layer: str, told: bool) -> None:
    image = resolved("quay.io/x/y:1", "a")
    body = image.leaf.manifest._replace(media_type=manifest)
    layers = replace(image.leaf.image, layers=(Part(layer, B, 1),))
    problems = arrange([image._replace(leaf=replace(image.leaf, manifest=body, image=layers))]).problems
    expected = [("docker-manifest-with-oci-layers", "warning")] if told else []
    assert [(problem.code, problem.severity) for problem in problems] == expected


def test_more_repositories_than_sealos_lists_are_an_error() -> None:
    arranged = arrange([resolved(f"quay.io/x/y{number}:1", str(number)) for number in range(1025)])
    assert [problem.code for problem in arranged.problems] == ["too-many-repositories"]
