"""Memory does not grow with the image: neither while it is assembled, nor while it is sent."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from action.store.oci.layout import OciLayout
from tests.support.building import build_image
from tests.support.registries import docker_registry

MEBI = 1 << 20

# In a process of its own, so that the highest memory is that of this work alone.
_WORK = """
import resource, sys
from pathlib import Path
from tests.support.building import build_image
from action.publication.publish import publish
from action.registry.credentials.auth import AnonymousKeychain
from action.registry.client import RegistryClient
from action.model.results import Target
from action.store.oci.layout import OciLayout

context, host = Path(sys.argv[1]), sys.argv[2]
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
layout = OciLayout(context.parent / "layout")
built = build_image(context, context / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)
layout.put_index("v1-amd64", built.digest)
target = Target(type="apps", app="large", version="v1", arches=("amd64",))
client = RegistryClient(AnonymousKeychain())
result = publish(target, {"amd64": layout.root}, registry=host, namespace="n", client=client)
print(idle, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, result.platforms[0].uploaded)
"""


def make_context(context: Path, sizes: list[int]) -> None:
    context.mkdir()
    (context / "Kubefile").write_text("FROM scratch\nCOPY . .\n")
    for number, size in enumerate(sizes):
        with (context / f"file{number}").open("wb") as stream:
            stream.write(str(number).encode())
            stream.truncate(size)


def test_assembling_keeps_little_in_memory(tmp_path: Path) -> None:
    make_context(tmp_path / "context", [96 * MEBI, 32 * MEBI])
    tracemalloc.start()
    build_image(
        tmp_path / "context",
        tmp_path / "context/Kubefile",
        arch="amd64",
        labels={},
        build_args={},
        layout=OciLayout(tmp_path / "layout"),
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * MEBI


@pytest.mark.soak
@pytest.mark.real("docker-registry")
def test_several_gigabytes(tmp_path: Path, repository: Path) -> None:
    make_context(tmp_path / "context", [2500 * MEBI, 900 * MEBI, 600 * MEBI])
    with docker_registry(tmp_path / "registry") as registry:
        done = subprocess.run(
            [sys.executable, "-c", _WORK, str(tmp_path / "context"), registry.host],
            check=True,
            capture_output=True,
            text=True,
            cwd=repository,
        )
    idle, peak, uploaded = map(int, done.stdout.split())
    assert uploaded > 4000 * MEBI
    assert peak - idle < 64 * 1024  # kilobytes
