"""Publishing to a real registry: what is there afterwards, what travels, what is refused."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.errors import InputError
from action.image.build import build_image
from action.publish import publish
from action.registry.auth import AnonymousKeychain
from action.registry.client import RegistryClient
from action.results import PublishResult, Target
from action.store.oci_layout import OciLayout
from generator.names import ARCHES, Arch
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

TARGET = Target(type="apps", app="web", version="v1", arches=("amd64", "arm64"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def build(folder: Path, text: str = "hello\n", arches: tuple[Arch, ...] = ARCHES) -> dict[Arch, Path]:
    """Layouts of a small image, one for each architecture, named as the build phase names them."""
    context = folder / "context"
    (context / "charts").mkdir(parents=True, exist_ok=True)
    (context / "charts/values.yaml").write_text(text)
    (context / "big").write_bytes(text.encode() * 200_000)
    (context / "Kubefile").write_text('FROM scratch\nCOPY . .\nCMD ["run"]\n')
    layouts: dict[Arch, Path] = {}
    for arch in arches:
        layout = OciLayout(folder / arch)
        built = build_image(context, context / "Kubefile", arch=arch, labels={}, build_args={}, layout=layout)
        layout.put_index(f"v1-{arch}", built.digest)
        layouts[arch] = layout.root
    return layouts


def send(registry: RunningRegistry, name: str, layouts: dict[Arch, Path], force: str | None = None) -> PublishResult:
    client = RegistryClient(AnonymousKeychain())
    return publish(TARGET, layouts, registry=registry.host, namespace=name, client=client, force=force)


def test_both_platforms_and_the_index_are_there(registry: RunningRegistry, tmp_path: Path) -> None:
    result = send(registry, "both", build(tmp_path))
    shown = subprocess.run(
        ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{result.reference}"],
        check=True,
        capture_output=True,
    ).stdout
    index = json.loads(shown)
    assert [entry["platform"]["architecture"] for entry in index["manifests"]] == ["amd64", "arm64"]
    assert [entry["digest"] for entry in index["manifests"]] == [platform.digest for platform in result.platforms]
    assert index["annotations"]["org.opencontainers.image.title"] == "web"
    for platform in result.platforms:
        subprocess.run(
            ["skopeo", "copy", "--src-tls-verify=false", f"docker://{platform.reference}", f"dir:{tmp_path}/out"],
            check=True,
            capture_output=True,
        )


def test_the_same_again_sends_nothing(registry: RunningRegistry, tmp_path: Path) -> None:
    layouts = build(tmp_path)
    first = send(registry, "again", layouts)
    second = send(registry, "again", layouts)
    assert second.digest == first.digest
    assert sum(platform.uploaded for platform in first.platforms) > 1_000_000
    assert sum(platform.uploaded for platform in second.platforms) == 0


def test_other_content_is_refused_with_both_digests_and_replaced_with_a_reason(
    registry: RunningRegistry, tmp_path: Path
) -> None:
    first = send(registry, "other", build(tmp_path / "1"))
    changed = build(tmp_path / "2", "changed\n")
    with pytest.raises(InputError) as caught:
        send(registry, "other", changed)
    assert caught.value.problems[0].code == "already-published"
    assert str(first.digest) in caught.value.problems[0].message
    forced = send(registry, "other", changed, "the chart was wrong")
    assert forced.digest not in (None, first.digest)


def test_nothing_is_pushed_when_an_architecture_is_missing(registry: RunningRegistry, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image for arm64"):
        send(registry, "missing", build(tmp_path, arches=("amd64",)))
    assert not (registry.storage / "docker/registry/v2/repositories/missing").exists()


def test_an_image_for_another_machine_is_refused(registry: RunningRegistry, tmp_path: Path) -> None:
    layouts = build(tmp_path)
    swapped = OciLayout(layouts["arm64"])
    wrong = build_image(
        tmp_path / "context",
        tmp_path / "context/Kubefile",
        arch="amd64",
        labels={},
        build_args={},
        layout=swapped,
    )
    swapped.put_index("v1-arm64", wrong.digest)
    with pytest.raises(InputError, match="says that it is for linux/amd64"):
        send(registry, "swapped", layouts)
