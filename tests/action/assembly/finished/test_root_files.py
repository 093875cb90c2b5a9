"""What layers lay over each other, file by file (OCI image specification 1.1, layer.md)."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from action.assembly.finished.root_files import files_of_layers
from action.errors import ClusterImageError

Entry = tuple[str, bytes, bytes]
FILE, LINK, HARD, FOLDER = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


def write(path: Path, *entries: Entry) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, content in entries:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind == FILE:
                entry.size = len(content)
            else:
                entry.linkname = content.decode()
            tar.addfile(entry, io.BytesIO(content) if kind == FILE else None)
    path.write_bytes(buffer.getvalue())
    return path


def read(tmp_path: Path, *layers: tuple[Entry, ...]) -> dict[str, bytes]:
    paths = [write(tmp_path / f"{number}", *entries) for number, entries in enumerate(layers)]
    return {path: held.read() for path, held in files_of_layers(paths).items()}


LOWER: tuple[Entry, ...] = (
    ("registry/a/x", FILE, b"1"),
    ("./registry/a/y", FILE, b"2"),
    ("/registry/b", FILE, b"3"),
    ("etc/cluster-image/images.json", FILE, b"{}"),
    ("elsewhere/registry/c", FILE, b"4"),
)
BILL = {"etc/cluster-image/images.json": b"{}"}
X, Y, B = {"registry/a/x": b"1"}, {"registry/a/y": b"2"}, {"registry/b": b"3"}
OPAQUE = ("registry/a/.wh..wh..opq", FILE, b"")


@pytest.mark.parametrize(
    ("upper", "left"),
    [
        ((), X | Y | B | BILL),
        ((("registry/a/x", FILE, b"new"),), {"registry/a/x": b"new"} | Y | B | BILL),
        ((("registry/a/.wh.x", FILE, b""),), Y | B | BILL),
        ((("registry/.wh.a", FILE, b""),), B | BILL),
        (((".wh.registry", FILE, b""),), BILL),
        ((OPAQUE, ("registry/a/z", FILE, b"9")), {"registry/a/z": b"9"} | B | BILL),
        ((("registry/a/z", FILE, b"9"), OPAQUE), {"registry/a/z": b"9"} | B | BILL),
        (((".wh..wh..opq", FILE, b""),), {}),
        ((("registry", LINK, b"elsewhere"),), BILL),
        ((("registry", FILE, b"x"),), BILL),
        ((("etc/cluster-image", LINK, b"/"),), X | Y | B),
        ((("registry/b", FOLDER, b""), ("registry/b/c", FILE, b"5")), {"registry/b/c": b"5"} | X | Y | BILL),
        ((("registry/c", HARD, b"registry/b"),), {"registry/c": b"3"} | X | Y | B | BILL),
        ((("registry/b", LINK, b"a/x"),), X | Y | BILL),
    ],
)
def test_a_layer_over_another(tmp_path: Path, upper: tuple[Entry, ...], left: dict[str, bytes]) -> None:
    assert read(tmp_path, LOWER, upper) == left


@pytest.mark.real("zstd")
def test_what_is_packed_is_read_all_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", *LOWER)
    (tmp_path / "gzip").write_bytes(gzip.compress(plain.read_bytes()))
    packed = subprocess.run(["zstd", "-q", "-c"], input=plain.read_bytes(), capture_output=True, check=True).stdout
    (tmp_path / "zstd").write_bytes(packed)
    digests = [
        {path: held.digest for path, held in files_of_layers([tmp_path / name]).items()}
        for name in ("plain", "gzip", "zstd")
    ]
    assert digests[0] == digests[1] == digests[2]
    assert len(digests[0]) == 4


def test_a_layer_that_is_cut_is_told(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", *LOWER)
    (tmp_path / "cut").write_bytes(gzip.compress(plain.read_bytes())[:-20])
    with pytest.raises(ClusterImageError, match="layer cut cannot be read"):
        files_of_layers([tmp_path / "cut"])
