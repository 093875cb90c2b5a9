"""A build of what is published already: found before anything is fetched, taken over, and published as it was."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from action.__main__ import main
from action.errors import InputError, run
from action.model.annotations import CONTENT_ID
from action.model.results import BuildResult, PublishResult
from action.store.oci.layout import OciLayout
from generator.names import ARCHES
from tests.support import images
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

APPS = {"type": "apps", "app": "web", "version": "v1", "arches": list(ARCHES)}
BIG = 300_000


@pytest.fixture
def source(tmp_path: Path) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path / "source") as running:
        yield running


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("target")) as running:
        yield running


class Repository:
    """A tree with ``web v1``, whose image ``inside:1`` is pulled from ``source``, published below ``namespace``."""

    def __init__(self, root: Path, source: RunningRegistry, target: RunningRegistry, namespace: str) -> None:
        self.root, self.source, self.target, self.namespace = root, source, target, namespace
        self.version = root / "applications/web/v1"
        (self.version / "images/shim").mkdir(parents=True)
        (self.version / "images/shim/list").write_text(f"{source.host}/inside:1\n")
        (self.version / "Kubefile").write_text('FROM scratch\nCOPY . .\nCMD ["true"]\n')
        (self.version / "tool").write_bytes(b"x" * BIG)
        (root / "imagebuild.yaml").write_text(f"registry: {target.host}\nnamespace: {namespace}\n")
        self.push_inside("one")

    def push_inside(self, seed: str, arm64: str = "") -> None:
        """Another image under the same tag."""
        children = [
            images.image(images.layer(text, BIG), arch=arch)
            for arch, text in (("amd64", seed), ("arm64", arm64 or seed))
        ]
        images.push(images.index(*children), self.source.host, "inside", "1")

    def lose_source_layers(self) -> None:
        """From now on no blob can be fetched; manifests and configurations still can."""
        for data in list((self.source.storage / "docker/registry/v2/blobs").rglob("data")):
            if data.stat().st_size >= BIG:
                shutil.rmtree(data.parent)

    def build(self, *arguments: str, image_type: str = "apps") -> dict[str, BuildResult]:
        """The build jobs of a workflow, one an architecture; raises nothing, the exit code counts."""
        results: dict[str, BuildResult] = {}
        for arch in ARCHES if image_type == "apps" else ARCHES[:1]:
            row = {"type": image_type, "app": "web", "version": "v1", "arch": arch, "context": "x", "runner": "y"}
            output = self.root / "out" / f"image@{image_type}@web@v1@{arch}"
            shutil.rmtree(output, ignore_errors=True)
            words = ["build", "--row", json.dumps(row), "--root", str(self.root), "--output", str(output), *arguments]
            assert run(lambda words=words: main(words)) == 0  # type: ignore[misc]
            results[arch] = BuildResult.read(output / "result.json")
            for path in (output / "layout").iterdir():
                path.replace(output / path.name)
        return results

    def publish(self, *arguments: str, target: dict[str, Any] = APPS) -> PublishResult:
        """The publish job, on what the build jobs handed over; raises what it raises."""
        output = self.root / "published"
        layouts = str(self.root / "out")
        words = ["publish", "--target", json.dumps(target), "--layouts", layouts, "--root", str(self.root)]
        assert main([*words, "--output", str(output), *arguments]) == 0
        return PublishResult.read(output / "result.json")


@pytest.fixture
def repository(tmp_path: Path, source: RunningRegistry, target: RunningRegistry) -> Repository:
    return Repository(tmp_path / "tree", source, target, tmp_path.name.replace("_", "-").lower())


def test_nothing_is_fetched_built_or_sent_again(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    first = repository.build()
    published = repository.publish()
    assert not any(result.taken_over for result in first.values())
    repository.lose_source_layers()
    capsys.readouterr()

    again = repository.build()
    said = capsys.readouterr().err
    assert f"published already as {repository.target.host}/{repository.namespace}/web:v1-amd64" in said
    assert "placed" not in said
    for arch, result in again.items():
        assert result.taken_over
        assert (result.digest, result.content_id, result.size) == (
            first[arch].digest,
            first[arch].content_id,
            first[arch].size,
        )
        assert result.images == first[arch].images
        # What is handed over: the documents, and of the layers the bill of images only.
        handed = repository.root / "out" / f"image@apps@web@v1@{arch}" / "blobs/sha256"
        assert len(list(handed.iterdir())) == 3
        assert sum(path.stat().st_size for path in handed.iterdir()) < 20_000
    unchanged = repository.publish()
    assert (unchanged.unchanged, unchanged.digest) == (True, published.digest)
    assert [platform.uploaded for platform in unchanged.platforms] == [0, 0]


def test_one_architecture_that_changed_joins_the_other_as_it_was(repository: Repository) -> None:
    (repository.version / "init.sh").write_text('cp "for-$1" tool\n')
    (repository.version / ".dockerignore").write_text("for-*\n")
    for arch in ARCHES:
        (repository.version / f"for-{arch}").write_bytes(arch.encode() * BIG)
    first = repository.build()
    repository.publish()
    (repository.version / "for-arm64").write_bytes(random.Random(2).randbytes(BIG))  # noqa: S311 - no compressor shrinks it
    again = repository.build()
    assert {arch: result.taken_over for arch, result in again.items()} == {"amd64": True, "arm64": False}
    amd64, arm64 = repository.publish("--replace", "the tool is new").platforms
    assert (amd64.digest, amd64.uploaded) == (first["amd64"].digest, 0)
    assert arm64.digest != first["arm64"].digest
    assert arm64.uploaded > BIG


@pytest.mark.parametrize("change", ["a file", "a mode", "an image inside", "the build file"])
def test_whatever_changed_is_built(repository: Repository, change: str) -> None:
    before = repository.build()
    repository.publish()
    if change == "a file":
        (repository.version / "tool").write_bytes(b"y" * BIG)
    elif change == "a mode":
        (repository.version / "tool").chmod(0o755)
    elif change == "an image inside":
        repository.push_inside("two")
    else:
        (repository.version / "Kubefile").write_text('FROM scratch\nCOPY . .\nCMD ["false"]\n')
    after = repository.build()
    assert not any(result.taken_over for result in after.values())
    assert after["amd64"].content_id != before["amd64"].content_id


def test_force_builds_and_records_the_reason(repository: Repository) -> None:
    first = repository.build()
    published = repository.publish()
    again = repository.build("--force", "to be sure")
    assert not any(result.taken_over for result in again.values())
    assert again["amd64"].digest == first["amd64"].digest
    forced = repository.publish("--force", "to be sure")
    assert (forced.unchanged, forced.force, forced.replaced) == (False, "to be sure", published.digest)


def test_what_may_be_replaced_is_left_when_it_is_the_same(repository: Repository) -> None:
    """A merge and a schedule may replace; digests must not change where nothing else has."""
    repository.build()
    published = repository.publish()
    repository.build()
    again = repository.publish("--replace", "built again by schedule")
    assert (again.unchanged, again.digest) == (True, published.digest)


def test_a_layer_that_the_registry_lost_is_built_again(repository: Repository) -> None:
    repository.push_inside("one", arm64="other")
    first = repository.build()
    repository.publish()
    blobs = repository.target.storage / "docker/registry/v2/repositories" / repository.namespace / "web/_layers/sha256"
    layout = OciLayout(repository.root / "out/image@apps@web@v1@amd64")
    lost = next(
        part["digest"]
        for part in layout.read_manifest(first["amd64"].digest or "")["layers"]
        if "registry/" in part["annotations"]["io.cluster-image.layer"]
    )
    shutil.rmtree(blobs / lost.removeprefix("sha256:"))
    assert {arch: result.taken_over for arch, result in repository.build().items()} == {"amd64": False, "arm64": True}


def test_a_layer_that_the_registry_loses_between_the_jobs_is_told(repository: Repository) -> None:
    first = repository.build()
    repository.publish()
    repository.build()
    home = repository.target.storage / "docker/registry/v2/repositories" / repository.namespace / "web"
    shutil.rmtree(home / "_manifests/tags/v1")
    layout = OciLayout(repository.root / "out/image@apps@web@v1@amd64")
    lost = layout.read_manifest(first["amd64"].digest or "")["layers"][0]["digest"]
    shutil.rmtree(home / "_layers/sha256" / lost.removeprefix("sha256:"))
    with pytest.raises(InputError, match=f"does not have the blob {lost}\n  hint: build the image again"):
        repository.publish()


def test_an_image_without_its_index_gets_it(repository: Repository) -> None:
    """A publication that died before its last step is completed, but what no index names is not taken over."""
    repository.build()
    published = repository.publish()
    tags = repository.target.storage / "docker/registry/v2/repositories" / repository.namespace / "web/_manifests/tags"
    shutil.rmtree(tags / "v1")
    assert not any(result.taken_over for result in repository.build().values())
    again = repository.publish()
    assert (again.unchanged, again.digest) == (False, published.digest)
    assert [platform.uploaded for platform in again.platforms] == [0, 0]


def test_configs_are_taken_over_for_every_architecture(repository: Repository) -> None:
    shutil.rmtree(repository.version / "images")
    target = {**APPS, "type": "configs"}
    repository.build(image_type="configs")
    published = repository.publish(target=target)
    assert repository.build(image_type="configs")["amd64"].taken_over
    again = repository.publish(target=target)
    assert (again.unchanged, again.digest) == (True, published.digest)


@pytest.mark.real("buildah")
def test_what_a_builder_makes_is_known_by_what_it_is_given(repository: Repository) -> None:
    (repository.version / "Kubefile").unlink()
    text = f"FROM {repository.source.host}/inside:1\nARG KEY\nCOPY tool /\n"
    (repository.version / "Dockerfile").write_text(text)
    (repository.version / "build_arch").write_text("amd64\n")  # so that there is an index, which names it
    target = {**APPS, "type": "dockerimages", "arches": ["amd64"]}
    first = repository.build(image_type="dockerimages")["amd64"]
    published = repository.publish(target=target)
    repository.lose_source_layers()
    again = repository.build(image_type="dockerimages")["amd64"]
    assert (again.taken_over, again.digest) == (True, first.digest)
    assert repository.publish(target=target).digest == published.digest

    repository.push_inside("two")
    renewed = repository.build(image_type="dockerimages")["amd64"]
    assert not renewed.taken_over
    assert renewed.content_id != first.content_id


@pytest.mark.parametrize("trouble", ["down", "login"])
def test_a_registry_that_cannot_be_looked_at_is_told_and_the_image_built(
    repository: Repository, tmp_path: Path, trouble: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = repository.root / "imagebuild.yaml"
    if trouble == "down":
        settings.write_text("registry: 127.0.0.1:9\nnamespace: x\n")
        results = repository.build()
    else:
        with docker_registry(tmp_path / "closed", password=True) as closed:
            settings.write_text(f"registry: {closed.host}\nnamespace: x\n")
            results = repository.build()
    assert not any(result.taken_over for result in results.values())
    assert "cannot see what is published as" in capsys.readouterr().err


def test_a_person_who_builds_into_the_registry_is_spared_too(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["build", "web", "v1", "--root", str(repository.root), "--output", "registry"]
    assert main(words) == 0
    first = capsys.readouterr().out
    repository.lose_source_layers()
    assert main(words) == 0
    again = capsys.readouterr()
    assert "nothing is built" in again.err
    assert "was published before with the same content; nothing was sent" in again.out
    assert again.out.splitlines()[-1] == first.splitlines()[-1]
    assert run(lambda: main([*words, "--force", "to be sure"])) == 1
    assert "inside:1" in capsys.readouterr().err


@pytest.mark.real("buildah", "skopeo")
def test_an_image_that_was_made_from_ours_does_not_pass_for_it(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A builder hands our labels and annotations down to what it makes of our image."""
    first = repository.build()["amd64"]
    repository.publish()
    name = f"{repository.target.host}/{repository.namespace}/web"
    derived = f"{name}:derived"
    _derive(tmp_path, f"{name}:v1-amd64", derived)
    inspected = json.loads(_skopeo("inspect", f"docker://{derived}"))
    assert inspected["Labels"][CONTENT_ID] == first.content_id
    assert json.loads(_skopeo("inspect", "--raw", f"docker://{derived}"))["annotations"][CONTENT_ID]
    # The index says which image is ours; where there is none, nothing is taken over.
    _skopeo("copy", "--dest-tls-verify=false", f"docker://{derived}", f"docker://{name}:v1-amd64")
    capsys.readouterr()
    assert not repository.build()["amd64"].taken_over
    assert f"{name}:v1-amd64 is {inspected['Digest']}, and {name}:v1 names {first.digest}" in capsys.readouterr().err
    tags = repository.target.storage / "docker/registry/v2/repositories" / repository.namespace / "web/_manifests/tags"
    shutil.rmtree(tags / "v1")
    again = repository.build()
    assert {arch: result.taken_over for arch, result in again.items()} == {"amd64": False, "arm64": False}
    assert again["amd64"].digest == first.digest


