"""A comment becomes a published image with two architectures: emitted workflow, real registry, real tools."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import GUESTBOOK, Fork
from tests.support.registries import PASSWORD, USER, docker_registry
from tests.support.releases import helm_program, helm_releases

pytestmark = [pytest.mark.real("act", "docker-registry", "skopeo")]
ARCHES = ("amd64", "arm64")


def comment_event(fork: Fork, body: str, *, app: str, login: str = "maintainer") -> dict[str, Any]:
    """What GitHub sends when ``login`` comments on the accepted issue about ``app``."""
    issue = fork.github.add_issue(1, title=f"【Auto-build】{app}", labels=("accepted",))
    user = {"login": login, "type": "User"}
    comment = fork.github.add_comment(1, body, user)
    return {
        "action": "created",
        "issue": issue,
        "comment": comment,
        "sender": user,
        "repository": {"full_name": fork.github.repository, "owner": {"login": "acme"}},
    }


def skopeo(*arguments: str) -> str:
    process = subprocess.run(["skopeo", "--insecure-policy", *arguments], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return process.stdout


def inspect(fork: Fork, image: str, *options: str) -> dict[str, Any]:
    """What the target registry has under ``image``."""
    login = ("--tls-verify=false", f"--creds={USER}:{PASSWORD}")
    document: dict[str, Any] = json.loads(skopeo("inspect", *options, *login, f"docker://{fork.target.host}/{image}"))
    return document


def platforms(fork: Fork, image: str) -> list[tuple[str, str]]:
    """Architecture and digest of each child of the index."""
    index = inspect(fork, image, "--raw")
    return [(child["platform"]["architecture"], child["digest"]) for child in index["manifests"]]


def unpack(fork: Fork, image: str, folder: Path) -> Path:
    """Pull an image with skopeo and unpack its layers, as a node would see them."""
    folder.mkdir()
    login = ("--src-tls-verify=false", f"--src-creds={USER}:{PASSWORD}")
    skopeo("copy", *login, f"docker://{fork.target.host}/{image}", f"dir:{folder / 'image'}")
    manifest = json.loads((folder / "image" / "manifest.json").read_text())
    for layer in manifest["layers"]:
        with tarfile.open(folder / "image" / layer["digest"].removeprefix("sha256:")) as tar:
            tar.extractall(folder / "root", filter="tar")
    return folder / "root"


def test_apps_with_images_from_a_registry(fork: Fork, tmp_path: Path) -> None:
    event = comment_event(fork, "Please:\r\n\r\n/imagebuild_apps guestbook v1.0.0\r\n", app="guestbook")
    run = fork.tree.run("issue_comment", event, secrets=fork.secrets)
    assert run.code == 0, run.log
    assert PASSWORD not in run.log

    published = platforms(fork, "acme/guestbook:v1.0.0")
    assert [arch for arch, _ in published] == list(ARCHES)
    for position, (arch, digest) in enumerate(published):
        assert inspect(fork, f"acme/guestbook:v1.0.0-{arch}")["Digest"] == digest
        root = unpack(fork, f"acme/guestbook:v1.0.0-{arch}", tmp_path / arch)
        with docker_registry(tmp_path / f"served-{arch}", storage=root / "registry") as served:
            for repository, tag in GUESTBOOK.items():
                image = f"docker://{served.host}/{repository}:{tag}"
                expected = fork.sources[repository].children[position].digest
                assert json.loads(skopeo("inspect", "--tls-verify=false", image))["Digest"] == expected
                skopeo(
                    "copy", "--src-tls-verify=false", image, f"dir:{tmp_path / arch / repository.replace('/', '-')}"
                )

    (said,) = fork.github.bodies()
    assert f"{fork.target.host}/acme/guestbook:v1.0.0" in said
    assert all(repository in said for repository in GUESTBOOK)
    assert ("issues/comments/1001", "rocket") in fork.github.reactions


def test_apps_from_latest_that_download_a_release(fork: Fork, tmp_path: Path) -> None:
    with helm_releases(tmp_path / "site", "v3.8.2") as url:
        fork.tree.env["HELM_BASE_URL"] = url
        event = comment_event(fork, "/imagebuild_apps helm v3.8.2", app="helm")
        run = fork.tree.run("issue_comment", event, secrets=fork.secrets)
    assert run.code == 0, run.log
    assert [arch for arch, _ in platforms(fork, "acme/helm:v3.8.2")] == list(ARCHES)
    for arch in ARCHES:
        root = unpack(fork, f"acme/helm:v3.8.2-{arch}", tmp_path / arch)
        assert (root / "opt" / "helm").read_bytes() == helm_program(arch, "v3.8.2")


def test_dockerimages_get_their_build_arguments(fork: Fork, tmp_path: Path) -> None:
    with helm_releases(tmp_path / "site", "v3.8.2") as url:
        fork.tree.env["HELM_BASE_URL"] = url
        event = comment_event(fork, "/imagebuild_dockerimages helm v3.8.2 Key1=Value1,Key2=Value2", app="helm")
        run = fork.tree.run("issue_comment", event, secrets=fork.secrets)
    assert run.code == 0, run.log
    for arch, _ in platforms(fork, "acme/helm:v3.8.2"):
        labels = inspect(fork, f"acme/helm:v3.8.2-{arch}")["Labels"]
        assert (labels["Key1"], labels["Key2"]) == ("Value1", "Value2")
        root = unpack(fork, f"acme/helm:v3.8.2-{arch}", tmp_path / arch)
        assert (root / "usr" / "local" / "bin" / "helm").read_bytes() == helm_program(arch, "v3.8.2")
        assert not (root / "registry").exists()


def test_configs_have_one_content_for_every_architecture(fork: Fork, tmp_path: Path) -> None:
    event = comment_event(fork, "/imagebuild_configs coredns v0.0.1", app="coredns")
    run = fork.tree.run("issue_comment", event, secrets=fork.secrets)
    assert run.code == 0, run.log
    layers = [inspect(fork, f"acme/coredns:v0.0.1-{arch}")["Layers"] for arch in ARCHES]
    assert layers[0] == layers[1]
    root = unpack(fork, "acme/coredns:v0.0.1-arm64", tmp_path / "arm64")
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*.tmpl")) == ["etc/coredns.yaml.tmpl"]


def test_a_stranger_is_refused_and_nothing_is_built(fork: Fork) -> None:
    event = comment_event(fork, "/imagebuild_apps hello v1.0.0", app="hello", login="stranger")
    run = fork.tree.run("issue_comment", event, secrets=fork.secrets)
    assert run.code == 0, run.log
    assert not any("hello" in job for job in run.jobs), run.jobs
    assert not list(fork.target.storage.iterdir())
    (said,) = fork.github.bodies()
    assert "asking for a build needs 'write'" in said
