"""podman, buildah and skopeo take every archive and layout, under its whole name, for the right platform.

podman loads by the library that Sealos loads by (libimage of containers/common).
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from action.__main__ import main
from action.store.oci.layout import REF_NAME, OciLayout
from generator.names import ARCHES, Arch
from tests.consumers.conftest import CATALOGUE, CONTEXTS, Built, Store
from tests.support.unpacked import config_of, unpack

pytestmark = pytest.mark.real("podman", "buildah", "skopeo", "docker-registry")

APPS = (*CONTEXTS, *CATALOGUE)


@pytest.fixture(scope="module")
def here() -> Arch:
    """The architecture that a reader on this machine must pick."""
    machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()
    return "arm64" if machine in ("aarch64", "arm64") else "amd64"


def check(built: Built, store: Store, app: str, arch: Arch) -> None:
    """The store has the image under its name, and its files are those of the layers as they were written."""
    image = store.inspect(built.name(app))
    config = config_of(built.layout, built.image(app, arch))
    assert image["Architecture"] == arch
    assert image["RootFS"]["Layers"] == config["rootfs"]["diff_ids"]
    container = store.run("podman", "create", "--network=none", built.name(app), "x").decode().strip()
    with tarfile.open(fileobj=io.BytesIO(store.run("podman", "export", container))) as tar:
        links = {m.name: m.linkname for m in tar if m.islnk()}
        files = {member.name: tar.extractfile(member) for member in tar if member.isreg()}
        found = {name: hashlib.sha256(stream.read()).hexdigest() for name, stream in files.items() if stream}
    found |= {name: found[target] for name, target in links.items()}
    items = unpack(built.layout, built.image(app, arch)).items()
    assert {path: item.content for path, item in items if item.kind == "file"}.items() <= found.items()


@pytest.mark.parametrize("app", APPS)
def test_podman_loads_the_archive(built: Built, store: Store, here: Arch, app: str) -> None:
    said = store.run("podman", "load", "-i", str(built.archive(app))).decode()
    assert said.strip() == f"Loaded image: {built.name(app)}"
    check(built, store, app, here)


@pytest.mark.parametrize("app", APPS)
def test_podman_and_buildah_pull_the_archive(built: Built, store: Store, here: Arch, app: str) -> None:
    for program in ("podman", "buildah"):
        store.run(program, "pull", f"oci-archive:{built.archive(app)}")
        assert store.inspect(built.name(app))["Architecture"] == here
        store.run("podman", "rmi", built.name(app))


@pytest.mark.parametrize("app", APPS)
def test_skopeo_takes_it_out_of_a_layout_of_all(built: Built, store: Store, here: Arch, app: str) -> None:
    name = built.name(app)
    store.run("skopeo", "copy", f"oci:{built.layout.root}:{name}", f"containers-storage:{name}")
    check(built, store, app, here)


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("arch", ARCHES)
def test_skopeo_copies_each_platform_as_it_is(
    built: Built, store: Store, tmp_path: Path, app: str, arch: Arch
) -> None:
    source, target = f"oci-archive:{built.archive(app)}", tmp_path / "copied"
    store.run("skopeo", "copy", "--override-arch", arch, "--preserve-digests", source, f"dir:{target}")
    digest = hashlib.sha256((target / "manifest.json").read_bytes()).hexdigest()
    assert f"sha256:{digest}" == built.image(app, arch)


def test_a_layout_has_one_entry_for_each_name(built: Built) -> None:
    index = json.loads((built.layout.root / "index.json").read_bytes())
    names = [entry["annotations"][REF_NAME] for entry in index["manifests"]]
    assert names == sorted(built.name(app) for app in APPS)


@pytest.mark.parametrize("app", APPS)
def test_what_docker_reads_is_there_too(built: Built, app: str) -> None:
    """Docker's own store reads manifest.json; no daemon is here, so its rules are checked: image/tarexport/load.go."""
    with tarfile.open(built.archive(app)) as tar:
        members = {member.name: tar.extractfile(member) for member in tar if member.isreg()}
        entries = json.loads(members["manifest.json"].read())  # type: ignore[union-attr]
        assert [entry["RepoTags"] for entry in entries] == [[f"{built.name(app)}-{arch}"] for arch in ARCHES]
        for entry in entries:
            config = json.loads(members[entry["Config"]].read())  # type: ignore[union-attr]
            assert len(entry["Layers"]) == len(config["rootfs"]["diff_ids"])
            assert set(entry["Layers"]) <= members.keys()


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_one_architecture_compressed_either_way(
    built: Built, store: Store, tmp_path: Path, here: Arch, compression: str
) -> None:
    """One architecture: the name stands for the image itself."""

    root = tmp_path / "root"
    shutil.copytree(built.root / "applications/binaries", root / "applications/binaries", symlinks=True)
    (root / "imagebuild.yaml").write_text(f"registry: registry.example\nnamespace: n\ncompression: {compression}\n")
    archive = tmp_path / "one.tar"
    arguments = ["binaries", "v1.0.0", "--root", str(root), "--arch", here, "--output", f"oci-archive:{archive}"]
    assert main(["build", *arguments]) == 0
    assert b"registry.example/n/binaries:v1.0.0" in store.run("podman", "load", "-i", str(archive))
    assert store.inspect("registry.example/n/binaries:v1.0.0")["Architecture"] == here
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    layout = OciLayout(tmp_path / "unpacked")
    types = {
        layer["mediaType"].rpartition(".")[2] for layer in layout.read_manifest(layout.resolve().digest)["layers"]
    }
    assert types == {"tar", f"tar+{compression}"}
