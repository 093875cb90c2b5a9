"""The choice of one platform's image: which entry of an index, how deep, and what its configuration says."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from action.errors import InputError
from action.store.oci.image import Leaf
from action.store.oci.manifest import Manifest, Part
from action.store.oci.platform import find_leaf
from generator.names import Arch
from tests.support import images
from tests.support.images import Image


class Memory:
    """Implements ImageSource over one image."""

    def __init__(self, image: Image) -> None:
        self.blobs = dict(image.blobs)
        self.asked: list[str] = []
        self._add(image)

    def _add(self, image: Image) -> None:
        self.blobs[image.digest] = image.body
        for child in image.children:
            self._add(child)

    def manifest(self, part: Part) -> Manifest:
        self.asked.append(part.digest)
        return Manifest(self.blobs[part.digest], part.media_type, part.digest)

    def small_blob(self, part: Part) -> bytes:
        return self.blobs[part.digest]

    def stream(self, part: Part, offset: int) -> Iterable[bytes]:
        raise AssertionError("no layer is needed to choose")


def choose(image: Image, arch: Arch = "amd64") -> Leaf:
    return find_leaf(Manifest(image.body, image.media_type, image.digest), Memory(image), arch, "app:v1")


def problem_of(image: Image, arch: Arch = "amd64") -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        choose(image, arch)
    return caught.value.problems[0].code, caught.value.problems[0].message


AMD64, ARM64 = images.image(), images.image(arch="arm64")


def silent(image: Image) -> Image:
    """The same image, listed without its platform."""
    return Image(image.body, image.media_type, image.config, image.layers)


def test_a_single_image_is_its_own_leaf() -> None:
    assert (choose(AMD64).manifest.digest, choose(AMD64).indexes) == (AMD64.digest, ())


def test_only_what_leads_to_the_leaf_is_read() -> None:
    index = images.index(AMD64, ARM64)
    source = Memory(index)
    find_leaf(Manifest(index.body, index.media_type, index.digest), source, "arm64", "app:v1")
    assert source.asked == [ARM64.digest]


def test_the_baseline_is_preferred_to_a_variant() -> None:
    v3, v2 = images.image(variant="v3"), images.image(variant="v2")
    assert choose(images.index(v3, v2, AMD64)).manifest.digest == AMD64.digest
    assert choose(images.index(v3, v2)).manifest.digest == v2.digest
    v8 = images.image(arch="arm64", variant="v8")
    assert choose(images.index(images.image(arch="arm64", variant="v9"), v8), "arm64").manifest.digest == v8.digest


def test_indexes_are_followed_with_and_without_a_platform() -> None:
    inner = images.index(ARM64, AMD64)
    outer = images.index(images.index(images.image(arch="s390x")), inner)
    leaf = choose(outer)
    assert [manifest.digest for manifest in leaf.indexes] == [outer.digest, inner.digest]
    named = images.index(AMD64, platform={"os": "linux", "architecture": "amd64"})
    elsewhere = images.index(ARM64, platform={"os": "linux", "architecture": "arm64"})
    assert choose(images.index(elsewhere, named)).indexes[-1].digest == named.digest


def test_entries_without_a_platform_are_told_apart_by_their_configuration() -> None:
    index = images.index(silent(ARM64), silent(AMD64))
    assert choose(index, "amd64").manifest.digest == AMD64.digest
    assert choose(index, "arm64").manifest.digest == ARM64.digest


def test_an_index_without_the_architecture_says_what_it_has() -> None:
    windows = images.image(os="windows")
    code, message = problem_of(images.index(ARM64, windows, images.attestation(ARM64)))
    assert code == "no-platform"
    assert message == "app:v1 has nothing for linux/amd64; it offers linux/arm64, windows/amd64"
    assert problem_of(images.index())[1].endswith("it offers no image at all")


def test_a_configuration_for_another_platform_is_an_error_whatever_the_index_says() -> None:
    mislabelled = Image(
        ARM64.body, ARM64.media_type, ARM64.config, ARM64.layers, platform={"os": "linux", "architecture": "amd64"}
    )
    code, message = problem_of(images.index(mislabelled))
    assert code == "wrong-platform"
    assert "linux/arm64 by its own configuration, not for linux/amd64" in message
    assert problem_of(ARM64)[0] == "wrong-platform"


def test_nesting_has_an_end() -> None:
    deep = AMD64
    for _ in range(5):
        deep = images.index(deep)
    assert "nested more than 4 deep" in problem_of(deep)[1]


def test_a_size_that_is_not_the_childs_is_an_error() -> None:
    index = images.index(AMD64)
    wrong = Image(index.body.replace(str(len(AMD64.body)).encode(), b"1"), index.media_type, children=(AMD64,))
    assert "gives 1 bytes for" in problem_of(wrong)[1]
