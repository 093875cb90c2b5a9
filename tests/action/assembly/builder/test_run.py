"""Builders as programs: real buildah on base images, and a docker that only notes what it is asked."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from action.assembly.builder.adopt import build_with_engine, find_bases
from action.assembly.builder.run import choose_engine, reads_heredocs
from action.assembly.recipe import Recipe
from action.environment.variables import PROXY_VARIABLES
from action.errors import InputError, ToolError
from action.model.results import ImageInside
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.oci.layout import OciLayout
from generator.buildfile.parse import parse_buildfile
from tests.support.building import BuiltImage, build_image
from tests.support.images import Image, both_arches, digest_of, image, layer, push
from tests.support.placed import put_images
from tests.support.registries import RunningRegistry, docker_registry
from tests.support.unpacked import config_of, make_files, unpack


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningRegistry]:
    """A registry that stands in for docker.io below the path ``hub``."""
    with docker_registry(tmp_path / "registry") as registry:
        push(both_arches("one"), registry.host, "hub/library/base", "1")
        push(both_arches("two"), registry.host, "hub/library/base", "2")
        yield registry


def options(command: list[str]) -> list[str]:
    """The options that a builder is made with; the first is the image that it runs."""
    return [command[at + 1] for at, word in enumerate(command) if word == "--driver-opt"]


def client_of(hub: RunningRegistry) -> RegistryClient:
    return RegistryClient(AnonymousKeychain(), mirrors={"docker.io": f"{hub.url}/hub"})


def build(
    context: Path,
    engine: str = "auto",
    client: RegistryClient | None = None,
    images: Sequence[ImageInside] | None = (),
    **build_args: str,
) -> tuple[BuiltImage, OciLayout]:
    layout = OciLayout(context.parent / "layout")
    labels = {"org.opencontainers.image.title": "thing"}
    buildfile = context / "Dockerfile"
    built = build_image(
        context,
        buildfile,
        arch="arm64",
        labels=labels,
        build_args=build_args,
        layout=layout,
        engine=engine,
        images=images,
        client=client,
    )
    return built, layout


@pytest.mark.real("buildah")
@pytest.mark.real("docker-registry")
def test_a_dockerfile_with_a_base_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.assembly.builder.run._has_buildx", lambda: False)
    with docker_registry(tmp_path / "registry") as registry:
        push(image(layer("base"), arch="arm64"), registry.host, "library/base", "1")
        text = f"ARG BASE={registry.host}/library/base:1\nFROM $BASE\nARG ARCH\nARG KEY\n"
        text += "LABEL arch=$ARCH key=$KEY\nCOPY a /\nCOPY registry ./registry\n"
        make_files(tmp_path / "context", {"Dockerfile": text, "a": "x"})
        inside = put_images(tmp_path / "context", {"x:1": image(layer("x"), arch="arm64")})
        built, layout = build(tmp_path / "context", images=inside, KEY="two words")
    assert built.engine == "buildah"
    assert "starts from 127.0.0.1" in built.reason
    assert {"data/base", "a", "etc/cluster-image/images.json"} <= set(unpack_loosely(layout, built.digest))
    config = config_of(layout, built.digest)
    assert config["architecture"] == "arm64"
    labels = config["config"]["Labels"]
    assert (labels["arch"], labels["key"]) == ("arm64", "two words")
    assert labels["io.cluster-image.content-id"] == built.content_id
    manifest = layout.read_manifest(built.digest)
    assert manifest["annotations"]["org.opencontainers.image.title"] == "thing"
    assert len(config["rootfs"]["diff_ids"]) == len(manifest["layers"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["context", "layout", "registry"]


@pytest.mark.real("buildah", "docker-registry")
def test_every_way_to_name_an_image_is_pinned_and_read_from_the_mirror(tmp_path: Path, hub: RunningRegistry) -> None:
    text = """\
