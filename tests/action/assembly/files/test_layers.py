"""Which file travels in which layer: what did not change is not sent again."""

from __future__ import annotations

import hashlib
import io
import os
import random
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.assembly.files.layers import ALONE_FROM, MAX_LAYERS, plan_layers
from action.assembly.files.rootfs import ROOT, Node, Rootfs, place
from action.assembly.files.tar_stream import header
from action.assembly.native.assemble import Assembled
from action.assembly.native.write import write_native
from action.assembly.recipe import Recipe
from action.errors import InputError
from action.store.oci.descriptor import Descriptor
from action.store.oci.layout import OciLayout
from tests.support.building import build_image
from tests.support.unpacked import make_files, tar_of, unpack

V2 = "registry/docker/registry/v2"


def blob(seed: str, size: int) -> tuple[str, bytes]:
    data = random.Random(seed).randbytes(size)  # noqa: S311 - the same bytes in every run
    return hashlib.sha256(data).hexdigest(), data


def add_image(context: Path, repository: str, layers: list[tuple[str, int]]) -> int:
    """An image in ``registry/`` as the distribution layout has it; returns the bytes of its blobs."""
    total = 0
    for seed, size in [*layers, (f"{repository} config", 3000), (f"{repository} manifest", 700)]:
        digest, data = blob(seed, size)
        path = context / V2 / "blobs/sha256" / digest[:2] / digest / "data"
        if not path.exists():
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
            total += size
        kind = "_manifests/revisions" if seed.endswith("manifest") else "_layers"
        link = context / V2 / "repositories" / repository / kind / "sha256" / digest / "link"
        link.parent.mkdir(parents=True)
        link.write_text(f"sha256:{digest}")
    return total


def make_context(root: Path, changed: str = "") -> int:
    """Twenty images on three bases; ``changed`` gives one image another layer. Returns the bytes of that change."""
    root.mkdir(parents=True)
    (root / "Kubefile").write_text("FROM scratch\nCOPY . .\n")
    (root / "charts").mkdir()
    (root / "charts/values.yaml").write_text("a: 1\n")
    (root / "opt").mkdir()
    (root / "opt/tool").write_bytes(random.Random(1).randbytes(900_000))  # noqa: S311
    fresh = 0
    for number in range(20):
        own = f"own-{number}" + (changed if number == 7 else "")
        added = add_image(root, f"library/app{number}", [(f"base-{number % 3}", 600_000), (own, 400_000)])
        if number == 7 and changed:
            fresh = 400_000 + 3000 + 700
    assert added
    return fresh


def layers_of(context: Path, layout: OciLayout) -> dict[str, int]:
    built = build_image(context, context / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)
    layers = layout.read_manifest(built.digest)["layers"]
    assert len(layers) <= MAX_LAYERS
    return {layer["digest"]: layer["size"] for layer in layers}


def test_one_changed_image_of_twenty_sends_little_more_than_itself(tmp_path: Path) -> None:
    make_context(tmp_path / "1")
    fresh = make_context(tmp_path / "2", "!")
    before, after = (
        layers_of(tmp_path / "1", OciLayout(tmp_path / "o1")),
        layers_of(tmp_path / "2", OciLayout(tmp_path / "o2")),
    )
    sent = sum(size for digest, size in after.items() if digest not in before)
    assert sent < 1.1 * fresh + 64_000  # the links, a few kilobytes, weigh more beside so small an image


def test_another_chart_sends_no_blob_and_no_tool(tmp_path: Path) -> None:
    make_context(tmp_path / "1")
    make_context(tmp_path / "2")
    (tmp_path / "2/charts/values.yaml").write_text("a: 2\n")
    before, after = (
        layers_of(tmp_path / "1", OciLayout(tmp_path / "o1")),
        layers_of(tmp_path / "2", OciLayout(tmp_path / "o2")),
    )
    assert sum(size for digest, size in after.items() if digest not in before) < 20_000


def test_there_are_never_too_many_layers() -> None:
    rootfs = Rootfs()
    for number in range(1000):
        node = Node(kind="file", mode=0o644, owner=ROOT, size=ALONE_FROM + number * 10_000)
        place(rootfs.make_directory("/opt"), f"file{number}", node)
    plans = plan_layers(rootfs)
    assert len(plans) <= MAX_LAYERS
    assert sum(len(plan.entries) - 1 for plan in plans) == 1000


