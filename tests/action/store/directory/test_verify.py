"""Each rule of a registry directory, broken once: the breach is named with its path, and nothing else is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from action.placement.place import place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.directory.verify import verify
from generator.names import Arch
from tests.support import images
from tests.support.findings import finding

AMD64 = images.image(images.layer("verified", 3000), label="verified")
ARM64 = images.image(images.layer("other", 3000), arch="arm64", label="other")
INDEX = images.index(AMD64, ARM64)
REPOSITORY = "docker/registry/v2/repositories/team/app"
TAG = f"{REPOSITORY}/_manifests/tags/v1"


def make(folder: Path, *, arch: Arch = "amd64", name: str = "quay.io/team/app:v1") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    images.write_oci_archive(folder / "oci.tar", ("", INDEX))
    wanted = [finding(name, archive=folder / "oci.tar")]
    place(folder, wanted, arch=arch, client=RegistryClient(AnonymousKeychain()))
    return folder / "registry"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("template"))


@pytest.fixture
def registry(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "registry"))


def blob(digest: str) -> str:
    return f"docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"


def revision(digest: str) -> str:
    return f"{REPOSITORY}/_manifests/revisions/sha256/{digest[7:]}/link"


def layer(digest: str) -> str:
    return f"{REPOSITORY}/_layers/sha256/{digest[7:]}/link"


def write(path: str, data: bytes) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)

    return change


def remove(path: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        target = root / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        while not any(target.parent.iterdir()):
            target = target.parent
            target.rmdir()

    return change


def link_to_itself(root: Path) -> None:
    (root / TAG / "extra").symlink_to("current")


def tag_the_index(root: Path) -> None:
    write(f"{TAG}/current/link", INDEX.digest.encode())(root)
    write(f"{TAG}/index/sha256/{INDEX.digest[7:]}/link", INDEX.digest.encode())(root)


LAYER = AMD64.layers[0]
CONFIG = images.digest_of(AMD64.config)
BREACHES: dict[str, tuple[Callable[[Path], None], dict[str, str]]] = {
    "a newline behind a link": (
        write(f"{TAG}/current/link", f"{AMD64.digest}\n".encode()),
        {f"{TAG}/current/link": "bad-link", REPOSITORY: "no-tag", TAG: "bad-history"},
    ),
    "an empty link": (
        write(layer(LAYER.digest), b""),
        {layer(LAYER.digest): "bad-link", revision(AMD64.digest): "no-layer-link"},
    ),
    "a link to something else": (
        write(layer(LAYER.digest), CONFIG.encode()),
        {layer(LAYER.digest): "bad-link", revision(AMD64.digest): "no-layer-link"},
    ),
    "no revision link": (
        remove(revision(AMD64.digest)),
        {
            f"{TAG}/current/link": "no-revision",
            **{layer(digest): "unused-link" for digest in AMD64.blobs},
            **{blob(digest): "unused-blob" for digest in (*AMD64.blobs, AMD64.digest)},
        },
    ),
    "no layer link for the configuration": (remove(layer(CONFIG)), {revision(AMD64.digest): "no-layer-link"}),
    "no tag": (remove(f"{REPOSITORY}/_manifests/tags"), {REPOSITORY: "no-tag"}),
    "no history": (remove(f"{TAG}/index"), {f"{TAG}/current/link": "bad-history"}),
    "a history of something else": (
        lambda root: (
            remove(f"{TAG}/index")(root),
            write(f"{TAG}/index/sha256/{INDEX.digest[7:]}/link", INDEX.digest.encode())(root),
        )[0],
        {f"{TAG}/current/link": "bad-history", TAG: "bad-history"},
    ),
    "an index under a tag": (tag_the_index, {f"{TAG}/current/link": "index-under-tag"}),
    "a stray file beside the tags": (
        write(f"{REPOSITORY}/_manifests/tags/.DS_Store", b"x"),
        {f"{REPOSITORY}/_manifests/tags/.DS_Store": "stray-path"},
    ),
    "an unfinished download": (write(".partial/abc", b"x"), {".partial/abc": "stray-path"}),
    "an empty directory": (
        lambda root: (root / REPOSITORY / "_manifests/tags/v2").mkdir(),
        {f"{REPOSITORY}/_manifests/tags/v2": "stray-path"},
    ),
    "a symbolic link": (link_to_itself, {f"{TAG}/extra": "stray-path"}),
    "a blob that is gone": (remove(blob(LAYER.digest)), {revision(AMD64.digest): "no-blob"}),
    "a blob that was changed": (
        write(blob(LAYER.digest), bytes(len(LAYER.data))),
        {blob(LAYER.digest): "wrong-bytes"},
    ),
    "a manifest that is gone": (
        remove(blob(AMD64.digest)),
        {
            revision(AMD64.digest): "no-blob",
            **{layer(digest): "unused-link" for digest in AMD64.blobs},
            **{blob(digest): "unused-blob" for digest in AMD64.blobs},
        },
    ),
    "a blob of no image": (
        write(blob(images.digest_of(b"unused")), b"unused"),
        {blob(images.digest_of(b"unused")): "unused-blob"},
    ),
    "a repository without layers": (
        write("docker/registry/v2/repositories/other/_manifests/tags/v1/current/link", AMD64.digest.encode()),
        {
            "docker/registry/v2/repositories/other": "no-layers",
            "docker/registry/v2/repositories/other/_manifests/tags/v1/current/link": "no-revision",
        },
    ),
}


def test_a_right_directory_has_no_breach(registry: Path) -> None:
    assert verify(registry) == []
    assert verify(registry, arch="amd64") == []


@pytest.mark.parametrize("name", BREACHES)
def test_each_breach_is_named_with_its_path(registry: Path, name: str) -> None:
    damage, expected = BREACHES[name]
    damage(registry)
    problems = verify(registry, arch="amd64")
    assert {(problem.file, problem.code) for problem in problems} >= {
        (f"registry/{path}", code) for path, code in expected.items()
    }
    assert {problem.file for problem in problems} == {f"registry/{path}" for path in expected}
    assert all(problem.hint for problem in problems)


def test_a_truncated_blob_is_told_by_hash_and_by_size(registry: Path) -> None:
    os.truncate(registry / blob(LAYER.digest), 10)
    assert {problem.code for problem in verify(registry)} == {"wrong-bytes", "wrong-size"}
    assert {problem.code for problem in verify(registry, hashed=[LAYER.digest])} == {"wrong-size"}


def test_a_manifest_that_no_node_reads_is_told(registry: Path) -> None:
    body = b'{"schemaVersion": 1}'
    digest = images.digest_of(body)
    write(blob(digest), body)(registry)
    write(revision(digest), digest.encode())(registry)
    (problem,) = verify(registry)
    assert (problem.code, problem.file) == ("bad-manifest", f"registry/{revision(digest)}")


def test_a_name_that_is_no_text_is_told_in_one_line(registry: Path) -> None:
    (registry / os.fsdecode(b"docker/a\n::error::\xff")).write_bytes(b"")
    (problem,) = verify(registry)
    assert problem.file == "registry/docker/a\\n::error::\\udcff"


def test_the_architecture_is_checked(registry: Path) -> None:
    (problem,) = verify(registry, arch="arm64")
    assert (problem.code, problem.file) == ("wrong-platform", f"registry/{TAG}/current/link")


def test_two_architectures_in_one_directory_are_told(registry: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "arm64", arch="arm64", name="quay.io/team/other:v1")
    shutil.copytree(other, registry, dirs_exist_ok=True)
    (problem,) = verify(registry)
    assert (problem.code, problem.file) == ("mixed-platforms", "registry")


def test_more_repositories_than_sealos_lists_are_told(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.store.directory.verify.MAX_REPOSITORIES", 1)
    assert verify(registry) == []
    shutil.copytree(registry / REPOSITORY, registry / f"{REPOSITORY}/below")
    assert [problem.code for problem in verify(registry)] == ["too-many-repositories"]


@pytest.mark.parametrize("kind", ["missing", "file", "link", "empty"])
def test_what_is_no_registry_directory_is_told(registry: Path, tmp_path: Path, kind: str) -> None:
    other = tmp_path / "other"
    if kind == "file":
        other.write_bytes(b"")
    elif kind == "link":
        other.symlink_to(registry)
    elif kind == "empty":
        other.mkdir()
    (problem,) = verify(other)
    assert problem.code == ("no-images" if kind == "empty" else "no-registry")
