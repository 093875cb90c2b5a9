"""A packed layout is the same file whoever packs it, and is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from action.errors import InputError
from action.store.archive.packed_layout import pack
from action.store.oci.layout import OciLayout
from action.store.oci.media import OCI_MANIFEST


def make_layout(folder: Path) -> OciLayout:
    layout = OciLayout(folder)
    config = layout.write_json({"architecture": "amd64", "os": "linux"}, "x")
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config.to_json(), "layers": []}
    layout.put_index("q.io/a:1", layout.write_manifest(document).digest)
    return layout


def test_the_same_layout_is_the_same_file(tmp_path: Path) -> None:
    first, second = make_layout(tmp_path / "1"), make_layout(tmp_path / "2")
    for path in second.root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.utime(path, (10**9, 10**9))
    pack(first, tmp_path / "1.tar")
    pack(second, tmp_path / "new folder/2.tar")
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "new folder/2.tar").read_bytes()


def test_an_archive_that_cannot_be_whole_is_not_there(tmp_path: Path) -> None:
    layout, archive = make_layout(tmp_path / "layout"), tmp_path / "out/image.tar"
    archive.parent.mkdir()
    archive.write_bytes(b"the one before")
    layout.blob_path(layout.resolve().digest).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        pack(layout, archive)
    assert archive.read_bytes() == b"the one before"
    assert [path.name for path in archive.parent.iterdir()] == ["image.tar"]