def test_the_names_of_a_large_file_travel_together() -> None:
    """Two layers cannot share a file: its bytes would be sent twice, and the node would have two files."""
    rootfs = Rootfs()
    large = [Node(kind="file", mode=0o644, owner=ROOT, size=8 * ALONE_FROM) for _ in range(3)]
    for number, node in enumerate(large[:2]):
        for folder in ("a", "b", "c"):
            place(rootfs.make_directory(f"/{folder}"), f"tool{number}", node)
    place(rootfs.make_directory("/a"), "alone", large[2])
    plans = plan_layers(rootfs)
    assert [len([plan for plan in plans if any(found is node for _, found in plan.entries)]) for node in large] == [
        1
    ] * 3
    assert ["alone" in plan.title for plan in plans] == [False, True]


def test_a_large_file_with_two_names_is_in_the_image_once(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(2 * ALONE_FROM)  # noqa: S311
    make_files(tmp_path, {"Kubefile": "FROM scratch\nCOPY opt /opt\n", "opt/a/tool": data})
    (tmp_path / "opt/b").mkdir()
    (tmp_path / "opt/b/tool").hardlink_to(tmp_path / "opt/a/tool")
    layout = OciLayout(tmp_path / "out")
    built = build_image(tmp_path, tmp_path / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)
    members = []
    for layer in layout.read_manifest(built.digest)["layers"]:
        with tarfile.open(fileobj=io.BytesIO(tar_of(layout, layer))) as tar:
            members += [(member.name, member.linkname, member.size) for member in tar if not member.isdir()]
    assert ("opt/a/tool", "", len(data)) in members
    assert ("opt/b/tool", "opt/a/tool", 0) in members


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4 * ALONE_FROM), min_size=1, max_size=300))
def test_every_file_is_in_one_layer_behind_its_directories(sizes: list[int]) -> None:
    rootfs = Rootfs()
    for number, size in enumerate(sizes):
        directory = rootfs.make_directory(f"/d{number % 7}/e{number % 3}")
        place(directory, str(number), Node(kind="file", mode=0o644, owner=ROOT, size=size))
    plans = plan_layers(rootfs)
    files = [path for plan in plans for path, node in plan.entries if node.kind == "file"]
    assert sorted(files) == sorted(path for path, node in rootfs.walk() if node.kind == "file")
    for plan in plans:
        seen = {""}
        for path, _ in plan.entries:
            assert path.rpartition("/")[0] in seen
            seen.add(path)


