"""Compressed layers have the same bytes on every machine, and are read back whoever wrote them."""

from __future__ import annotations

import gzip
import hashlib
import random
import subprocess
import zlib
from collections.abc import Iterable, Iterator

import pytest
import zstandard

from action.errors import InputError
from action.store.oci import compression
from action.store.oci.compression import decompressed, new_compressor
from generator.settings.settings import Compression

GZIP, ZSTD = "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar+zstd"


def sample() -> bytes:
    """Three megabytes, more than a window of either: noise, text, and both again from afar."""
    source = random.Random(11)  # noqa: S311 - the same bytes in every run
    noise = source.randbytes(600_000)
    text = b"".join(b"line %d of %d\n" % (number, source.randrange(99)) for number in range(60_000))
    return noise + text + noise + bytes(200_000) + text[::-1]


def packed(form: Compression, pieces: Iterable[bytes]) -> bytes:
    compressor = new_compressor(form)
    return b"".join([*map(compressor.compress, pieces), compressor.flush()])


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@pytest.mark.parametrize(
    ("form", "digest"),
    [
        ("zstd", "44e1ad5827f086c5393a30e1b943ebe6cfc868a5983a1ff18913ee1b48bba8a3"),
        ("gzip", "f8bc2813831a062031115c0d600862dccde7db2e295f26a83a73620604378cc7"),
    ],
)
def test_the_bytes_are_pinned(form: Compression, digest: str) -> None:
    """For every machine, processor and Python: the digests of all images with compressed layers follow from these."""
    assert hashlib.sha256(packed(form, [sample()])).hexdigest() == digest


@pytest.mark.parametrize("form", ["zstd", "gzip"])
def test_the_pieces_in_which_bytes_come_do_not_matter(form: Compression) -> None:
    data = sample()
    whole = packed(form, [data])
    assert packed(form, cut(data, 1 << 20)) == packed(form, cut(data, 4097)) == whole


@pytest.mark.parametrize("data", [b"", b"x", sample()], ids=["nothing", "one byte", "much"])
def test_others_read_it(data: bytes) -> None:
    assert gzip.decompress(packed("gzip", [data])) == data
    unzstd = zstandard.ZstdDecompressor().decompressobj()
    assert unzstd.decompress(packed("zstd", [data])) == data


def test_the_gzip_program_reads_it() -> None:
    done = subprocess.run(["gzip", "-dc"], input=packed("gzip", [sample()]), capture_output=True, check=True)
    assert done.stdout == sample()


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        (GZIP, gzip.compress(b"a" * 9000) + gzip.compress(b"b" * 9000)),
        (ZSTD, zstandard.compress(b"a" * 9000) + zstandard.compress(b"b" * 9000)),
        ("application/vnd.oci.image.layer.v1.tar", b"a" * 9000 + b"b" * 9000),
    ],
    ids=["gzip", "zstd", "plain"],
)
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_layers_of_several_parts_are_read(media_type: str, data: bytes, size: int) -> None:
    assert b"".join(decompressed(cut(data, size), media_type)) == b"a" * 9000 + b"b" * 9000


@pytest.mark.parametrize("media_type", [GZIP, ZSTD])
def test_what_is_not_so_compressed_is_refused(media_type: str) -> None:
    with pytest.raises(InputError, match="is not what its media type"):
        list(decompressed([b"no layer at all"], media_type))


def test_another_zlib_is_refused_before_it_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As zlib-ng does: a valid stream of other bytes. Level 5 stands for it."""
    monkeypatch.setattr(compression, "_ZLIB_LEVEL", 5)
    compression._has_the_usual_zlib.cache_clear()
    try:
        with pytest.raises(InputError, match="zstd") as caught:
            new_compressor("gzip")
        assert zlib.ZLIB_RUNTIME_VERSION in str(caught.value)
        new_compressor("zstd")
    finally:
        compression._has_the_usual_zlib.cache_clear()


def test_few_bytes_that_stand_for_many_come_in_pieces() -> None:
    """What is read is a stranger's: a piece of it must not fill the memory."""
    size = 64 << 20
    forms: dict[Compression, str] = {"zstd": ZSTD, "gzip": GZIP}
    for form, media_type in forms.items():
        bomb = packed(form, [bytes(size)])
        lengths = [len(piece) for piece in decompressed([bomb], media_type)]
        assert (sum(lengths), max(lengths)) == (size, 1 << 20)
