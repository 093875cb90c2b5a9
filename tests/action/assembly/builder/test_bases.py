"""The digests of base images, asked of real registries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from action.assembly.builder.bases import Base, resolve_bases
from action.assembly.builder.image_names import sources
from action.assembly.builder.registries import buildkitd_toml, registries_conf
from action.errors import ClusterImageError, InputError
from action.model.reference import ImageReference
from action.registry.client import ManifestHead, RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from generator.buildfile.parse import parse_buildfile
from tests.support.images import both_arches, image, push
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")
ONE, AMD64 = both_arches("one"), image(arch="amd64")


class SilentClient(RegistryClient):
    """Of a registry whose HEAD tells no digest."""

    def head_manifest(self, reference: ImageReference) -> ManifestHead | None:
        head = super().head_manifest(reference)
        return head and head._replace(digest=None)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        push(ONE, running.host, "hub/library/one", "1")
        push(AMD64, running.host, "hub/library/amd64", "1")
        yield running


def resolved(
    folder: Path, registry: RunningRegistry, text: str, kind: type[RegistryClient] = RegistryClient
) -> tuple[Base, ...]:
    path = folder / "Dockerfile"
    path.write_text(text)
    client = kind(AnonymousKeychain(), mirrors={"docker.io": f"{registry.url}/hub"})
    return resolve_bases(client, sources(parse_buildfile(path), {}, "arm64", with_frontend=True))


def test_each_image_once_for_each_architecture(tmp_path: Path, registry: RunningRegistry) -> None:
    text = f"""\
# syntax=one:1
FROM one:1 AS a
FROM --platform=linux/amd64 one:1 AS b
FROM --platform=linux/s390x one:1@{ONE.digest} AS c
FROM docker.io/library/one:1
COPY --from=amd64:1 /x /
COPY --from=amd64:1@{AMD64.digest} /y /
"""
    named = {"amd64": ONE.children[0].digest, "arm64": ONE.children[1].digest, None: ONE.digest}
    found = resolved(tmp_path, registry, text)
    assert [(base.arch, base.digest) for base in found if base.reference.path.endswith("one")] == [
        (None, named[None]),
        ("arm64", named["arm64"]),
        ("amd64", named["amd64"]),
        (None, named[None]),
    ]
    # What only gives files may be for another architecture.
    assert [base.digest for base in found if base.reference.path.endswith("amd64")] == [AMD64.digest, AMD64.digest]
    assert found[1].address == f"{registry.host}/hub/library/one@{named['arm64']}"


def test_a_head_that_tells_no_digest(tmp_path: Path, registry: RunningRegistry) -> None:
    text = "FROM --platform=linux/s390x one:1 AS x\nFROM scratch\n"
    assert [base.digest for base in resolved(tmp_path, registry, text, SilentClient)] == [ONE.digest]


def test_a_platform_that_we_build_nothing_for_must_exist_too(tmp_path: Path, registry: RunningRegistry) -> None:
    with pytest.raises(InputError, match="has no image docker.io/library/one:2"):
        resolved(tmp_path, registry, "FROM --platform=linux/s390x one:2 AS x\nFROM one:1\n")


def test_every_image_that_does_not_exist_is_told_with_its_line(tmp_path: Path, registry: RunningRegistry) -> None:
    with pytest.raises(InputError) as caught:
        resolved(tmp_path, registry, "FROM one:1\nFROM onee\nCOPY --from=one:2 /x /\n")
    assert [(problem.code, problem.file, problem.line) for problem in caught.value.problems] == [
        ("no-base-image", "Dockerfile", 2),
        ("no-base-image", "Dockerfile", 3),
    ]
    message = f"COPY names one:2, and {registry.host} has no image docker.io/library/one:2"
    assert caught.value.problems[1].message == message


def test_a_registry_that_does_not_answer_is_told_with_the_line(tmp_path: Path, registry: RunningRegistry) -> None:
    with pytest.raises(ClusterImageError) as caught:
        resolved(tmp_path, registry, "FROM one:1\nFROM a.invalid/b\n")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("registry-unreachable", 2)
    assert not isinstance(caught.value, InputError)


@pytest.mark.parametrize("text", ["FROM amd64:1\n", "FROM amd64:1 AS x\nFROM x\n", f"FROM amd64@{AMD64.digest}\n"])
def test_an_image_of_another_architecture_is_not_built_upon(
    tmp_path: Path, registry: RunningRegistry, text: str
) -> None:
    with pytest.raises(InputError, match="is an image for linux/amd64 .*not for linux/arm64") as caught:
        resolved(tmp_path, registry, text)
    assert (caught.value.problems[0].code, caught.value.problems[0].line) == ("wrong-platform", 1)
    assert "image.yaml" in caught.value.problems[0].hint


def test_what_builders_are_told_of_registries(tmp_path: Path, registry: RunningRegistry) -> None:
    bases = resolved(tmp_path, registry, f"FROM one:1\nCOPY --from={registry.host}/hub/library/one:1 /x /\n")
    assert (
        registries_conf(bases)
        == f"""\
unqualified-search-registries = []

[[registry]]
prefix = "{registry.host}"
location = "{registry.host}"
insecure = true

[[registry]]
prefix = "docker.io"
location = "{registry.host}/hub"
insecure = true
"""
    )
    assert buildkitd_toml(bases, None) == f'[registry."{registry.host}"]\nhttp = true\n'


def test_what_builders_are_told_of_a_host_with_a_certificate() -> None:
    client = RegistryClient(AnonymousKeychain())
    reference = ImageReference.parse("q.io/a:1")
    base = Base(reference=reference, arch="amd64", digest=ONE.digest, endpoint=client.endpoint(reference))
    assert buildkitd_toml([base], "/own/ca.pem") == '[registry."q.io"]\nhttp = false\nca = ["/own/ca.pem"]\n'
    assert 'location = "q.io"\ninsecure = false\n' in registries_conf([base])
