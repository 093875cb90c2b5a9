"""What is published is what was built for that name: layouts, folders and tags that lie, against a real registry."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from action.__main__ import main
from action.errors import ClusterImageError, InputError
from action.model import bill, content_id
from action.model.annotations import CONTENT_ID
from action.model.bill import BILL, TITLE_ANNOTATION
from action.model.origin import Origin
from action.model.reference import ImageReference
from action.model.results import PublishResult, Target
from action.publication.publish import publish
from action.publication.published import entries
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.oci.digest import digest_of
from action.store.oci.layout import OciLayout
from action.store.oci.media import OCI_LAYER, OCI_MANIFEST
from generator.names import ARCHES, Arch
from tests.support.building import build_image
from tests.support.images import image, layer
from tests.support.placed import put_images
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

TARGET = Target(type="apps", app="victim", version="v1", arches=("amd64",))
INSIDE = image(layer("inside"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def build(folder: Path, arch: Arch = "amd64", text: str = "hello\n", **origin: Any) -> OciLayout:
    """A layout as the build phase leaves it, for ``victim v1`` unless ``origin`` says otherwise."""
    context = folder.parent / f"context-{folder.name}"
    context.mkdir(parents=True)
    (context / "file").write_text(text)
    (context / "Kubefile").write_text("FROM scratch\nCOPY file /\nCOPY registry ./registry\n")
    layout = OciLayout(folder)
    images = put_images(context, {"a:1": INSIDE})
    built = build_image(context, context / "Kubefile", arch=arch, layout=layout, images=images)
    named = {"type": "apps", "app": "victim", "version": "v1", "arch": arch, "run": "", **origin}
    layout.put_index(f"v1-{arch}", built.digest, annotations=Origin(**named).annotations())
    return layout


def send(registry: RunningRegistry, namespace: str, layout: OciLayout, **options: Any) -> PublishResult:
    client = RegistryClient(AnonymousKeychain())
    return publish(
        TARGET, {"amd64": layout.root}, registry=registry.host, namespace=namespace, client=client, **options
    )


def published(registry: RunningRegistry, namespace: str) -> bool:
    return (registry.storage / "docker/registry/v2/repositories" / namespace).exists()


@pytest.mark.parametrize("origin", [{"app": "evil"}, {"type": "dockerimages"}, {"version": "v2"}, {"run": "7"}])
def test_a_layout_of_another_target_is_refused(
    registry: RunningRegistry, tmp_path: Path, origin: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="is to be published as apps victim v1 for amd64") as caught:
        send(registry, "mixed", build(tmp_path / "layout", **origin))
    assert caught.value.problems[0].code == "wrong-origin"
    assert not published(registry, "mixed")


def test_a_layout_of_an_earlier_run_is_refused(registry: RunningRegistry, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="in run 7, and is to be published as apps victim v1 for amd64 in run 8"):
        send(registry, "earlier", build(tmp_path / "layout", run="7"), run="8")
    assert not published(registry, "earlier")


# --- hostile layouts: each publishes nothing, and ends in a message


def _document(change: Callable[[dict[str, Any]], object]) -> Callable[[OciLayout], None]:
    def attack(layout: OciLayout) -> None:
        manifest = layout.read_manifest(layout.resolve("v1-amd64").digest)
        change(manifest)
        _point_to(layout, json.dumps(manifest).encode())

    return attack


def _config(change: Callable[[dict[str, Any]], object]) -> Callable[[OciLayout], None]:
    def attack(layout: OciLayout) -> None:
        manifest = layout.read_manifest(layout.resolve("v1-amd64").digest)
        config = layout.read_manifest(manifest["config"]["digest"])
        change(config)
        manifest["config"] = layout.write_json(config, manifest["config"]["mediaType"]).to_json()
        _point_to(layout, json.dumps(manifest).encode())

    return attack


def _point_to(layout: OciLayout, body: bytes) -> None:
    layout.write_blob([body], OCI_MANIFEST)
    index = json.loads((layout.root / "index.json").read_bytes())
    index["manifests"][0].update(digest=digest_of(body), size=len(body))
    (layout.root / "index.json").write_text(json.dumps(index))


def _index(text: str) -> Callable[[OciLayout], None]:
    return lambda layout: _write(layout.root / "index.json", text)


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _entry(**fields: object) -> Callable[[OciLayout], None]:
    def attack(layout: OciLayout) -> None:
        index = json.loads((layout.root / "index.json").read_bytes())
        index["manifests"][0].update(fields)
        (layout.root / "index.json").write_text(json.dumps(index))

    return attack


def _largest(layout: OciLayout) -> Path:
    digest = layout.read_manifest(layout.resolve("v1-amd64").digest)["layers"][0]["digest"]
    return layout.blob_path(digest)


def _pipe(place: Callable[[OciLayout], Path]) -> Callable[[OciLayout], None]:
    def attack(layout: OciLayout) -> None:
        path = place(layout)
        path.unlink()
        os.mkfifo(path)

    return attack


def _link(place: Callable[[OciLayout], Path]) -> Callable[[OciLayout], None]:
    def attack(layout: OciLayout) -> None:
        path = place(layout)
        elsewhere = layout.root.parent / "elsewhere"
        path.replace(elsewhere)
        path.symlink_to(elsewhere)

    return attack


def _bill(digest: str) -> Callable[[OciLayout], None]:
    """The bill says another digest than that of the image inside; everything else agrees with it."""

    def attack(layout: OciLayout) -> None:
        manifest = layout.read_manifest(layout.resolve("v1-amd64").digest)
        config = layout.read_manifest(manifest["config"]["digest"])
        titles = [part["annotations"][TITLE_ANNOTATION] for part in manifest["layers"]]
        number = titles.index(BILL)
        honest = bill.from_layer(layout.read_blob(manifest["layers"][number]["digest"]))
        assert honest is not None
        body = json.dumps(bill.to_document([replace(inside, digest=digest) for inside in honest])).encode()
        entry = tarfile.TarInfo(bill.PATH)
        entry.size = len(body)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.addfile(entry, io.BytesIO(body))
        written = layout.write_blob([buffer.getvalue()], OCI_LAYER)
        manifest["layers"][number].update(digest=written.digest, size=written.size)
        config["rootfs"]["diff_ids"][number] = written.digest
        manifest["config"] = layout.write_json(config, manifest["config"]["mediaType"]).to_json()
        identity = manifest["annotations"][CONTENT_ID]
        _point_to(layout, json.dumps(content_id.sealed(manifest, identity)).encode())

    return attack


HOSTILE: dict[str, Callable[[OciLayout], object]] = {
    "no index": lambda layout: (layout.root / "index.json").unlink(),
    "an index that is no JSON": _index("{"),
    "an index that is a list": _index("[]"),
    "an index without entries": _index('{"manifests": []}'),
    "an index of texts": _index('{"manifests": ["x"]}'),
    "an index of null": _index('{"manifests": null}'),
    "a deep index": _index("[" * 100_000),
    "a long index": _index(" " * (5 << 20)),
    "an index that is no text": lambda layout: (layout.root / "index.json").write_bytes(b"\xff\xfe\x00"),
    "a pipe as index": _pipe(lambda layout: layout.root / "index.json"),
    "a link as index": _link(lambda layout: layout.root / "index.json"),
    "a pipe as layer": _pipe(_largest),
    "a link as layer": _link(_largest),
    "a pipe elsewhere": lambda layout: os.mkfifo(layout.root / "blobs/pipe"),
    "annotations that are a text": _entry(annotations="x"),
    "annotations that are a list": _entry(annotations=[1]),
    "a digest that is a path": _entry(digest="sha256:../../../etc/passwd"),
    "a digest that is null": _entry(digest=None),
    "a digest of nothing": _entry(digest="sha256:" + "0" * 64),
    "a size that is a text": _entry(size="x"),
    "a manifest that is a list": lambda layout: _point_to(layout, b"[]"),
    "a manifest that is no JSON": lambda layout: _point_to(layout, b"{"),
    "a deep manifest": lambda layout: _point_to(layout, b"[" * 100_000),
    "an index in place of the manifest": lambda layout: _point_to(layout, b'{"schemaVersion": 2, "manifests": []}'),
    "layers that are a mapping": _document(lambda manifest: manifest.update(layers={})),
    "layers of numbers": _document(lambda manifest: manifest.update(layers=[1])),
    "a layer of another size": _document(lambda manifest: manifest["layers"][0].update(size=1)),
    "a layer of a negative size": _document(lambda manifest: manifest["layers"][0].update(size=-1)),
    "a layer of another digest": _document(lambda manifest: manifest["layers"][0].update(digest="sha256:" + "0" * 64)),
    "a foreign layer": _document(lambda manifest: manifest["layers"][0].update(urls=["https://evil.example/"])),
    "a configuration that is a text": _document(lambda manifest: manifest.update(config="x")),
    "annotations of the manifest that are a list": _document(lambda manifest: manifest.update(annotations=["x"])),
    "labels that are a list": _config(lambda config: config["config"].update(Labels=["x"])),
    "a run configuration that is a text": _config(lambda config: config.update(config="x")),
    "a rootfs that is a list": _config(lambda config: config.update(rootfs=[])),
    "diff_ids that are a number": _config(lambda config: config["rootfs"].update(diff_ids=7)),
    "diff_ids that are mappings": _config(lambda config: config["rootfs"].update(diff_ids=[{}, {}])),
    "another machine": _config(lambda config: config.update(architecture="arm64")),
    "another content id": _config(
        lambda config: config["config"]["Labels"].update({"io.cluster-image.content-id": ""})
    ),
    "a bill that names no digest": _bill(""),
    "a bill that names another thing": _bill("sha256:x"),
}


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_layout_publishes_nothing_and_is_told(
    registry: RunningRegistry, tmp_path: Path, attack: Callable[[OciLayout], object]
) -> None:
    layout = build(tmp_path / "layout")
    attack(layout)
    namespace = f"hostile-{list(HOSTILE.values()).index(attack)}"
    with pytest.raises(ClusterImageError):
        send(registry, namespace, layout)
    assert not published(registry, namespace)


# --- the folder of the artifacts


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: RunningRegistry) -> Path:
    version = tmp_path / "applications/victim/v1"
    version.mkdir(parents=True)
    (version / "Kubefile").write_text("FROM scratch\n")
    (tmp_path / "imagebuild.yaml").write_text(f"registry: {registry.host}\nnamespace: {tmp_path.name.lower()}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_publish(tree: Path, arches: tuple[str, ...] = ARCHES, image_type: str = "apps") -> PublishResult:
    target = {"type": image_type, "app": "victim", "version": "v1", "arches": arches, "build_args": {}}
    with suppress(ClusterImageError):
        main(["publish", "--target", json.dumps(target), "--layouts", "layouts", "--output", "out"])
    return PublishResult.read(tree / "out/result.json")


def test_files_of_the_repository_stand_in_for_no_artifact(tree: Path) -> None:
    """A commit with a layout at the place of the downloads was taken for every architecture of every application."""
    build(tree / "layouts")
    for arch in ARCHES:
        build(tree / f"layouts/image@apps@victim@v1@{arch}", arch)
    assert [problem.code for problem in run_publish(tree).problems] == ["two-layouts"]


def test_an_only_artifact_is_known_by_what_is_inside(tree: Path) -> None:
    """actions/download-artifact unpacks it into the folder itself; what is missing is said, and why."""
    build(tree / "layouts")
    (problem,) = run_publish(tree).problems
    assert problem.code == "missing-architecture"
    assert "has no image for arm64" in problem.message


def test_configs_find_the_layout_that_there_is(tree: Path) -> None:
    build(tree / "layouts", type="configs")
    result = run_publish(tree, image_type="configs")
    assert result.ok, result.problems
    assert [platform.arch for platform in result.platforms] == ["amd64", "arm64"]


# --- what somebody has written who could write a tag for a moment


def plant(registry: RunningRegistry, namespace: str, layout: OciLayout, text: str) -> str:
    """Put an image of other content with the same content id under the tag and in the index; returns its digest."""
    evil = build(layout.root.parent / "evil", text=text)
    entry = evil.resolve("v1-amd64")
    manifest = evil.read_manifest(entry.digest)
    honest = layout.read_manifest(layout.resolve("v1-amd64").digest)
    identity = honest["annotations"]["io.cluster-image.content-id"]
    config = evil.read_manifest(manifest["config"]["digest"])
    config["config"]["Labels"]["io.cluster-image.content-id"] = identity
    manifest["config"] = evil.write_json(config, manifest["config"]["mediaType"]).to_json()
    sealed = content_id.sealed(manifest, identity)
    evil.put_index("v1-amd64", evil.write_manifest(sealed).digest, annotations=entry.annotations)
    return str(send(registry, namespace, evil).platforms[0].digest)


def test_a_planted_content_id_does_not_keep_an_image(registry: RunningRegistry, tmp_path: Path) -> None:
    """A tag that bears the id was kept for ever by every schedule."""
    layout = build(tmp_path / "layout")
    planted = plant(registry, "planted", layout, "evil\n")
    with pytest.raises(InputError, match="has other content"):
        send(registry, "planted", layout)
    result = send(registry, "planted", layout, replace="built again by schedule")
    assert not result.unchanged
    client = RegistryClient(AnonymousKeychain())
    index = client.get_manifest(ImageReference.parse(f"{registry.host}/planted/victim:v1"))
    assert entries(index)["amd64"] == result.platforms[0].digest != planted


def test_what_is_the_same_but_for_what_it_tells_stays(registry: RunningRegistry, tmp_path: Path) -> None:
    """Digests must not change where nothing else has: another commit builds the same again."""
    first = send(registry, "same", build(tmp_path / "one"))
    layout = build(tmp_path / "two")
    manifest = layout.read_manifest(layout.resolve("v1-amd64").digest)
    manifest["annotations"]["org.opencontainers.image.revision"] = "c" * 40
    annotations = layout.resolve("v1-amd64").annotations
    layout.put_index("v1-amd64", layout.write_manifest(manifest).digest, annotations=annotations)
    second = send(registry, "same", layout, replace="built again by schedule")
    assert (second.unchanged, second.digest) == (True, first.digest)


def test_an_image_that_this_run_did_not_make_is_never_attested(
    tree: Path, monkeypatch: pytest.MonkeyPatch, registry: RunningRegistry
) -> None:
    """Its layers are in the registry only; the output ``changed`` is what the attestation asks."""
    layout = build(tree / "layouts/image@apps@victim@v1@amd64")
    (tree / "applications/victim/v1/build_arch").write_text("amd64\n")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tree / "outputs"))
    first = run_publish(tree, ("amd64",))
    assert (first.ok, first.taken_over) == (True, ())
    assert "\ntrue\n" in (tree / "outputs").read_text()
    _largest(layout).unlink()
    repository = registry.storage / "docker/registry/v2/repositories" / tree.name.lower() / "victim"
    shutil.rmtree(repository / "_manifests/tags/v1")
    (tree / "outputs").unlink()
    second = run_publish(tree, ("amd64",))
    assert (second.unchanged, second.digest, second.taken_over) == (False, first.digest, ("amd64",))
    assert "\nfalse\n" in (tree / "outputs").read_text()


# --- the order of commits


def with_revision(layout: OciLayout, commit: str) -> OciLayout:
    entry = layout.resolve("v1-amd64")
    manifest = layout.read_manifest(entry.digest)
    manifest["annotations"]["org.opencontainers.image.revision"] = commit
    layout.put_index("v1-amd64", layout.write_manifest(manifest).digest, annotations=entry.annotations)
    return layout


OLD, NEW = "a" * 40, "b" * 40


def is_older(ours: str, theirs: str) -> bool:
    return (ours, theirs) == (OLD, NEW)


def test_a_run_that_began_before_a_merge_does_not_replace_what_came_after(
    registry: RunningRegistry, tmp_path: Path
) -> None:
    new = send(registry, "order", with_revision(build(tmp_path / "new", text="new\n"), NEW), is_older=is_older)
    old = with_revision(build(tmp_path / "old", text="old\n"), OLD)
    result = send(registry, "order", old, replace="pushed as aaaa", is_older=is_older)
    assert (result.digest, result.unchanged) == (new.digest, True)
    assert [problem.code for problem in result.problems] == ["later-published"]
    forced = send(registry, "order", old, force="I know what I do", is_older=is_older)
    assert forced.replaced == new.digest


def test_a_request_that_meets_the_publication_of_a_merge_is_told_so(registry: RunningRegistry, tmp_path: Path) -> None:
    send(registry, "meets", with_revision(build(tmp_path / "old", text="old\n"), OLD))
    new = with_revision(build(tmp_path / "new", text="new\n"), NEW)
    with pytest.raises(InputError, match="the run of the merge publishes the change by itself"):
        send(registry, "meets", new, is_older=is_older)
