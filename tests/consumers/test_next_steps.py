"""The lines that a build ends with are typed, as they are, and what they promise is there afterwards."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from action.__main__ import main
from tests.consumers.conftest import NAMESPACE, Built, Store
from tests.support.unpacked import make_files

pytestmark = pytest.mark.real("podman", "skopeo", "docker-registry")


def build(built: Built, capsys: pytest.CaptureFixture[str], output: str, app: str = "binaries") -> list[list[str]]:
    """Build, and return the words of each line below "next:"."""
    capsys.readouterr()
    assert main(["build", app, "v1.0.0", "--root", str(built.root), "--output", output]) == 0
    _, found, lines = capsys.readouterr().out.partition("\nnext:\n")
    assert found
    return [shlex.split(line) for line in lines.splitlines()]


def type_line(store: Store, words: list[str]) -> None:
    """As it is; where Sealos is missing, podman loads for it. Its ``run`` needs a cluster: here it only pulls."""
    if words[:2] == ["sealos", "run"]:
        (name,) = words[2:]
        if not store.has(name):  # run pulls what is not there yet
            store.run("podman", "pull", name)
    elif words[0] == "sealos" and shutil.which("sealos") is None:
        store.run("podman", *words[1:])
    else:
        store.run(*words)


@pytest.mark.parametrize("output", ["oci-archive:{}/with space/image.tar", "oci:{}/lay out", "registry"])
def test_the_printed_lines_work(
    built: Built, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    lines = build(built, capsys, output.format(tmp_path))
    assert ["sealos", "run", built.name("binaries")] in lines
    for words in lines:
        type_line(store, words)
    tags = built.registry.storage / f"docker/registry/v2/repositories/{NAMESPACE}/binaries/_manifests/tags"
    assert (tags / "v1.0.0").is_dir(), "the last line takes it to the registry"


def test_without_a_registry_nothing_is_said_of_one(
    built: Built, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    shutil.copytree(built.root / "applications/templates", root / "applications/templates")
    capsys.readouterr()
    archive = tmp_path / "image.tar"
    assert main(["build", "templates", "v1.0.0", "--root", str(root), "--output", f"oci-archive:{archive}"]) == 0
    lines = capsys.readouterr().out.partition("\nnext:\n")[2].splitlines()
    assert lines == [f"  sealos load -i {archive}", "  sealos run localhost/templates:v1.0.0"]
    for line in lines:
        type_line(store, shlex.split(line))


def test_an_ordinary_image_is_for_podman(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_files(tmp_path / "applications/tool/v1", {"Dockerfile": "FROM scratch\nCOPY tool /\n", "tool": "x"})
    archive = tmp_path / "image.tar"
    arguments = ["tool", "v1", "--type", "dockerimages", "--root", str(tmp_path)]
    assert main(["build", *arguments, "--output", f"oci-archive:{archive}"]) == 0
    lines = capsys.readouterr().out.partition("\nnext:\n")[2].splitlines()
    assert lines == [f"  podman load -i {archive}", "  podman run localhost/tool:v1"]
    type_line(store, shlex.split(lines[0]))
    assert store.has("localhost/tool:v1")
