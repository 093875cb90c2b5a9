"""A comment becomes a published image with two architectures: emitted workflow, real registry, real tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import GUESTBOOK
from tests.e2e.fork import ARCHES, Fork, skopeo
from tests.support.registries import PASSWORD, docker_registry
from tests.support.releases import helm_program, helm_releases

pytestmark = [pytest.mark.real("act", "docker-registry", "skopeo")]


def test_apps_with_images_from_a_registry(fork: Fork, tmp_path: Path) -> None:
    run = fork.comment(fork.issue("guestbook"), "Please:\r\n\r\n/imagebuild_apps guestbook v1.0.0\r\n")
    assert run.code == 0, run.log
    assert PASSWORD not in run.log

    published = fork.platforms("acme/guestbook:v1.0.0")
    assert list(published) == list(ARCHES)
    for position, (arch, digest) in enumerate(published.items()):
        assert fork.inspect(f"acme/guestbook:v1.0.0-{arch}")["Digest"] == digest
        root = fork.unpack(f"acme/guestbook:v1.0.0-{arch}", tmp_path / arch)
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
    assert [content for _, content in fork.github.reactions] == ["eyes", "rocket"]


def test_apps_from_latest_that_download_a_release(fork: Fork, tmp_path: Path) -> None:
    with helm_releases(tmp_path / "site", "v3.8.2") as url:
        fork.tree.env["HELM_BASE_URL"] = url
        run = fork.comment(fork.issue("helm"), "/imagebuild_apps helm v3.8.2")
    assert run.code == 0, run.log
    for arch in fork.platforms("acme/helm:v3.8.2"):
        root = fork.unpack(f"acme/helm:v3.8.2-{arch}", tmp_path / arch)
        assert (root / "opt" / "helm").read_bytes() == helm_program(arch, "v3.8.2")


def test_dockerimages_get_their_build_arguments(fork: Fork, tmp_path: Path) -> None:
    with helm_releases(tmp_path / "site", "v3.8.2") as url:
        fork.tree.env["HELM_BASE_URL"] = url
        run = fork.comment(fork.issue("helm"), "/imagebuild_dockerimages helm v3.8.2 Key1=Value1,Key2=Value2")
    assert run.code == 0, run.log
    for arch in fork.platforms("acme/helm-cli:v3.8.2"):
        labels = fork.inspect(f"acme/helm-cli:v3.8.2-{arch}")["Labels"]
        assert (labels["Key1"], labels["Key2"]) == ("Value1", "Value2")
        root = fork.unpack(f"acme/helm-cli:v3.8.2-{arch}", tmp_path / arch)
        assert (root / "usr" / "local" / "bin" / "helm").read_bytes() == helm_program(arch, "v3.8.2")
        assert not (root / "registry").exists()


def test_configs_have_one_content_for_every_architecture(fork: Fork, tmp_path: Path) -> None:
    run = fork.comment(fork.issue("coredns"), "/imagebuild_configs coredns v0.0.1")
    assert run.code == 0, run.log
    layers = [fork.inspect(f"acme/coredns:v0.0.1-{arch}")["Layers"] for arch in ARCHES]
    assert layers[0] == layers[1]
    root = fork.unpack("acme/coredns:v0.0.1-arm64", tmp_path / "arm64")
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*.tmpl")) == ["etc/coredns.yaml.tmpl"]
