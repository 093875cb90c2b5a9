"""Every image once, as an archive and in one layout; and a store of their own for podman, buildah and skopeo."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from action.__main__ import main
from action.store.oci.layout import OciLayout
from generator.names import Arch
from tests.consumers.contexts import VERSION, make_tree, push_sources
from tests.support.registries import RunningRegistry, docker_registry

CONTEXTS = ("archives", "binaries", "defaults", "digests", "many", "nested", "other-formats", "templates")
CATALOGUE = {"hello": VERSION, "coredns": "v0.0.1"}  # what of it needs no network
NAMESPACE = "consumers"


@dataclass(frozen=True)
class Built:
    """``root`` is the repository, ``folder`` has ``<app>.tar`` and the layout ``all`` of everything."""

    root: Path
    folder: Path
    registry: RunningRegistry

    def name(self, app: str) -> str:
        return f"{self.registry.host}/{NAMESPACE}/{app}:{CATALOGUE.get(app, VERSION)}"

    def archive(self, app: str) -> Path:
        return self.folder / f"{app}.tar"

    @property
    def layout(self) -> OciLayout:
        return OciLayout(self.folder / "all")

    def image(self, app: str, arch: Arch) -> str:
        """The digest of the image for one architecture, from the index that the name stands for."""
        index = self.layout.read_manifest(self.layout.resolve(self.name(app)).digest)
        (found,) = (m["digest"] for m in index["manifests"] if m["platform"]["architecture"] == arch)
        return str(found)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("consumers")
    root, repository = folder / "root", Path(__file__).resolve().parent.parent.parent
    with docker_registry(folder / "registry") as registry:
        apps = make_tree(root, registry.host, push_sources(registry.host))
        assert tuple(apps) == CONTEXTS
        for app in CATALOGUE:
            shutil.copytree(repository / "applications" / app, root / "applications" / app)
        (root / "imagebuild.yaml").write_text(f"registry: {registry.host}\nnamespace: {NAMESPACE}\n")
        made = Built(root, folder, registry)
        for app in (*apps, *CATALOGUE):
            for output in (f"oci:{made.layout.root}", f"oci-archive:{made.archive(app)}"):
                arguments = [app, CATALOGUE.get(app, VERSION), "--root", str(root), "--output", output]
                assert main(["build", *arguments]) == 0
        yield made


@dataclass(frozen=True)
class Store:
    """Runs programs with a container store, and a trust in loopback registries, of their own."""

    environment: dict[str, str]

    def run(self, *command: str) -> bytes:
        done = subprocess.run(command, capture_output=True, check=False, env=self.environment, timeout=120)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout.decode()}\n{done.stderr.decode()}"
        return done.stdout

    def has(self, name: str) -> bool:
        command = ["podman", "image", "exists", name]
        return subprocess.run(command, check=False, capture_output=True, env=self.environment).returncode == 0

    def inspect(self, name: str) -> dict[str, Any]:
        (found,) = json.loads(self.run("podman", "image", "inspect", name))
        return dict(found)


@pytest.fixture
def store(built: Built, tmp_path: Path) -> Store:
    storage = f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n'
    (tmp_path / "storage.conf").write_text(storage)
    trusted = Path(os.environ["HOME"]) / ".config/containers/registries.conf"
    trusted.parent.mkdir(parents=True)
    trusted.write_text(f'[[registry]]\nlocation = "{built.registry.host}"\ninsecure = true\n')
    return Store({**os.environ, "CONTAINERS_STORAGE_CONF": str(tmp_path / "storage.conf")})
