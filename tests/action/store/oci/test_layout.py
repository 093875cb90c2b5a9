"""The image layout on disk: what is written is what its name says, or is not there."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from action.errors import InputError
from action.store.oci.descriptor import canonical_json
from action.store.oci.layout import OciLayout

EMPTY_MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": f"sha256:{hashlib.sha256(b'{}').hexdigest()}",
        "size": 2,
    },
    "layers": [],
}


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_a_blob_has_the_name_of_its_bytes(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path / "layout")
    written = layout.write_blob([b"ab", b"", b"c"], "text/plain")
    assert (written.digest, written.size) == (f"sha256:{hashlib.sha256(b'abc').hexdigest()}", 3)
    assert b"".join(layout.read_blob(written.digest)) == b"abc"
    assert b"".join(layout.read_blob(written.digest, 2)) == b"c"
    assert json.loads((layout.root / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}


def test_nothing_is_left_of_a_write_that_fails(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path / "layout")

    def broken() -> Iterator[bytes]:
        yield b"some"
        raise ConnectionError("lost")

    with pytest.raises(ConnectionError):
        layout.write_blob(broken(), "text/plain")
    with pytest.raises(InputError, match="should be"):
        layout.write_blob([b"x"], "text/plain", digest=f"sha256:{'0' * 64}")
    assert files(layout.root) == {"oci-layout"}


def test_a_name_stands_for_one_image_and_others_stay(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path)
    layout.write_blob([b"{}"], "x")
    first = layout.write_manifest(EMPTY_MANIFEST)
    second = layout.write_manifest({**EMPTY_MANIFEST, "annotations": {"a": "b"}})
    layout.put_index("v1", first.digest)
    layout.put_index("v2", second.digest, platform={"os": "linux", "architecture": "arm64"})
    layout.put_index("v1", second.digest)
    assert layout.resolve("v1").digest == second.digest
    assert layout.resolve("v2").platform["architecture"] == "arm64"
    with pytest.raises(InputError, match="v1, v2"):
        layout.resolve("v3")
    with pytest.raises(InputError, match="no single image"):
        layout.resolve()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"manifests": [{}]}', '{"manifests": 1}'])
def test_an_index_that_cannot_be_read_is_not_replaced(tmp_path: Path, text: str) -> None:
    layout = OciLayout(tmp_path)
    written = layout.write_manifest(EMPTY_MANIFEST)
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(InputError, match="index.json"):
        layout.put_index("v1", written.digest)
    assert (tmp_path / "index.json").read_text() == text


@pytest.mark.parametrize("digest", ["sha256:../../index.json", "md5:" + "0" * 64, "sha256:" + "A" * 64, "", "x"])
def test_a_digest_is_never_a_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(InputError, match="not a sha256 digest"):
        OciLayout(tmp_path).blob_path(digest)


def test_a_document_that_was_altered_is_refused(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path)
    written = layout.write_manifest(EMPTY_MANIFEST)
    layout.blob_path(written.digest).write_text(json.dumps({**EMPTY_MANIFEST, "layers": [1]}))
    with pytest.raises(InputError, match="does not have that digest"):
        layout.read_manifest(written.digest)


def test_equal_documents_have_equal_bytes() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == canonical_json({"a": "é", "b": 1}) == '{"a":"é","b":1}'.encode()
    assert canonical_json({"a": "half \ud83d"}) == '{"a":"half \ufffd"}'.encode()
    assert canonical_json({"a": "\U0001f600"}) == '{"a":"\U0001f600"}'.encode()


@pytest.mark.real("skopeo")
def test_skopeo_reads_it(tmp_path: Path) -> None:
    layout = OciLayout(tmp_path)
    config = layout.write_json(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}},
        "application/vnd.oci.image.config.v1+json",
    )
    written = layout.write_manifest({**EMPTY_MANIFEST, "config": config.to_json()})
    layout.put_index("v1", written.digest)
    shown = subprocess.run(["skopeo", "inspect", f"oci:{tmp_path}:v1"], check=True, capture_output=True)
    assert json.loads(shown.stdout)["Digest"] == written.digest


def test_no_name_is_lost_when_several_are_written_at_once(tmp_path: Path) -> None:
    """Two builds into one layout: of a hundred names 55 stayed."""
    digest = OciLayout(tmp_path).write_manifest(EMPTY_MANIFEST).digest
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: OciLayout(tmp_path).put_index(f"v{number}", digest), range(100)))
    assert OciLayout(tmp_path).names() == {f"v{number}" for number in range(100)}
