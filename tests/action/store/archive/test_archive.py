"""Images that come in archives: the right platform, the right name, and nothing that the archive does not prove."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from action.errors import InputError
from action.model.reference import ImageReference
from action.placement.place import Placement, place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.archive.docker import _unpacked
from action.store.archive.open import open_archive
from action.store.directory.verify import verify
from generator.names import Arch
from tests.support import images
from tests.support.findings import finding

NAME = "quay.io/team/app:v1"


def fill(context: Path, archive: Path, *, name: str = NAME, arch: Arch = "amd64") -> Placement:
    client = RegistryClient(AnonymousKeychain())
    placement = place(context, [finding(name, archive=archive)], arch=arch, client=client)
    assert verify(context / "registry", arch=arch) == []
    return placement


def problem_of(archive: Path, scratch: Path, *, name: str = NAME, arch: Arch = "amd64") -> str:
    kind = "docker-archive" if "docker" in archive.name else "oci-archive"
    with pytest.raises(InputError) as caught:
        open_archive(kind, archive, ImageReference.parse(name), arch, scratch=scratch, shown=archive.name)  # type: ignore[arg-type]
    (problem,) = caught.value.problems
    return problem.message


@pytest.mark.parametrize("compress", [False, True])
def test_an_oci_archive_keeps_its_digests(tmp_path: Path, compress: bool) -> None:
    image = images.image(label="oci")
    images.write_oci_archive(tmp_path / "oci.tar", ("v1", image), compress=compress)
    (inside,) = fill(tmp_path, tmp_path / "oci.tar").images
    assert (inside.reference, inside.path, inside.tag, inside.digest) == (NAME, "team/app", "v1", image.digest)


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_an_oci_archive_of_several_platforms_gives_the_wanted_one(tmp_path: Path, arch: Arch) -> None:
    pushed = images.both_arches("several")
    images.write_oci_archive(tmp_path / "oci.tar", ("", pushed))
    (inside,) = fill(tmp_path, tmp_path / "oci.tar", arch=arch).images
    assert inside.index_digest == pushed.digest
    assert inside.digest == {str(child.platform["architecture"]): child.digest for child in pushed.children}[arch]


def test_platforms_side_by_side_in_a_layout_are_chosen_from_too(tmp_path: Path) -> None:
    pushed = images.both_arches("side by side")
    images.write_oci_archive(tmp_path / "oci.tar", *(("", child) for child in pushed.children))
    (inside,) = fill(tmp_path, tmp_path / "oci.tar", arch="arm64").images
    assert (inside.index_digest, inside.digest) == (None, pushed.children[1].digest)


def test_of_several_images_the_named_one_is_taken(tmp_path: Path) -> None:
    one, two = images.image(label="one"), images.image(label="two")
    images.write_oci_archive(tmp_path / "oci.tar", ("v0", one), (NAME, two))
    assert fill(tmp_path, tmp_path / "oci.tar").images[0].digest == two.digest


def test_an_unpacked_layout_is_read_as_it_is(tmp_path: Path) -> None:
    image = images.image(label="layout")
    for name, data in images.layout_files(("v1", image)).items():
        path = tmp_path / "layout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert fill(tmp_path, tmp_path / "layout").images[0].digest == image.digest


@pytest.mark.parametrize("compress", [False, True])
def test_a_docker_archive_gives_the_same_manifest_every_time(tmp_path: Path, compress: bool) -> None:
    layers = (images.layer("one", 30_000), images.layer("two", 100))
    image = images.image(*layers, label="docker", oci=False)
    images.write_docker_archive(tmp_path / "docker.tar", {NAME: image}, compress=compress)
    digests = set()
    for number in range(2):
        context = tmp_path / str(number)
        context.mkdir()
        (inside,) = fill(context, tmp_path / "docker.tar").images
        digests.add(inside.digest)
    assert len(digests) == 1
    blobs = context / "registry/docker/registry/v2/blobs/sha256"
    digest = digests.pop()
    manifest = json.loads((blobs / digest[7:9] / digest[7:] / "data").read_bytes())
    assert manifest["config"]["digest"] == images.digest_of(image.config)
    for descriptor, layer in zip(manifest["layers"], layers, strict=True):
        encoded = descriptor["digest"][7:]
        assert gzip.decompress((blobs / encoded[:2] / encoded / "data").read_bytes()) == layer.unpacked()


def test_of_several_images_of_a_docker_archive_the_named_one_is_taken(tmp_path: Path) -> None:
    one, two = images.image(label="one", oci=False), images.image(label="two", oci=False)
    images.write_docker_archive(tmp_path / "docker.tar", {"nginx:1": one, NAME: two})
    (inside,) = fill(tmp_path, tmp_path / "docker.tar").images
    encoded = inside.digest[7:]
    manifest = tmp_path / f"registry/docker/registry/v2/blobs/sha256/{encoded[:2]}/{encoded}/data"
    assert json.loads(manifest.read_bytes())["config"]["digest"] == images.digest_of(two.config)


_DEEP = b"[" * 200_000


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The tar again, with the files that begin with ``name`` changed."""

    def edited(data: bytes) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            files = {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for member, content in files.items():
                content = change(content) if member.startswith(name) else content
                entry = tarfile.TarInfo(member)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        return buffer.getvalue()

    return edited


def _configuration(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """The configuration of a docker-archive changed: the file whose name its list has."""

    def edited(data: bytes) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            (name,) = (
                member.name for member in tar if member.name.endswith(".json") and "manifest" not in member.name
            )
        return _edit(name, change)(data)

    return edited


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: b"no tar at all", "cannot be read as a tar archive"),
        (lambda data: b"", "cannot be read as a tar archive: empty file"),
        (_edit("index.json", lambda data: b"{}"), "has no list of manifests"),
        (_edit("index.json", lambda data: _DEEP), "has no list of manifests"),
        (_edit("index.json", lambda data: b"7"), "has no list of manifests"),
        (_edit("blobs/", lambda data: data + b" "), "wrong bytes"),
    ],
)
def test_a_damaged_oci_archive_is_one_clear_error(
    tmp_path: Path, damage: Callable[[bytes], bytes], words: str
) -> None:
    archive = tmp_path / "oci.tar"
    images.write_oci_archive(archive, ("v1", images.image(label="damaged")))
    archive.write_bytes(damage(archive.read_bytes()))
    assert words in problem_of(archive, tmp_path / "scratch")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_edit("manifest.json", lambda data: b"[]"), "lists no image"),
        (_edit("manifest.json", lambda data: b"["), "is not JSON"),
        (_edit("manifest.json", lambda data: b'[{"Config": "none", "Layers": []}]'), "has no none"),
        (_edit("manifest.json", lambda data: b'[{"Config": 1, "Layers": []}]'), "lists no image"),
        (_edit("manifest.json", lambda data: _DEEP), "is not JSON"),
        (_edit("manifest.json", lambda data: b'[{"Config": "x", "Layers": [], "RepoTags": 7}]'), "lists no image"),
        (_edit("manifest.json", lambda data: b'[{"Config": "x", "Layers": [], "RepoTags": [7]}]'), "lists no image"),
        (_configuration(lambda data: _DEEP), "without rootfs.diff_ids"),
        (_configuration(lambda data: b'{"rootfs": {"diff_ids": 7}}'), "without rootfs.diff_ids"),
        (_configuration(lambda data: b'{"rootfs": 7}'), "without rootfs.diff_ids"),
        (lambda data: _edit("", lambda content: content.replace(b"\0\0", b"\1\1"))(data), "not those of its"),
    ],
)
def test_a_damaged_docker_archive_is_one_clear_error(
    tmp_path: Path, damage: Callable[[bytes], bytes], words: str
) -> None:
    archive = tmp_path / "docker.tar"
    images.write_docker_archive(archive, {NAME: images.image(label="damaged", oci=False)})
    archive.write_bytes(damage(archive.read_bytes()))
    assert words in problem_of(archive, tmp_path / "scratch")


