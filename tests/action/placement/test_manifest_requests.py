"""What a build asks of the registries that it pulls from: no manifest twice, and none of what did not change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.__main__ import main
from action.errors import run
from action.placement.place import place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.registry.http.limits import JOBS
from tests.support import images
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.findings import finding
from tests.support.images import Image
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

COUNT = 20


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("upstream")) as running:
        yield running


def pushed(upstream: RunningRegistry, number: int, generation: int = 0) -> Image:
    """Application ``number`` for both architectures, above a base of its own."""
    image = images.both_arches(f"counted {number} {generation}", images.layer(f"counted base {number}", 3000))
    images.push(image, upstream.host, f"team/app{number}", "v1")
    return image


def build(root: Path, source: FaultProxy, *words: str, code: int = 0) -> Counter[str]:
    """Build, and count what was asked of the source by method and kind."""
    source.requests.clear()
    assert run(lambda: main(["build", "web", "v1", "--root", str(root), "--arch", "amd64", *words])) == code
    kinds = {"/manifests/": "manifest", "/blobs/": "blob", "/token": "token"}
    return Counter(
        f"{request.method} {kind}"
        for request in source.requests
        if request.authorization or "/token" in request.path
        for part, kind in kinds.items()
        if part in request.path
    )


@pytest.mark.parametrize("earlier", ["publication", "publication of a half", "cache"])
def test_a_rebuild_spends_no_manifest_on_what_did_not_change(
    tmp_path: Path, upstream: RunningRegistry, earlier: str
) -> None:
    version = tmp_path / "applications/web/v1"
    (version / "images/shim").mkdir(parents=True)
    (version / "Kubefile").write_text('FROM scratch\nCOPY . .\nCMD ["true"]\n')
    if earlier == "publication":  # with an index that names all of it; one architecture of two has none
        (version / "build_arch").write_text("amd64\n")
    for number in range(COUNT):
        pushed(upstream, number)
    publishing = earlier != "cache"
    with docker_registry(tmp_path / "target") as target, fault_proxy(upstream.host, tokens=True) as source:
        (version / "images/shim/list").write_text("".join(f"{source.host}/team/app{n}:v1\n" for n in range(COUNT)))
        if publishing:
            words = ["--output", "registry", "--registry", target.host, "--namespace", "counted"]
        else:
            words = ["--output", f"oci:{tmp_path}/image", "--cache", str(tmp_path / "cache")]
        first = build(tmp_path, source, *words)
        again = build(tmp_path, source, *words)
        pushed(upstream, 7, generation=1)
        # Published content is replaced only by force; what the build has asked for before that is what counts here.
        one = build(tmp_path, source, *words, code=1 if publishing else 0)

    # An index and a manifest, and a token for each repository; of blobs a base, a layer of its own, a configuration.
    assert first == {"GET manifest": 2 * COUNT, "GET token": COUNT, "GET blob": 3 * COUNT}
    # A tag that no index names is not believed: its image is built again, of documents that are checked, and layers.
    layers = {"GET blob": 2 * COUNT} if earlier == "publication of a half" else {}
    assert again == {"HEAD manifest": COUNT, "GET token": COUNT, **layers}
    # The published image gives documents; without a cache the layers of the others are fetched to be put together.
    blobs = 2 * COUNT + 1 if publishing else 2
    assert one == {"HEAD manifest": COUNT, "GET manifest": 2, "GET token": COUNT, "GET blob": blobs}


@pytest.mark.parametrize("count", [5, 15, 45])
def test_requests_grow_with_the_images_and_no_faster(tmp_path: Path, upstream: RunningRegistry, count: int) -> None:
    for number in range(count):
        pushed(upstream, number)
    with fault_proxy(upstream.host, tokens=True) as source:
        findings = [finding(f"{source.host}/team/app{number}:v1") for number in range(count)]
        place(tmp_path, findings, arch="amd64", client=RegistryClient(AnonymousKeychain()))
        found = Counter(request.path.split("/")[-2] for request in source.requests if request.authorization)
        assert found == {"manifests": 2 * count, "blobs": 3 * count}
        assert source.asked("/token") == count
        refused = len(source.requests) - 6 * count  # by those who did not know yet that a token is wanted
        assert refused <= JOBS
