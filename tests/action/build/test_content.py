"""The content id of an image: what changes it, what does not, and that it is known before the blobs are there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from action.build.design import design_image
from action.model.results import ImageInside
from tests.support import images
from tests.support.placed import put_images
from tests.support.unpacked import make_files

NATIVE = 'FROM scratch\nCOPY . .\nENV A=1\nLABEL b=2\nCMD ["run"]\n'
LEFT_TO_A_BUILDER = "FROM scratch\nRUN true\nCOPY . .\n"
IMAGE = images.image(images.layer("inside"))
BLOB = IMAGE.layers[0].digest.removeprefix("sha256:")
BLOB_PATH = f"registry/docker/registry/v2/blobs/sha256/{BLOB[:2]}/{BLOB}/data"


@pytest.fixture(autouse=True)
def a_builder(monkeypatch: pytest.MonkeyPatch) -> None:
    """No builder runs here: a design only names it."""
    monkeypatch.setattr("action.build.design.choose_engine", lambda wanted: "buildah")


def identity(
    context: Path, *, labels: dict[str, str] | None = None, inside: list[ImageInside] | None = None, **args: str
) -> str:
    design = design_image(
        context, context / "Kubefile", arch="amd64", labels=labels or {}, build_args=args, images=inside
    )
    return design.content_id


def make(root: Path, text: str = NATIVE) -> Path:
    make_files(root, {"Kubefile": text, "charts/a.yaml": "a: 1\n", "opt/tool": "#!/bin/sh\n"})
    return root


Change = tuple[str, Callable[[Path], object]]
OF_FILES: list[Change] = [
    ("a byte", lambda root: (root / "charts/a.yaml").write_text("a: 2\n")),
    ("a mode", lambda root: (root / "opt/tool").chmod(0o755)),
    ("a name", lambda root: (root / "opt/tool").rename(root / "opt/tools")),
    ("a file more", lambda root: (root / "opt/other").write_text("")),
    ("a file less", lambda root: (root / "opt/tool").unlink()),
    ("an empty directory", lambda root: (root / "opt/empty").mkdir()),
    ("a link", lambda root: (root / "opt/link").symlink_to("tool")),
    ("a link elsewhere", lambda root: (root / "opt/link").symlink_to("other")),
    ("a hard link", lambda root: (root / "opt/same").hardlink_to(root / "opt/tool")),
    ("a copy", lambda root: (root / "opt/same").write_text("#!/bin/sh\n")),
]
OF_INSTRUCTIONS: list[Change] = [
    ("a command", lambda root: (root / "Kubefile").write_text(NATIVE.replace("run", "go"))),
    ("a variable", lambda root: (root / "Kubefile").write_text(NATIVE.replace("A=1", "A=2"))),
    ("a label", lambda root: (root / "Kubefile").write_text(NATIVE.replace("b=2", "b=3"))),
    ("an owner", lambda root: (root / "Kubefile").write_text(NATIVE.replace("COPY", "COPY --chown=1:1"))),
]


@pytest.mark.parametrize(
    ("text", "changes"),
    [(NATIVE, OF_FILES + OF_INSTRUCTIONS), (LEFT_TO_A_BUILDER, OF_FILES)],
    ids=["native", "builder"],
)
def test_every_change_has_an_id_of_its_own(tmp_path: Path, text: str, changes: list[Change]) -> None:
    ids = {"nothing": identity(make(tmp_path / "nothing", text))}
    for name, change in changes:
        change(make(tmp_path / name, text))
        ids[name] = identity(tmp_path / name)
    assert len(set(ids.values())) == len(changes) + 1, ids


def test_what_only_tells_changes_nothing(tmp_path: Path) -> None:
    context = make(tmp_path / "context")
    before = identity(context, labels={"org.opencontainers.image.version": "v1"})
    assert identity(context, labels={"org.opencontainers.image.version": "v2"}) != before
    told = {"org.opencontainers.image.version": "v1", "org.opencontainers.image.revision": "abc"}
    assert identity(context, labels=told) == before


def test_a_comment_in_a_kubefile_that_is_not_copied_changes_nothing(tmp_path: Path) -> None:
    text = "FROM scratch\nCOPY opt opt\n"
    before = identity(make(tmp_path / "1", text))
    assert identity(make(tmp_path / "2", f"# said\n{text}")) == before


def test_neither_place_nor_time_nor_order_counts(tmp_path: Path) -> None:
    one = make(tmp_path / "one")
    other = tmp_path / "somewhere/else"
    for file in sorted((path for path in one.rglob("*") if path.is_file()), reverse=True):
        make_files(other, {file.relative_to(one).as_posix(): file.read_text()})
        os.utime(other / file.relative_to(one), (1, 1))
    assert identity(other) == identity(one)


@pytest.mark.parametrize("text", [NATIVE, LEFT_TO_A_BUILDER], ids=["native", "builder"])
def test_a_placed_blob_counts_by_its_name_only(tmp_path: Path, text: str) -> None:
    """So the id is known before the blob is fetched. A directory that no placing answers for is read."""
    context = make(tmp_path, text)
    inside = put_images(context, {"x:1": IMAGE})
    cluster, other = identity(context, inside=inside), identity(context)
    (context / BLOB_PATH).write_bytes(b"\0" * len(IMAGE.layers[0].data))
    assert identity(context, inside=inside) == cluster
    assert identity(context) != other


@pytest.mark.parametrize("text", [NATIVE, LEFT_TO_A_BUILDER], ids=["native", "builder"])
def test_the_bill_of_images_counts(tmp_path: Path, text: str) -> None:
    context = make(tmp_path, text)
    inside = put_images(context, {"x:1": IMAGE})
    renamed = [replace(inside[0], found=("manifests/y.yaml:1",))]
    assert len({identity(context), identity(context, inside=inside), identity(context, inside=renamed)}) == 3


def test_what_a_builder_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = make(tmp_path, f"ARG KEY\n{LEFT_TO_A_BUILDER}ARG KEY\n")
    before = identity(context, KEY="1")
    assert identity(context, KEY="2") != before
    make_files(context, {".dockerignore": "opt\n.dockerignore\n"})
    hidden = identity(context, KEY="1")
    (context / "opt/tool").write_text("other")
    assert identity(context, KEY="1") == hidden != before
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000")
    assert identity(context, KEY="1") != hidden


def test_an_unchanged_tool_gives_an_unchanged_id(tmp_path: Path) -> None:
    """An id that changes without a reason would have everybody publish everything again."""
    blob = hashlib.sha256(b"layer").hexdigest()
    make_files(tmp_path, {f"registry/docker/registry/v2/blobs/sha256/{blob[:2]}/{blob}/data": "layer"})
    assert identity(make(tmp_path)) == "sha256:272bfa02e1c4b231e02516f8aec45185d5c645c0202d67708639b92ee571685d"
