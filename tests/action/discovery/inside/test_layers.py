"""The files of a layer, in every compression, within the budget."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Iterator

import pytest
import zstandard

from action.discovery.inside.elf import MAGIC
from action.discovery.inside.layers import Budget, DamagedLayer, files

FILES = {"./opt/images.txt": b"quay.io/team/a:v1\n", "manager": MAGIC + b"\0" * (3 << 20), "etc/passwd": b"root"}


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("opt/image-list.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return buffer.getvalue()


def pieces(data: bytes, size: int = 10_000) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


PACKED = {
    "application/vnd.oci.image.layer.v1.tar": archive(),
    "application/vnd.oci.image.layer.v1.tar+gzip": gzip.compress(archive()),
    "application/vnd.docker.image.rootfs.diff.tar.gzip": gzip.compress(archive()[:1024])
    + gzip.compress(archive()[1024:]),
    "application/vnd.oci.image.layer.v1.tar+zstd": zstandard.compress(archive()),
}


@pytest.mark.parametrize("media_type", PACKED)
def test_programs_and_lists_are_given_whole(media_type: str) -> None:
    found = dict(files(pieces(PACKED[media_type]), media_type, Budget()))
    assert found == {"opt/images.txt": FILES["./opt/images.txt"], "manager": FILES["manager"]}


@pytest.mark.parametrize("media_type", PACKED)
def test_a_layer_that_unpacks_to_more_than_the_budget_is_left(media_type: str) -> None:
    budget = Budget(2 << 20)
    assert "manager" not in dict(files(pieces(PACKED[media_type]), media_type, budget))
    assert budget.spent


@pytest.mark.parametrize("media_type", list(PACKED)[1:])
@pytest.mark.parametrize("damage", ["cut", "other bytes"])
def test_a_damaged_layer_is_said(media_type: str, damage: str) -> None:
    data = PACKED[media_type]
    data = data[: len(data) // 2] if damage == "cut" else b"\0\1" + data[2:]
    with pytest.raises(DamagedLayer):
        list(files(pieces(data), media_type, Budget()))


def test_bytes_of_a_stranger_are_read_or_said_to_be_damaged() -> None:
    chance = random.Random(3)  # noqa: S311 (content for tests)
    small = archive()[: 4 * 512]
    damaged = 0
    for _ in range(300):
        data = bytearray(small)
        for _ in range(4):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            list(files([bytes(data)], "application/vnd.oci.image.layer.v1.tar", Budget()))
        except DamagedLayer:
            damaged += 1
    assert damaged > 0