ARG TAG=1
FROM --platform=$BUILDPLATFORM base:2 AS Tool
COPY a /own
FROM base:$TAG AS base
FROM BASE
COPY --from=tool /own /from-tool
COPY --from=docker.io/library/base:2 /data /from-image
"""
    make_files(tmp_path / "context", {"Dockerfile": text, "a": "x"})
    built, layout = build(tmp_path / "context", "buildah", client_of(hub))
    assert {"data/one arm64", "from-tool", "from-image/two arm64"} <= set(unpack_loosely(layout, built.digest))
    # The mirror leaves no trace, so that the image is the same without it.
    assert hub.host not in json.dumps(config_of(layout, built.digest))


@pytest.mark.real("buildah", "docker-registry")
def test_a_tag_that_moves_before_the_build_changes_nothing(tmp_path: Path, hub: RunningRegistry) -> None:
    text = 'FROM base:1\nCOPY --from=base:2 /data /copied\nRUN --mount=type=bind,from=base:3,target=/m ["/absent"]\n'
    files = {"Dockerfile": text, "pulled/Dockerfile": "FROM base:1\nCOPY --from=base:2 /data /copied\n"}
    make_files(tmp_path / "context", files)
    push(both_arches("three"), hub.host, "hub/library/base", "3")
    recipes = [
        Recipe(context=path.parent, buildfile=parse_buildfile(path), arch="arm64", labels={}, build_args={}, epoch=0)
        for path in (tmp_path / "context/Dockerfile", tmp_path / "context/pulled/Dockerfile")
    ]
    found = [find_bases(recipe, "buildah", client_of(hub)) for recipe in recipes]
    for tag in ("1", "2", "3"):
        push(both_arches("moved"), hub.host, "hub/library/base", tag)
    layout = OciLayout(tmp_path / "layout")
    with pytest.raises(ToolError) as caught:
        build_with_engine(recipes[0], "buildah", found[0], "x", layout)
    three = both_arches("three").children[1].digest
    assert f"from=docker.io/library/base@{three},target=/m" in str(caught.value)
    digest, _ = build_with_engine(recipes[1], "buildah", found[1], "x", layout)
    assert unpack_loosely(layout, digest) == ["data/one arm64", "copied", "copied/two arm64"]


@pytest.mark.real("buildah")
@pytest.mark.parametrize("name", [".dockerignore", ".containerignore", "Dockerfile.containerignore"])
def test_the_ignore_file_is_the_one_of_every_other_way(tmp_path: Path, name: str) -> None:
    make_files(tmp_path / "context", {"Dockerfile": "FROM scratch\nCOPY . /\n", "a": "x", "b": "x", name: "a\n"})
    built, layout = build(tmp_path / "context", "buildah")
    paths = set(unpack_loosely(layout, built.digest))
    assert "b" in paths and "a" not in paths


@pytest.mark.real("buildah")
def test_a_build_that_fails_shows_its_last_lines(tmp_path: Path) -> None:
    make_files(tmp_path / "context", {"Dockerfile": 'FROM scratch\nRUN ["/nothing"]\n'})
    with pytest.raises(ToolError, match="(?s)buildah failed with exit code.*nothing"):
        build(tmp_path / "context", "buildah")
    assert not (tmp_path / "layout").exists()


def unpack_loosely(layout: OciLayout, digest: str) -> list[str]:
    """The paths of an image whose layers others made."""
    return list(unpack(layout, digest, strict=False))


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker that notes its arguments, its environment and the files that are given to it.

    It answers ``buildx build`` with a prepared layout.
    """
    for name in (*PROXY_VARIABLES, "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    prepared = tmp_path / "prepared"
    make_files(tmp_path / "inner", {"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
    layout = OciLayout(prepared)
    inner = build_image(
        tmp_path / "inner", tmp_path / "inner/Dockerfile", arch="arm64", labels={}, build_args={}, layout=layout
    )
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": inner.digest,
                "size": layout.blob_path(inner.digest).stat().st_size,
                "platform": {"architecture": "arm64", "os": "linux"},
            }
        ],
    }
    layout.put_index("image", layout.write_manifest(index).digest)
    log = tmp_path / "docker.log"
    script = tmp_path / "bin/docker"
    script.parent.mkdir()
    script.write_text(
        f"""#!{sys.executable}
import json, os, pathlib, shutil, sys
files = {{}}
for option, value in zip(sys.argv, sys.argv[1:]):
    if option in ("--file", "--config"):
        files = {{file.name: file.read_text() for file in pathlib.Path(value).parent.iterdir() if file.is_file()}}
with open({str(log)!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], dict(os.environ), files]) + "\\n")
for word in sys.argv:
    if word.startswith("type=oci"):
        options = dict(part.split("=", 1) for part in word.split(","))
        shutil.copytree({str(prepared)!r}, options["dest"])
"""
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    return log


class Call(NamedTuple):
    command: list[str]
    environment: dict[str, str]
    files: dict[str, str]


def calls(log: Path) -> dict[str, Call]:
    """What buildx was asked, by its verb, in order."""
    found = [Call(*json.loads(line)) for line in log.read_text().splitlines()]
    return {call.command[1]: call for call in found if call.command[0] == "buildx"}


@pytest.mark.real("docker-registry")
def test_what_buildx_is_asked(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: RunningRegistry
) -> None:
    monkeypatch.setenv("IMAGEBUILD_PASSWORD", "s3cret")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    text = "# syntax=base:2\nFROM base:1\nARG KEY\nRUN true\n"
    make_files(tmp_path / "context", {"Dockerfile": text, ".containerignore": "x\n"})
    built, layout = build(tmp_path / "context", client=client_of(hub), KEY="a,b=c d")
    assert built.engine == "buildx"
    assert "Dockerfile" in unpack_loosely(layout, built.digest)
    asked = calls(docker)
    (command, environment, files) = asked["build"]
    assert command[command.index("--platform") + 1] == "linux/arm64"
    # By the address of the mirror: BuildKit would ask docker.io after it.
    one, two = both_arches("one").children[1].digest, both_arches("two").digest
    pinned = text.replace("=base:2", f"={hub.host}/hub/library/base@{two}")
    assert files["Dockerfile"] == pinned.replace(" base:1", f" {hub.host}/hub/library/base@{one}")
    assert files["Dockerfile.dockerignore"] == "x\n"
    given = [command[at + 1] for at, word in enumerate(command) if word == "--build-arg"]
    assert given == ["ARCH=arm64", "KEY=a,b=c d"]
    assert environment["SOURCE_DATE_EPOCH"] == "7"
    assert "IMAGEBUILD_PASSWORD" not in environment
    # The builder that was made for this build is gone again.
    assert list(asked)[-3:] == ["create", "build", "rm"]


@pytest.mark.real("docker-registry")
def test_what_buildkit_is_told_of_a_registry_of_this_machine(
    docker: Path, tmp_path: Path, hub: RunningRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/own/ca.pem")
    make_files(tmp_path / "context", {"Dockerfile": "FROM base:1\nRUN true\n"})
    build(tmp_path / "context", client=client_of(hub))
    (command, _, files) = calls(docker)["create"]
    assert files == {"buildkitd.toml": f'[registry."{hub.host}"]\nhttp = true\nca = ["/own/ca.pem"]\n'}
    assert options(command)[1:] == ["network=host"]


def test_buildkit_is_told_of_the_proxy(docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "one.example,two.example")
    make_files(tmp_path / "context", {"Dockerfile": "FROM scratch\nRUN true\n"})
    build(tmp_path / "context")
    (command, _, _) = calls(docker)["create"]
    given = options(command)[1:]
    # buildx reads each as a line of CSV, so that a comma can be part of a value.
    assert given == ['"env.HTTPS_PROXY=http://proxy.example:3128"', '"env.NO_PROXY=one.example,two.example"']


def test_a_builder_that_reads_nothing_of_this_machine_has_a_network_of_its_own(docker: Path, tmp_path: Path) -> None:
    make_files(tmp_path / "context", {"Dockerfile": "FROM scratch\nRUN true\n"})
    build(tmp_path / "context")
    (command, _, files) = calls(docker)["create"]
    assert files == {"buildkitd.toml": ""}
    (builder,) = options(command)
    assert re.fullmatch(r"image=docker\.io/moby/buildkit:v[0-9.]+@sha256:[0-9a-f]{64}", builder)  # no tag that moves


def test_a_build_argument_that_nobody_asks_for_is_told(tmp_path: Path) -> None:
    make_files(tmp_path / "context", {"Dockerfile": "FROM scratch\nARG VERSION\nLABEL v=$VERSION\n"})
    built, _ = build(tmp_path / "context", VERSOIN="1", ARCH="mine")
    assert [(problem.code, problem.hint) for problem in built.problems] == [
        ("unused-build-arg", "did you mean VERSION?")
    ]


def test_labels_of_the_build_file_count_more_than_those_of_every_image(tmp_path: Path) -> None:
    text = "FROM scratch\nLABEL org.opencontainers.image.title=own io.cluster-image.content-id=forged\n"
    make_files(tmp_path / "context", {"Dockerfile": text})
    built, layout = build(tmp_path / "context")
    labels = config_of(layout, built.digest)["config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "own"
    assert labels["io.cluster-image.content-id"] == built.content_id != "forged"
    assert layout.read_manifest(built.digest)["annotations"]["org.opencontainers.image.title"] == "own"


def test_a_builder_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for wanted in ("auto", "buildah", "buildx"):
        with pytest.raises(InputError) as caught:
            choose_engine(wanted)
        assert caught.value.problems[0].code == "no-engine"


@pytest.mark.real("buildah")
def test_a_here_document_is_told_where_buildah_would_misread_it(tmp_path: Path) -> None:
    make_files(tmp_path / "context", {"Dockerfile": "FROM scratch\nCOPY <<EOF /x\nFROM alpine\nEOF\n"})
    if not reads_heredocs("buildah"):
        with pytest.raises(InputError) as caught:
            build(tmp_path / "context", "buildah")
        assert (caught.value.problems[0].code, caught.value.problems[0].line) == ("heredoc", 2)
        return
    built, layout = build(tmp_path / "context", "buildah")
    assert unpack(layout, built.digest, strict=False)["x"].content == hashlib.sha256(b"FROM alpine\n").hexdigest()


@pytest.mark.parametrize(
    ("said", "reads"),
    [
        ("buildah version 1.28.2 (image-spec 1.0.2-dev, runtime-spec 1.0.2-dev)", False),
        ("buildah version 1.33.7 (image-spec 1.1.0-rc.5, runtime-spec 1.1.0)", True),
        ("buildah version 2.0.0-dev", True),
        ("", False),
    ],
)
def test_which_buildah_reads_here_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, reads: bool
) -> None:
    make_files(tmp_path, {"buildah": f"#!/bin/sh\necho '{said}'\n"})
    (tmp_path / "buildah").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert reads_heredocs("buildah") is reads
    assert reads_heredocs("buildx")


@pytest.mark.real("buildah", "docker-registry")
def test_labels_of_a_base_image_count_least(tmp_path: Path, hub: RunningRegistry) -> None:
    labels = {
        "org.opencontainers.image.title": "base",
        "io.cluster-image.content-id": "sha256:base",
        "sealos.io.version": "v1beta1",
        "stage": "base",
        "own": "base",
    }
    push(_labelled(labels), hub.host, "hub/library/labelled", "1")
    text = "FROM labelled:1 AS first\nARG STAGE=first\nLABEL stage=$STAGE own=first\n"
    text += "FROM first\nLABEL own=last sealos.io.type=rootfs\n"
    make_files(tmp_path / "context", {"Dockerfile": text})
    built, layout = build(tmp_path / "context", "buildah", client_of(hub))
    found = config_of(layout, built.digest)["config"]["Labels"]
    assert found == {
        "org.opencontainers.image.title": "thing",
        "io.cluster-image.content-id": built.content_id,
        "sealos.io.version": "v1beta1",
        "sealos.io.type": "rootfs",
        "stage": "first",
        "own": "last",
        "label": "labelled",
    }


def _labelled(labels: dict[str, str]) -> Image:
    """An image with labels of its own."""
    plain = image(arch="arm64", label="labelled")
    config = json.loads(plain.config)
    config["config"]["Labels"] |= labels
    encoded = json.dumps(config).encode()
    body = json.loads(plain.body)
    body["config"] |= {"digest": digest_of(encoded), "size": len(encoded)}
    return replace(plain, body=json.dumps(body).encode(), config=encoded)
