"""Which layers are compressed, and that an image says of each what it is."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from action.assembly.files.compressible import is_compressible
from action.assembly.files.layer_blob import diff_id_of, take_layer
from action.assembly.files.layers import SMALL_BLOBS
from action.assembly.files.rootfs import ROOT, Node
from action.errors import InputError
from action.model.bill import BILL, TITLE_ANNOTATION
from action.store.oci.descriptor import Descriptor
from action.store.oci.layout import OciLayout
from action.store.oci.media import OCI_LAYER
from generator.settings.settings import Compression
from tests.support.building import build_image
from tests.support.images import image, layer
from tests.support.placed import put_images
from tests.support.unpacked import config_of, make_files, tar_of

NOISE = random.Random(3).randbytes(400_000)  # noqa: S311 - the same bytes in every run
FILES = {
    "Kubefile": "FROM scratch\nCOPY . .\n",
    "opt/tool": b"text " * 100_000,
    "opt/tool.tgz": b"\x1f\x8b" + NOISE,
    "charts/values.yaml": "a: 1\n",
}
INSIDE = image(layer("inside", 400_000))


def built(folder: Path, layout: OciLayout, **options: Any) -> str:
    make_files(folder, FILES)
    images = put_images(folder, {"a:1": INSIDE})
    return build_image(folder, folder / "Kubefile", layout=layout, images=images, **options).digest


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_what_is_compressed_already_travels_as_it_is(tmp_path: Path, compression: Compression) -> None:
    layout = OciLayout(tmp_path / "layout")
    digest = built(tmp_path / "context", layout, compression=compression)
    forms = {
        layer["annotations"][TITLE_ANNOTATION].rpartition("/")[2]: layer["mediaType"].removeprefix(OCI_LAYER)
        for layer in layout.read_manifest(digest)["layers"]
    }
    packed = ("tool", "files", f"{SMALL_BLOBS} 13", "registry links 13")
    plain = ("tool.tgz", "data", BILL)
    assert forms == {**dict.fromkeys(packed, f"+{compression}"), **dict.fromkeys(plain, "")}


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_the_configuration_names_the_tar_in_each_layer(tmp_path: Path, compression: Compression) -> None:
    """OCI image specification 1.1, config.md: a diff_id is the digest of the uncompressed tar."""
    layout = OciLayout(tmp_path / "layout")
    digest = built(tmp_path / "context", layout, compression=compression)
    layers = layout.read_manifest(digest)["layers"]
    tars = [f"sha256:{hashlib.sha256(tar_of(layout, layer)).hexdigest()}" for layer in layers]
    assert config_of(layout, digest)["rootfs"]["diff_ids"] == tars
    assert [diff_id_of(layout, Descriptor.from_json(layer)) for layer in layers] == tars


def test_the_form_changes_neither_the_content_nor_its_id(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path / "layout")
    one, other = (built(tmp_path / form, layout, compression=form) for form in ("zstd", "gzip"))
    assert one != other
    assert config_of(layout, one) == config_of(layout, other)


def test_half_of_the_bytes_decide() -> None:
    def node(data: bytes) -> Node:
        return Node(kind="file", mode=0o644, owner=ROOT, size=len(data), data=data)

    packed, plain = b"PK\x03\x04" + bytes(9_000), bytes(9_000)
    assert is_compressible([])
    assert is_compressible([("a", node(plain)), ("b", node(plain)), ("c", node(packed))])
    assert not is_compressible([("a", node(plain)), ("b", node(packed)), ("c", node(packed))])
    assert is_compressible([("a", node(b"\x1f\x8b"))]), "too small to look into"


def test_a_layer_of_a_builder_is_compressed_on_its_way(tmp_path: Path) -> None:
    source, layout = OciLayout(tmp_path / "source"), OciLayout(tmp_path / "layout")
    plain = source.write_blob([b"tar " * 50_000], OCI_LAYER)
    taken = take_layer(source, plain, layout, "zstd")
    assert (taken.media_type, taken.size < 1000) == (f"{OCI_LAYER}+zstd", True)
    assert diff_id_of(layout, taken) == plain.digest
    packed = source.write_blob([b"any"], f"{OCI_LAYER}+gzip")
    assert take_layer(source, packed, layout, "zstd") == packed
    assert b"".join(layout.read_blob(packed.digest)) == b"any"


def test_a_layer_of_a_builder_that_was_altered_is_refused(tmp_path: Path) -> None:
    source, layout = OciLayout(tmp_path / "source"), OciLayout(tmp_path / "layout")
    plain = source.write_blob([b"tar"], OCI_LAYER)
    source.blob_path(plain.digest).write_bytes(b"rat")
    with pytest.raises(InputError, match="a layer that should be"):
        take_layer(source, plain, layout, "gzip")
    assert not list(layout.root.glob("blobs/sha256/*"))