@pytest.mark.real("skopeo")
def test_an_older_image_of_ours_under_a_tag_is_not_taken_for_the_one_of_the_index(repository: Repository) -> None:
    first = repository.build()["amd64"]
    repository.publish()
    name = f"{repository.target.host}/{repository.namespace}/web"
    _skopeo("copy", "--dest-tls-verify=false", f"docker://{name}:v1-amd64", f"docker://{name}:kept")
    repository.push_inside("two")
    second = repository.build()["amd64"]
    repository.publish("--replace", "another image inside")
    repository.push_inside("one")
    _skopeo("copy", "--dest-tls-verify=false", f"docker://{name}:kept", f"docker://{name}:v1-amd64")
    again = repository.build()["amd64"]
    assert (again.taken_over, again.digest) == (False, first.digest)
    assert again.digest != second.digest


def _derive(folder: Path, base: str, name: str) -> None:
    """What anybody does: FROM our image, and one file more."""
    (folder / "derived").mkdir()
    (folder / "derived/more").write_text("x")
    (folder / "derived/Dockerfile").write_text(f"FROM {base}\nCOPY more /more\n")
    store = ["--root", str(folder / "root"), "--runroot", str(folder / "run"), "--storage-driver", "vfs"]
    build = ["build", "--isolation", "chroot", "--tls-verify=false", "--tag", name, str(folder / "derived")]
    subprocess.run(["buildah", *store, *build], check=True, capture_output=True)
    push = ["push", "--tls-verify=false", name, f"docker://{name}"]
    subprocess.run(["buildah", *store, *push], check=True, capture_output=True)


def _skopeo(verb: str, *words: str) -> str:
    plain = ["--src-tls-verify=false"] if verb == "copy" else ["--tls-verify=false"]
    command = ["skopeo", "--insecure-policy", verb, *plain, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
