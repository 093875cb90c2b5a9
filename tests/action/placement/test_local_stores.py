"""Images of this machine's own stores, named by a line of images/shim."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from action.discovery.scan import scan_context
from action.errors import ClusterImageError
from action.model.findings import Finding
from action.placement.place import place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.directory.verify import verify
from tests.support import images
from tests.support.unpacked import make_files

IMAGE = images.image(images.layer("stored", compression="none"))


def scanned(context: Path, line: str) -> tuple[Finding, ...]:
    make_files(context, {"Kubefile": "FROM scratch\nCOPY . .\n", "images/shim/list": f"{line}\n"})
    return scan_context(context, arch="amd64").wanted


def fill(context: Path, findings: tuple[Finding, ...]) -> list[str]:
    placement = place(context, findings, arch="amd64", client=RegistryClient(AnonymousKeychain()))
    assert verify(context / "registry", arch="amd64") == []
    return [f"{each.path}:{each.tag}" for each in placement.images]


def fault(context: Path, findings: tuple[Finding, ...]) -> tuple[str, str, str | None, int | None]:
    with pytest.raises(ClusterImageError) as caught:
        fill(context, findings)
    (problem,) = caught.value.problems
    return problem.code, problem.message, problem.file, problem.line


def only(folder: Path, monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    """A PATH with these programs and no other."""
    folder.mkdir()
    for name in programs:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of containers/storage of this test's own, with one image."""
    config = tmp_path / "storage.conf"
    config.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n')
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(config))
    images.write_oci_archive(tmp_path / "image.tar", ("x", IMAGE))
    source, name = f"oci-archive:{tmp_path / 'image.tar'}", "containers-storage:registry.example/team/stored:v1"
    subprocess.run(["skopeo", "--insecure-policy", "copy", source, name], check=True, capture_output=True)
    return tmp_path


@pytest.mark.real("skopeo", "buildah")
@pytest.mark.skipif(os.geteuid() != 0, reason="the store of a user is read inside of a user namespace")
@pytest.mark.parametrize("program", ["skopeo", "buildah", "podman"])
def test_an_image_of_containers_storage(storage: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"the program {program} is missing")
    findings = scanned(storage / "context", "containers-storage:registry.example/team/stored:v1 # ours")
    missing = scanned(storage / "missing", "containers-storage:registry.example/team/missing:v1")
    only(storage / "bin", monkeypatch, program)
    assert fill(storage / "context", findings) == ["team/stored:v1"]
    code, message, file, line = fault(storage / "missing", missing)
    assert (code, file, line) == ("not-in-store", "images/shim/list", 1)
    assert message.startswith(f"{program} cannot give registry.example/team/missing:v1 from containers-storage: ")


def test_an_image_of_the_docker_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = scanned(tmp_path / "context", "docker-daemon:team/stored:v1")
    images.write_docker_archive(tmp_path / "saved.tar", {"team/stored:v1": IMAGE})
    docker = tmp_path / "bin/docker"
    make_files(tmp_path / "bin", {"docker": ""})
    docker.write_text(
        f"#!{sys.executable}\nimport json, shutil, sys\n"
        f"shutil.copyfile({str(tmp_path / 'saved.tar')!r}, sys.argv[3])\n"
        f"open({str(tmp_path / 'asked')!r}, 'w').write(json.dumps([sys.argv[1], sys.argv[4]]))\n"
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(docker.parent))
    assert fill(tmp_path / "context", findings) == ["team/stored:v1"]
    assert json.loads((tmp_path / "asked").read_text()) == ["save", "docker.io/team/stored:v1"]


@pytest.mark.parametrize(
    ("store", "programs"), [("containers-storage", "skopeo or buildah or podman"), ("docker-daemon", "docker")]
)
def test_a_store_that_no_program_here_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, programs: str
) -> None:
    findings = scanned(tmp_path / "context", f"{store}:registry.example/a:v1")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fault(tmp_path / "context", findings) == (
        "no-store-program",
        f"registry.example/a:v1 is to come from {store}, which only {programs} can read, "
        "and none of them is installed",
        "images/shim/list",
        1,
    )


def test_a_store_by_another_way_of_naming_is_told(tmp_path: Path) -> None:
    context = tmp_path / "context"
    make_files(context, {"Kubefile": "FROM scratch\n", "images/shim/list": "containers-storage:[vfs@/x]a:v1\n"})
    (problem,) = [each for each in scan_context(context, arch="amd64").problems if each.severity == "error"]
    assert (problem.code, problem.file, problem.line) == ("bad-reference", "images/shim/list", 1)
