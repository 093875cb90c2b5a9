"""A fork of the project whose GitHub, source registry and target registry are all on loopback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import images
from tests.support.act import Checkout, Run
from tests.support.github_api import FakeGitHub
from tests.support.registries import PASSWORD, USER, RunningRegistry
from tests.support.unpacked import plain

TOKEN = "workflow-token"
ARCHES = ("amd64", "arm64")


@dataclass(frozen=True)
class Fork:
    """``sources`` has what ``source`` serves, by repository; ``target`` asks for a password."""

    github: FakeGitHub
    source: RunningRegistry
    target: RunningRegistry
    sources: dict[str, images.Image]
    tree: Checkout

    def issue(self, app: str, body: str = "", *, labels: tuple[str, ...] = ("accepted",)) -> dict[str, Any]:
        """Issue 1, about ``app``."""
        return self.github.add_issue(1, title=f"【Auto-build】{app}", body=body, labels=labels)

    def comment(self, issue: dict[str, Any], body: str, *, login: str = "maintainer", kind: str = "User") -> Run:
        """Somebody comments, and GitHub starts what listens."""
        user = {"login": login, "type": kind}
        comment = self.github.add_comment(issue["number"], body, user)
        event = {"action": "created", "issue": issue, "comment": comment, "sender": user}
        return self.run("issue_comment", event)

    def open(self, issue: dict[str, Any]) -> Run:
        """GitHub starts what listens to a new issue."""
        return self.run("issues", {"action": "opened", "issue": issue, "sender": issue["user"]})

    def label(self, issue: dict[str, Any], *, login: str = "maintainer", label: str = "accepted") -> Run:
        """Somebody sets a label, and GitHub starts what listens."""
        user = {"login": login, "type": "User"}
        return self.run("issues", {"action": "labeled", "issue": issue, "label": {"name": label}, "sender": user})

    def run(self, event_name: str, event: dict[str, Any]) -> Run:
        """Run the workflow that answers requests."""
        owner, _, name = self.github.repository.partition("/")
        repository = {"full_name": self.github.repository, "name": name, "owner": {"login": owner}}
        secrets = {"GITHUB_TOKEN": TOKEN, "REGISTRY_USERNAME": USER, "REGISTRY_PASSWORD": PASSWORD}
        for leftover in self.tree.artifacts.iterdir():  # each run has artifacts of its own
            subprocess.run(["rm", "-r", str(leftover)], check=True)
        return self.tree.run(
            event_name, {**event, "repository": repository}, workflow="imagebuild.yml", secrets=secrets
        )

    def phase(self, command: str, **inputs: str) -> None:
        """Run one phase as the job of the workflow does: the composite action's script, with its inputs.

        For what follows a failure: act (0.2.89) ends the whole run when a workflow that it called has failed, where
        GitHub goes on with the jobs that ask for it.
        """
        names = {f"IMAGEBUILD_{name.upper()}": value for name, value in inputs.items()}
        environment = {**os.environ, **self.tree.env, **names, "GITHUB_RUN_ID": "1"}
        bootstrap = self.tree.path / "action" / "bootstrap.py"
        command_line = [sys.executable, "-I", str(bootstrap), "run", command]
        subprocess.run(command_line, cwd=self.tree.path, env=environment, check=False)

    def inspect(self, image: str, *options: str) -> dict[str, Any]:
        """What the target registry has under ``image``, by skopeo."""
        login = ("--tls-verify=false", f"--creds={USER}:{PASSWORD}")
        document: dict[str, Any] = json.loads(
            skopeo("inspect", *options, *login, f"docker://{self.target.host}/{image}")
        )
        return document

    def platforms(self, image: str) -> dict[str, str]:
        """The digest of each child of the index, by architecture, in the order of the index."""
        index = self.inspect(image, "--raw")
        return {child["platform"]["architecture"]: child["digest"] for child in index["manifests"]}

    def tags(self, repository: str) -> list[str]:
        """Every tag of a repository of the target registry, read from its storage."""
        folder = self.target.storage / "docker/registry/v2/repositories" / repository / "_manifests/tags"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def unpack(self, image: str, folder: Path) -> Path:
        """Pull an image with skopeo and unpack its layers, as a node would see them."""
        folder.mkdir()
        login = ("--src-tls-verify=false", f"--src-creds={USER}:{PASSWORD}")
        skopeo("copy", *login, f"docker://{self.target.host}/{image}", f"dir:{folder / 'image'}")
        manifest = json.loads((folder / "image" / "manifest.json").read_text())
        for layer in manifest["layers"]:
            blob = (folder / "image" / layer["digest"].removeprefix("sha256:")).read_bytes()
            with tarfile.open(fileobj=io.BytesIO(plain(blob, layer["mediaType"]))) as tar:
                tar.extractall(folder / "root", filter="tar")
        return folder / "root"


def skopeo(*arguments: str) -> str:
    process = subprocess.run(["skopeo", "--insecure-policy", *arguments], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return process.stdout
