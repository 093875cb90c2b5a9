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

pytestmark = [pytest.mark.real("act", "docker-registry", "skopeo")]


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
    return subprocess.run(["skopeo", *arguments], check=True, capture_output=True, text=True).stdout


def unpack(fork: Fork, reference: str, folder: Path) -> Path:
    """Pull an image with skopeo and unpack its layers, as a node would see them."""
    login = f"{USER}:{PASSWORD}"
    layout = folder / "layout"
    skopeo("copy", "--src-tls-verify=false", f"--src-creds={login}", f"docker://{reference}", f"dir:{layout}")
    root = folder / "root"
    manifest = json.loads((layout / "manifest.json").read_text())
    for layer in manifest["layers"]:
        with tarfile.open(layout / layer["digest"].removeprefix("sha256:")) as tar:
            tar.extractall(root, filter="tar")
    return root


def test_apps_with_images_from_a_registry(fork: Fork, tmp_path: Path) -> None:
    event = comment_event(fork, "/imagebuild_apps guestbook v1.0.0\r\n", app="guestbook")
    run = fork.tree.run("issue_comment", event, secrets=fork.secrets)
    assert run.code == 0, run.log

    index = json.loads(
        skopeo(
            "inspect",
            "--raw",
            "--tls-verify=false",
            f"--creds={USER}:{PASSWORD}",
            f"docker://{fork.target.host}/acme/guestbook:v1.0.0",
        )
    )
    assert [child["platform"]["architecture"] for child in index["manifests"]] == ["amd64", "arm64"]

    for position, arch in enumerate(("amd64", "arm64")):
        root = unpack(fork, f"{fork.target.host}/acme/guestbook:v1.0.0-{arch}", tmp_path / arch)
        with docker_registry(tmp_path / f"served-{arch}", storage=root / "registry") as served:
            for repository, tag in GUESTBOOK.items():
                image = f"docker://{served.host}/{repository}:{tag}"
                expected = fork.sources[repository].children[position].digest
                assert skopeo("inspect", "--tls-verify=false", "--format={{.Digest}}", image).strip() == expected
                skopeo(
                    "copy", "--src-tls-verify=false", image, f"dir:{tmp_path / arch / repository.replace('/', '-')}"
                )

    (said,) = fork.github.bodies()
    assert f"{fork.target.host}/acme/guestbook:v1.0.0" in said
    assert all(repository in said for repository in GUESTBOOK)


def test_a_stranger_is_refused_and_nothing_is_built(fork: Fork) -> None:
    event = comment_event(fork, "/imagebuild_apps hello v1.0.0", app="hello", login="stranger")
    run = fork.tree.run("issue_comment", event, secrets=fork.secrets)
    assert run.code == 0, run.log
    assert not any("hello" in job for job in run.jobs), run.jobs
    assert not list(fork.target.storage.iterdir())