def _with_layer(archive: Path, packed: bytes, plain: bytes) -> None:
    """A docker-archive with one layer, as it is."""
    diff_id = f"sha256:{hashlib.sha256(plain).hexdigest()}"
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    entry = {"Config": "c.json", "RepoTags": [NAME], "Layers": ["layer"]}
    files = {"c.json": json.dumps(config).encode(), "layer": packed, "manifest.json": json.dumps([entry]).encode()}
    images.write_tar(archive, files)


@pytest.mark.parametrize("padding", [b"", b"\0" * 600])
def test_a_layer_of_several_gzip_members_is_one_layer(tmp_path: Path, padding: bytes) -> None:
    """As pigz and eStargz write it."""
    plain = images.layer("members", 50_000).unpacked()
    packed = b"".join(gzip.compress(plain[start : start + 7_000]) for start in range(0, len(plain), 7_000)) + padding
    _with_layer(tmp_path / "docker.tar", packed, plain)
    (inside,) = fill(tmp_path, tmp_path / "docker.tar").images
    blobs = tmp_path / "registry/docker/registry/v2/blobs/sha256"
    manifest = json.loads((blobs / inside.digest[7:9] / inside.digest[7:] / "data").read_bytes())
    assert manifest["layers"][0]["digest"] == images.digest_of(packed)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda packed: packed[:-9],
        lambda packed: packed[:40],
        lambda packed: packed + b"x",
        lambda packed: packed[:30] + bytes(99) + packed[30:],
    ],
)
def test_a_broken_gzip_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    plain = images.layer("broken", 50_000).unpacked()
    _with_layer(tmp_path / "docker.tar", spoil(gzip.compress(plain)), plain)
    assert "is no whole gzip" in problem_of(tmp_path / "docker.tar", tmp_path / "scratch")


