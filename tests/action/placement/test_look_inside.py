"""Looking inside operators' images at a real registry."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.discovery.scan import scan_context
from action.placement.look_inside import look_inside
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.registry.http.retry import RetryPolicy
from tests.support import images
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

ROLES = """apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: creator}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: creator}
roleRef: {kind: Role, name: creator, apiGroup: rbac.authorization.k8s.io}
subjects: [{kind: ServiceAccount, name: operator}]
"""
POD = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec: {template: {spec: {serviceAccountName: ACCOUNT, containers: [{name: c, image: "IMAGE"}]}}}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("inside")) as running:
        for name in ("operator", "ordinary"):
            images.push(images.image(listing(f"quay.io/team/{name}-part:v1\n"), label=name), running.host, name, "v1")
        yield running


def listing(text: str) -> images.Layer:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("opt/images.txt")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    plain = buffer.getvalue()
    return images.Layer(gzip.compress(plain, mtime=0), "gzip", images.digest_of(plain))


def context(folder: Path, *pods: tuple[str, str, str]) -> Path:
    (folder / "manifests").mkdir(parents=True)
    text = ROLES
    for name, account, image in pods:
        text += POD.replace("NAME", name).replace("ACCOUNT", account).replace("IMAGE", image)
    (folder / "manifests/all.yaml").write_text(text)
    (folder / "Kubefile").write_text('FROM scratch\nCOPY . .\nCMD ["kubectl apply -f manifests"]\n')
    return folder


def test_what_the_image_of_a_creating_pod_names_is_uncertain(registry: RunningRegistry, tmp_path: Path) -> None:
    """The image of a pod that may create nothing is not looked into."""
    operator = f"{registry.host}/operator:v1"
    where = context(tmp_path, ("operator", "operator", operator), ("ordinary", "web", f"{registry.host}/ordinary:v1"))
    before = scan_context(where, arch="arm64")
    assert [str(finding.reference) for finding in before.operators] == [operator]
    scan = look_inside(before, RegistryClient(AnonymousKeychain()))
    (found,) = (finding for finding in scan.images if finding not in before.images)
    assert (str(found.reference), found.verdict) == ("quay.io/team/operator-part:v1", "uncertain")
    assert (found.sources[0].object, found.sources[0].field) == (operator, "opt/images.txt")
    assert scan.wanted == before.wanted
    (new,) = set(scan.blind_spots) - set(before.blind_spots)
    assert new == (
        f"manifests/all.yaml: {operator} names inside itself quay.io/team/operator-part:v1; "
        "list what will run in images/shim"
    )


@pytest.mark.parametrize("image", ["{host}/operator:v9", "127.0.0.1:1/operator:v1"])
def test_an_operator_that_cannot_be_read_is_a_blind_spot(
    registry: RunningRegistry, tmp_path: Path, image: str
) -> None:
    before = scan_context(context(tmp_path, ("o", "operator", image.format(host=registry.host))), arch="amd64")
    scan = look_inside(before, RegistryClient(AnonymousKeychain(), policy=RetryPolicy(attempts=1)))
    assert scan.images == before.images
    (new,) = set(scan.blind_spots) - set(before.blind_spots)
    assert "could not look inside" in new


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "action", *arguments]
    return subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)


def test_the_command_gives_a_block_for_the_list(registry: RunningRegistry, tmp_path: Path) -> None:
    where = context(tmp_path, ("operator", "operator", f"{registry.host}/operator:v1"))
    block = f"images/shim:\n# named inside {registry.host}/operator:v1\nquay.io/team/operator-part:v1\n"
    assert block not in run("scan", str(where)).stdout
    told = run("scan", str(where), "--look-inside")
    assert block in told.stdout
    assert told.returncode == 0


def test_a_build_looks_inside_when_the_settings_say_so(registry: RunningRegistry, tmp_path: Path) -> None:
    context(tmp_path / "applications/op/v1", ("operator", "operator", f"{registry.host}/operator:v1"))
    words = ("build", "op", "v1", "--arch", "amd64", "--root", str(tmp_path), "--output")
    assert "names inside itself" not in run(*words, f"oci:{tmp_path / 'a'}").stdout
    (tmp_path / "imagebuild.yaml").write_text("look_inside: true\n")
    told = run(*words, f"oci:{tmp_path / 'b'}")
    assert (told.returncode, told.stderr) == (0, told.stderr)
    assert "names inside itself quay.io/team/operator-part:v1" in told.stdout


def test_accepted_images_are_carried_by_scan_place_and_build(registry: RunningRegistry, tmp_path: Path) -> None:
    """image.yaml stands beside the versions, and a stale entry is reported with its path."""
    where = context(tmp_path / "applications/op/v1", ("web", "web", f"{registry.host}/operator:v1"))
    (where / "manifests/more.yaml").write_text(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{part: '{registry.host}/ordinary:v1'}}\n"
    )
    (where.parent / "image.yaml").write_text(
        f"accept:\n  - {{image: '{registry.host}/ordinary', reason: web starts it}}\n"
        "refuse:\n  - {image: quay.io/none, reason: gone}\n"
    )
    scan = json.loads(run("scan", str(where), "--format", "json").stdout)
    (accepted,) = (image for image in scan["images"] if image["path"] == "ordinary")
    assert (accepted["verdict"], accepted["reason"]) == ("likely", "accepted in image.yaml: web starts it")
    assert [(p["code"], p["file"]) for p in scan["problems"]] == [("stale-choice", "../image.yaml")]
    placed = run("place", str(where), "--arch", "amd64")
    assert "ordinary:v1" in placed.stdout
    words = ("build", "op", "v1", "--arch", "amd64", "--root", str(tmp_path), "--output", f"oci:{tmp_path / 'out'}")
    built = run(*words)
    assert built.returncode == 0, built.stderr
    assert "placed 2 images" in built.stderr
    assert "applications/op/image.yaml" in built.stdout + built.stderr


def test_a_directory_outside_of_a_tree_has_no_image_yaml(tmp_path: Path) -> None:
    where = context(tmp_path / "elsewhere/op/v1")
    (where.parent / "image.yaml").write_text("no: such\nkey: here\n")
    assert run("scan", str(where)).returncode == 0
