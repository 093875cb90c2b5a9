"""Publishing to a real registry: what is there afterwards, what travels, what is refused."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from action.errors import InputError
from action.model.origin import Origin
from action.model.reference import ImageReference
from action.model.results import PublishResult, Target
from action.publication.publish import publish
from action.publication.published import entries
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.registry.http.retry import RetryPolicy
from action.registry.push import PushedManifest, Pusher
from action.store.oci.layout import OciLayout
from generator.names import ARCHES, Arch
from tests.support.building import build_image
from tests.support.dropping_proxy import dropping_proxy
from tests.support.images import image, layer
from tests.support.placed import put_images
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry", "skopeo")

TARGET = Target(type="apps", app="web", version="v1", arches=("amd64", "arm64"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def build(
    folder: Path,
    text: str = "hello\n",
    arches: tuple[Arch, ...] = ARCHES,
    inside: Mapping[str, str] | None = None,
) -> dict[Arch, Path]:
    """Layouts of a small image, one for each architecture, named as the build phase names them.

    ``inside`` are the container images of a cluster image, each with what makes it another.
    """
    context = folder / "context"
    (context / "charts").mkdir(parents=True, exist_ok=True)
    (context / "charts/values.yaml").write_text(text)
    (context / "big").write_bytes(random.Random(text).randbytes(1_200_000))  # noqa: S311 - what no compressor shrinks
    (context / "Kubefile").write_text('FROM scratch\nCOPY . .\nCMD ["run"]\n')
    layouts: dict[Arch, Path] = {}
    for arch in arches:
        layout = OciLayout(folder / arch)
        made = {name: image(layer(mark), arch=arch) for name, mark in (inside or {}).items()}
        images = None if inside is None else put_images(context, made)
        built = build_image(
            context, context / "Kubefile", arch=arch, labels={}, build_args={}, layout=layout, images=images
        )
        for version in ("v1", "v2"):
            layout.put_index(f"{version}-{arch}", built.digest, annotations=origin(arch, version))
        layouts[arch] = layout.root
    return layouts


def origin(arch: Arch, version: str = "v1", **fields: str) -> dict[str, str]:
    """What the build phase says of the image beside its name."""
    named = {"type": "apps", "app": "web", "version": version, "arch": arch, "run": "", **fields}
    return Origin(**named).annotations()


def relabel(layouts: dict[Arch, Path], **fields: str) -> dict[Arch, Path]:
    """The same layouts, as those of another target."""
    for arch, path in layouts.items():
        layout = OciLayout(path)
        layout.put_index(f"v1-{arch}", layout.resolve(f"v1-{arch}").digest, annotations=origin(arch, **fields))
    return layouts


def send(
    registry: RunningRegistry, name: str, layouts: dict[Arch, Path], force: str | None = None, version: str = "v1"
) -> PublishResult:
    client = RegistryClient(AnonymousKeychain())
    target = replace(TARGET, version=version)
    return publish(target, layouts, registry=registry.host, namespace=name, client=client, force=force)


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
    assert second.unchanged
    assert not first.unchanged
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
    with pytest.raises(InputError, match=f"published as {first.digest}, as apps; this build is one of dockerimages"):
        publish(
            replace(TARGET, type="dockerimages"),
            relabel(changed, type="dockerimages"),
            registry=registry.host,
            namespace="other",
            client=RegistryClient(AnonymousKeychain()),
            force="no reason is good enough",
        )
    forced = send(registry, "other", relabel(changed), "the chart was wrong")
    assert forced.digest not in (None, first.digest)
    assert (forced.replaced, forced.force) == (first.digest, "the chart was wrong")
    assert [(problem.code, problem.severity) for problem in forced.problems] == [("replaced", "warning")]


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
    swapped.put_index("v1-arm64", wrong.digest, annotations=origin("arm64"))
    with pytest.raises(InputError, match="says that it is for linux/amd64"):
        send(registry, "swapped", layouts)


@pytest.mark.parametrize("part", ["label", "annotation", "no annotation", "layers", "no layers", "foreign"])
def test_an_image_that_is_not_what_it_says_is_refused(registry: RunningRegistry, tmp_path: Path, part: str) -> None:
    layouts = build(tmp_path)
    layout = OciLayout(layouts["amd64"])
    manifest = layout.read_manifest(layout.resolve("v1-amd64").digest)
    if part == "label":
        config = layout.read_manifest(manifest["config"]["digest"])
        config["config"]["Labels"]["io.cluster-image.content-id"] = "sha256:other"
        manifest["config"] = layout.write_json(config, manifest["config"]["mediaType"]).to_json()
    elif part == "annotation":
        manifest["annotations"]["io.cluster-image.content-id"] = "sha256:other"
    elif part == "no annotation":
        del manifest["annotations"]
    elif part == "layers":
        other = layout.write_blob([b"other"], manifest["layers"][0]["mediaType"])
        manifest["layers"][0] = other.to_json()
    elif part == "no layers":
        del manifest["layers"]
    else:
        manifest["layers"][0]["urls"] = ["https://elsewhere.example/x"]
    layout.put_index("v1-amd64", layout.write_manifest(manifest).digest, annotations=origin("amd64"))
    with pytest.raises(InputError):
        send(registry, f"not-{part.replace(' ', '-')}", layouts)


def test_the_bill_of_images_is_attached_and_compared(registry: RunningRegistry, tmp_path: Path) -> None:
    before = build(tmp_path / "1", inside={"gone:1": "a", "same:1": "b", "moved:1": "c"})
    after = build(tmp_path / "2", "2\n", inside={"same:1": "b", "moved:1": "d", "new:1": "e"})
    first = send(registry, "bill", before)
    assert first.compared_with is None
    second = send(registry, "bill", after, version="v2")
    assert second.compared_with == "v1"
    told = {
        (change.reference.rpartition("/")[2], bool(change.before), bool(change.after)) for change in second.changes
    }
    assert told == {("gone:1", True, False), ("moved:1", True, True), ("new:1", False, True)}

    # Debian's registry has no referrers API: the fallback tag lists the document.
    client = RegistryClient(AnonymousKeychain())
    repository = f"{registry.host}/bill/web"
    tag = second.platforms[0].digest.replace(":", "-")
    listed = json.loads(client.get_manifest(ImageReference.parse(f"{repository}:{tag}")).body)["manifests"]
    assert [entry["artifactType"] for entry in listed] == ["application/vnd.cyclonedx+json"]
    manifest = json.loads(client.get_manifest(ImageReference.parse(f"{repository}@{listed[0]['digest']}")).body)
    assert manifest["subject"]["digest"] == second.platforms[0].digest
    blob = client.read_blob(ImageReference.parse(f"{repository}:v2"), manifest["layers"][0]["digest"])
    document = json.loads(b"".join(blob))
    assert [part["name"] for part in document["components"]] == [
        "docker.io/library/moved",
        "docker.io/library/new",
        "docker.io/library/same",
    ]


def test_a_registry_that_lists_referrers_gets_no_fallback_tag(registry: RunningRegistry, tmp_path: Path) -> None:
    def with_api(answer: bytes) -> bytes:
        return answer.replace(b"HTTP/1.1 201 Created\r\n", b"HTTP/1.1 201 Created\r\nOCI-Subject: sha256:x\r\n", 1)

    with dropping_proxy(registry.host) as proxy:
        proxy.rewrite = with_api
        layouts = build(tmp_path, inside={})
        client = RegistryClient(AnonymousKeychain())
        result = publish(TARGET, layouts, registry=proxy.host, namespace="api", client=client)
    tags = registry.storage / "docker/registry/v2/repositories/api/web/_manifests/tags"
    assert sorted(path.name for path in tags.iterdir()) == ["v1", "v1-amd64", "v1-arm64"]
    assert result.ok


def test_what_a_neighbour_has_is_mounted(registry: RunningRegistry, tmp_path: Path) -> None:
    layouts = build(tmp_path)
    first = send(registry, "mounts", layouts)
    client = RegistryClient(AnonymousKeychain())
    target = replace(TARGET, app="other")
    second = publish(
        target,
        relabel(layouts, app="other"),
        registry=registry.host,
        namespace="mounts",
        client=client,
        mount_from=["gone", "web"],
    )
    assert second.platforms[0].uploaded < 2_000 < 1_000_000 < first.platforms[0].uploaded


def test_uploads_that_break_are_made_whole(registry: RunningRegistry, tmp_path: Path) -> None:
    with dropping_proxy(registry.host) as proxy:
        proxy.drops = [10_000, 200_000, 500_000, 0]
        client = RegistryClient(AnonymousKeychain(), policy=RetryPolicy(first_wait=0.001, longest_wait=0.002))
        assert publish(TARGET, build(tmp_path), registry=proxy.host, namespace="breaks", client=client).ok
    subprocess.run(
        ["skopeo", "copy", "--src-tls-verify=false", f"docker://{registry.host}/breaks/web:v1", f"dir:{tmp_path}/out"],
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("moment", ["before the tags", "before the index", "after the index"])
def test_who_publishes_the_same_tag_meanwhile_is_not_overwritten_in_silence(
    registry: RunningRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ours, theirs = build(tmp_path / "1", "one\n"), build(tmp_path / "2", "two\n")
    name = moment.replace(" ", "-")
    push = Pusher.push_manifest
    done: list[str] = []

    def interrupted(self: Pusher, body: bytes, media_type: str, digest: str, tag: str | None = None) -> PushedManifest:
        is_moment = tag == ("v1-amd64" if moment == "before the tags" else "v1")
        if not is_moment or done:
            return push(self, body, media_type, digest, tag)
        done.append(moment)
        if moment == "after the index":
            pushed = push(self, body, media_type, digest, tag)
            done.append(send(registry, name, theirs, "ours is better").digest or "")
            return pushed
        done.append(send(registry, name, theirs).digest or "")
        return push(self, body, media_type, digest, tag)

    monkeypatch.setattr(Pusher, "push_manifest", interrupted)
    if moment == "before the index":  # theirs was there for a moment only, and its tags show it
        told = send(registry, name, ours).problems
    else:
        with pytest.raises(InputError) as caught:
            send(registry, name, ours)
        told = caught.value.problems
        assert told[0].code == "already-published"
        assert done[1] in told[0].message
    assert "published-meanwhile" in [problem.code for problem in told]
    assert_whole(registry, f"{name}/web")


def assert_whole(registry: RunningRegistry, repository: str) -> dict[str, str]:
    """The tags of the architectures name just what the index names; returns that."""
    client = RegistryClient(AnonymousKeychain())
    found = entries(client.get_manifest(ImageReference.parse(f"{registry.host}/{repository}:v1")))
    for arch, digest in found.items():
        assert client.get_manifest(ImageReference.parse(f"{registry.host}/{repository}:v1-{arch}")).digest == digest
    return found


def test_two_publishes_at_once_leave_one_whole_image(registry: RunningRegistry, tmp_path: Path) -> None:
    sides = [build(tmp_path / "1", "one\n"), build(tmp_path / "2", "two\n")]
    with ThreadPoolExecutor() as pool:
        errors = [future.exception() for future in [pool.submit(send, registry, "race", side) for side in sides]]
    assert [type(error) for error in errors if error is not None] in ([], [InputError])
    assert_whole(registry, "race/web")
    client = RegistryClient(AnonymousKeychain())
    index = json.loads(client.get_manifest(ImageReference.parse(f"{registry.host}/race/web:v1")).body)
    for entry in index["manifests"]:
        manifest = client.get_manifest(ImageReference.parse(f"{registry.host}/race/web@{entry['digest']}"))
        for part in json.loads(manifest.body)["layers"]:
            assert client.blob_exists(ImageReference.parse(f"{registry.host}/race/web:v1"), part["digest"])


def test_configs_have_one_content_under_both_platforms(registry: RunningRegistry, tmp_path: Path) -> None:
    target = replace(TARGET, type="configs")
    result = publish(
        target,
        relabel(build(tmp_path, arches=("amd64",)), type="configs"),
        registry=registry.host,
        namespace="one",
        client=RegistryClient(AnonymousKeychain()),
    )
    assert [platform.arch for platform in result.platforms] == ["amd64", "arm64"]
    client = RegistryClient(AnonymousKeychain())
    manifests = [
        json.loads(client.get_manifest(ImageReference.parse(platform.reference)).body) for platform in result.platforms
    ]
    assert manifests[0]["layers"] == manifests[1]["layers"]
    assert manifests[0]["config"] != manifests[1]["config"]


def test_configs_with_two_contents_are_refused(registry: RunningRegistry, tmp_path: Path) -> None:
    layouts = {**build(tmp_path / "1", arches=("amd64",)), **build(tmp_path / "2", "other\n", arches=("arm64",))}
    with pytest.raises(InputError, match="configs have one content for every architecture"):
        publish(
            replace(TARGET, type="configs"),
            relabel(layouts, type="configs"),
            registry=registry.host,
            namespace="two",
            client=RegistryClient(AnonymousKeychain()),
        )
    assert not (registry.storage / "docker/registry/v2/repositories/two").exists()


def send_one(registry: RunningRegistry, name: str, layouts: dict[Arch, Path], arch: Arch) -> PublishResult:
    """Publish one architecture of a version that both can be built for."""
    return publish(
        replace(TARGET, arches=(arch,)),
        {arch: layouts[arch]},
        registry=registry.host,
        namespace=name,
        client=RegistryClient(AnonymousKeychain()),
        offered=ARCHES,
    )


def test_a_part_of_an_image_never_passes_for_the_whole(registry: RunningRegistry, tmp_path: Path) -> None:
    layouts = build(tmp_path)
    first = send_one(registry, "part", layouts, "amd64")
    assert first.reference == f"{registry.host}/part/web:v1-amd64"
    assert [problem.code for problem in first.problems] == ["no-index"]
    assert tags(registry, "part/web") == {"v1-amd64"}

    second = send_one(registry, "part", layouts, "arm64")
    assert second.reference == f"{registry.host}/part/web:v1"
    assert second.problems == ()
    assert tags(registry, "part/web") == {"v1", "v1-amd64", "v1-arm64"}
    # The index of the two parts is the index of the whole: asking for both now finds that nothing has changed.
    assert send(registry, "part", layouts).digest == second.digest


def test_a_part_with_other_content_is_refused(registry: RunningRegistry, tmp_path: Path) -> None:
    send_one(registry, "other-part", build(tmp_path / "one"), "amd64")
    with pytest.raises(InputError, match="v1-amd64 is published as"):
        send_one(registry, "other-part", build(tmp_path / "two", "changed"), "amd64")


def tags(registry: RunningRegistry, repository: str) -> set[str]:
    folder = registry.storage / "docker/registry/v2/repositories" / repository / "_manifests/tags"
    return {path.name for path in folder.iterdir() if not path.name.startswith("sha256-")}


def test_one_architecture_gives_an_index_of_one(registry: RunningRegistry, tmp_path: Path) -> None:
    target = replace(TARGET, arches=("amd64",))
    result = publish(
        target,
        build(tmp_path, arches=("amd64",)),
        registry=registry.host,
        namespace="single",
        client=RegistryClient(AnonymousKeychain()),
    )
    body = RegistryClient(AnonymousKeychain()).get_manifest(ImageReference.parse(str(result.reference))).body
    assert [entry["platform"] for entry in json.loads(body)["manifests"]] == [{"architecture": "amd64", "os": "linux"}]


def at_once(
    registry: RunningRegistry, name: str, sides: list[dict[Arch, Path]], force: str | None = None
) -> list[PublishResult]:
    """Publications of the same tag that overlap, each on a machine of its own."""

    def one(side: dict[Arch, Path]) -> PublishResult:
        client = RegistryClient(AnonymousKeychain(), policy=RetryPolicy(first_wait=0.1, longest_wait=2.0))
        return publish(TARGET, side, registry=registry.host, namespace=name, client=client, force=force)

    with ThreadPoolExecutor(len(sides)) as pool:
        return list(pool.map(one, sides))


def test_four_publications_at_once_lose_none(registry: RunningRegistry, tmp_path: Path) -> None:
    """GitHub's concurrency group keeps one that waits and drops the others: of nine, six were lost."""
    sides = [build(tmp_path / str(number), f"{number}\n") for number in range(4)]
    results = at_once(registry, "four", sides, force="try again")
    assert all(result.ok for result in results)
    found = assert_whole(registry, "four/web")
    index = RegistryClient(AnonymousKeychain()).get_manifest(ImageReference.parse(f"{registry.host}/four/web:v1"))
    (winner,) = [result for result in results if result.digest == index.digest]
    assert {str(platform.arch): platform.digest for platform in winner.platforms} == found


def test_the_same_content_at_once_is_published_once_and_nobody_is_refused(
    registry: RunningRegistry, tmp_path: Path
) -> None:
    results = at_once(registry, "same", [build(tmp_path)] * 4)
    assert len({result.digest for result in results}) == 1
    assert_whole(registry, "same/web")


def test_two_halves_at_once_become_one_index(registry: RunningRegistry, tmp_path: Path) -> None:
    layouts = build(tmp_path)
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda arch: send_one(registry, "halves", layouts, arch), ARCHES))
    assert f"{registry.host}/halves/web:v1" in {result.reference for result in results}
    assert set(assert_whole(registry, "halves/web")) == set(ARCHES)