def test_an_archive_of_broken_gzip_is_refused(tmp_path: Path) -> None:
    images.write_docker_archive(tmp_path / "docker.tar", {NAME: images.image(oci=False)}, compress=True)
    whole = (tmp_path / "docker.tar").read_bytes()
    (tmp_path / "docker.tar").write_bytes(whole[:40] + bytes(200) + whole[240:])
    assert "cannot be read as a tar archive" in problem_of(tmp_path / "docker.tar", tmp_path / "scratch")


def test_a_layer_of_zeros_takes_no_memory(tmp_path: Path) -> None:
    size = 256 << 20
    packer, running = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16), hashlib.sha256()
    packed = b""
    for _ in range(size >> 20):
        running.update(bytes(1 << 20))
        packed += packer.compress(bytes(1 << 20))
    packed += packer.flush()
    found = hashlib.sha256()
    for piece in _unpacked([packed]):
        assert len(piece) <= 1 << 20
        found.update(piece)
    assert found.hexdigest() == running.hexdigest()


def test_an_archive_cut_in_a_blob_is_found(tmp_path: Path) -> None:
    archive = tmp_path / "oci.tar.gz"
    images.write_oci_archive(archive, ("v1", images.image(images.layer("cut", 50_000))), compress=True)
    archive.write_bytes(_cut(archive.read_bytes()))
    assert "cannot be read as a tar archive" in problem_of(archive, tmp_path / "scratch")


def test_a_pinned_digest_must_be_in_the_archive(tmp_path: Path) -> None:
    image = images.image(label="pinned")
    images.write_oci_archive(tmp_path / "oci.tar", ("v1", image))
    assert fill(tmp_path, tmp_path / "oci.tar", name=f"{NAME}@{image.digest}").images[0].digest == image.digest
    other = f"{NAME}@{images.digest_of(b'other')}"
    assert "does not have the digest" in problem_of(tmp_path / "oci.tar", tmp_path / "scratch", name=other)


def test_the_wrong_architecture_is_refused(tmp_path: Path) -> None:
    images.write_docker_archive(tmp_path / "docker.tar", {NAME: images.image(arch="arm64", oci=False)})
    assert "is an image for linux/arm64" in problem_of(tmp_path / "docker.tar", tmp_path / "scratch")


def test_an_archive_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert problem_of(tmp_path / "docker.tar", tmp_path) == f"the archive of {NAME} does not exist"


def test_a_layout_is_no_way_to_files_outside_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout/index.json").symlink_to("../secret")
    assert "has no index.json" in problem_of(tmp_path / "layout", tmp_path)
