"""No path of a build file leaves the build directory, whatever it is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.errors import InputError
from action.store.oci.layout import OciLayout
from tests.support.building import build_image
from tests.support.unpacked import make_files, unpack

SECRET = "secret of the machine"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/shadow").write_text(SECRET)
    make_files(
        tmp_path / "context",
        {
            "plain": "x",
            "up": ("link", "../secret"),
            "far-up": ("link", "../../../../../../../../etc/shadow"),
            "absolute": ("link", str(tmp_path / "secret")),
            "directory": ("link", ".."),
            "root": ("link", "/"),
            "loop": ("link", "loop"),
            "chain": ("link", "directory/secret"),
            "sub/out": ("link", "../../etc"),
        },
    )
    return tmp_path / "context"


def build(context: Path, text: str) -> dict[str, object]:
    path = context.parent / "Kubefile"
    path.write_text(f"FROM scratch\n{text}")
    layout = OciLayout(context.parent / "layout")
    built = build_image(context, path, arch="amd64", labels={}, build_args={}, layout=layout, engine="native")
    for blob in (layout.root / "blobs/sha256").iterdir():
        assert SECRET.encode() not in blob.read_bytes()
    return dict(unpack(layout, built.digest))


@pytest.mark.parametrize(
    "source",
    [
        "../secret", "../../etc/passwd", "sub/../../secret", "./../secret", "..", "sub/../..",
        "up", "far-up", "absolute", "chain", "directory/secret", "root/etc/passwd", "sub/out/shadow", "loop",
        "loop/x", "*/secret", "directory/sec*", "../sec*", "sub/../../sec*", "plain/x",
    ],
)  # fmt: skip
def test_sources_that_lie_outside_are_not_there(context: Path, source: str) -> None:
    with pytest.raises(InputError) as caught:
        build(context, f"COPY {source} /t/\n")
    assert caught.value.problems[0].line == 2
    assert not (context.parent / "layout").exists()


@pytest.mark.parametrize("source", ["directory/plain", "root/plain", "/plain", "/../plain", "root"])
def test_links_to_above_stay_in_the_build_directory(context: Path, source: str) -> None:
    """As if the build directory were the root of the file system, which is how the builders see it."""
    if source == "/../plain":
        with pytest.raises(InputError, match="outside"):
            build(context, f"COPY {source} /t/\n")
    else:
        assert "t/plain" in build(context, f"COPY {source} /t/\n")


def test_links_are_copied_as_links(context: Path) -> None:
    found = build(context, "COPY . /all\n")
    assert "all/up" in found
    assert not any(path.startswith("all/directory/") for path in found)


@pytest.mark.parametrize("destination", ["/../../x", "../x", "/a/../../../x"])
def test_destinations_stay_in_the_image(context: Path, destination: str) -> None:
    assert "x" in build(context, f"COPY plain {destination}\n")