def test_the_same_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another folder, another umask, another order of creation, another time, another time zone."""
    files = {"a/b/c": "1", "a/d": ("x", 0o755), "z": "2", "big": b"0" * 700_000, "l": ("link", "a/d")}
    digests = []
    for number, order in enumerate((list(files), list(reversed(files)))):
        old = os.umask(0o077 if number else 0o022)
        try:
            context = tmp_path / f"{number}" / ("deep/" * number * 4) / "ctx"
            context.mkdir(parents=True)
            make_files(context, {name: files[name] for name in order})
            for path in context.rglob("*"):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.name == "d" else 0o644)
                os.utime(path, (number * 10**8,) * 2, follow_symlinks=False)
            buildfile = context / "Kubefile"
            buildfile.write_text('FROM scratch\nCOPY a z big l /x/\nCMD ["y"]\n')
            monkeypatch.setenv("TZ", "Asia/Tokyo" if number else "America/Lima")
            layout = OciLayout(tmp_path / f"out{number}")
            labels = {"org.opencontainers.image.title": "x"}
            built = build_image(context, buildfile, arch="amd64", labels=labels, build_args={}, layout=layout)
            digests.append(built.digest)
        finally:
            os.umask(old)
    assert digests[0] == digests[1]
    # A digest that must never change without a reason: it stands for every machine and every Python.
    assert digests[0] == "sha256:fe79f3ac56f3c2db553fbf5d176581430d2280dda08f0a04e272d7862ea2fb99"


def test_the_time_that_files_bear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(tmp_path, {"a": "x", "Kubefile": "FROM scratch\nCOPY a /\n"})
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    layout = OciLayout(tmp_path / "out")
    built = build_image(tmp_path, tmp_path / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)
    manifest = layout.read_manifest(built.digest)
    assert layout.read_manifest(manifest["config"]["digest"])["created"] == "2023-11-14T22:13:20Z"
    with tarfile.open(fileobj=io.BytesIO(tar_of(layout, manifest["layers"][0]))) as tar:
        assert {member.mtime for member in tar} == {1700000000}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH is 'yesterday'"):
        build_image(tmp_path, tmp_path / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)


def test_the_time_that_an_image_tells_decides_nothing(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": "x", "Kubefile": "FROM scratch\nCOPY a /\n"})
    layout = OciLayout(tmp_path / "out")
    built = [
        build_image(tmp_path, tmp_path / "Kubefile", layout=layout, changed=changed)
        for changed in (None, 1_700_000_000)
    ]
    manifests = [layout.read_manifest(each.digest) for each in built]
    assert built[0].content_id == built[1].content_id
    assert manifests[0]["layers"] == manifests[1]["layers"]
    assert "org.opencontainers.image.created" not in manifests[0]["annotations"]
    assert manifests[1]["annotations"]["org.opencontainers.image.created"] == "2023-11-14T22:13:20Z"
    config = layout.read_manifest(manifests[1]["config"]["digest"])
    assert {config["created"], *(step["created"] for step in config["history"])} == {"2023-11-14T22:13:20Z"}


NAMES = st.one_of(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=300),
    st.lists(st.text("ab/é", min_size=1, max_size=120), min_size=1, max_size=4).map("/".join),
)


@settings(max_examples=300, deadline=None)
@given(
    name=NAMES.map(lambda text: "/".join(part for part in text.split("/") if part) or "x"),
    target=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=250),
    owner=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    size=st.integers(0, 2**40),
    mtime=st.integers(0, 0o77777777777),
)
def test_headers_are_read_as_they_were_meant(
    name: str, target: str, owner: tuple[int, int], size: int, mtime: int
) -> None:
    """The standard library's reader is the judge."""
    encoded = os.fsencode(name)
    block = header(encoded, b"2" if target else b"0", 0o4751, owner, size, mtime, os.fsencode(target))
    with tarfile.open(fileobj=io.BytesIO(block + bytes(1024)), mode="r:", encoding="utf-8") as tar:
        member = tar.next()
    assert member is not None
    assert (member.name, member.linkname if target else "") == (name, target)
    assert (member.uid, member.gid, member.mode, member.mtime) == (*owner, 0o4751, mtime)
    assert member.size == size


def test_names_that_are_no_text_and_extended_attributes(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    odd = os.fsencode(context) + b"/\xff\xfe-name"
    with open(odd, "wb") as stream:  # noqa: PTH123 - a name that is no text
        stream.write(b"x")
    os.setxattr(odd, "user.note", b"\x00binary\xff")
    (context / "Kubefile").write_text("FROM scratch\nCOPY . /\n")
    layout = OciLayout(tmp_path / "out")
    built = build_image(context, context / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)
    found = unpack(layout, built.digest)
    item = found[os.fsdecode(b"\xff\xfe-name")]
    assert [name for name, _ in item.attributes] == ["SCHILY.xattr.user.note"]


def test_a_sparse_file_has_its_bytes(tmp_path: Path) -> None:
    make_files(tmp_path, {"Kubefile": "FROM scratch\nCOPY hole /\n"})
    with (tmp_path / "hole").open("wb") as stream:
        stream.seek(5_000_000)
        stream.write(b"end")
    layout = OciLayout(tmp_path / "out")
    built = build_image(tmp_path, tmp_path / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)
    assert unpack(layout, built.digest)["hole"].content == hashlib.sha256(bytes(5_000_000) + b"end").hexdigest()


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(tmp_path, {"a": "x", "Kubefile": "FROM scratch\nCOPY a /\n"})

    def late(recipe: Recipe, assembled: Assembled, identity: str, layout: OciLayout) -> Descriptor:
        (tmp_path / "a").write_text("longer")
        return write_native(recipe, assembled, identity, layout)

    monkeypatch.setattr("action.build.design.write_native", late)
    layout = OciLayout(tmp_path / "out")
    with pytest.raises(InputError, match="a changed while it was being read"):
        build_image(tmp_path, tmp_path / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)
    assert not list((tmp_path / "out").rglob(".staged-*"))
