"""Builders as programs: real buildah on a base image, and a docker that only notes what it is asked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from action.errors import InputError, ToolError
from action.image.build import BuiltImage, build_image
from action.image.engines import choose_engine
from action.results import ImageInside
from action.store.oci_layout import OciLayout
from tests.support.images import image, layer, push
from tests.support.registries import docker_registry
from tests.support.unpacked import config_of, make_files, unpack

BILL = [
    ImageInside(
        reference="docker.io/library/x:1",
        path="library/x",
        tag="1",
        index_digest=None,
        digest=f"sha256:{'a' * 64}",
        size=1,
        found=(),
    )
]


def build(context: Path, engine: str = "auto", **build_args: str) -> tuple[BuiltImage, OciLayout]:
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
        images=BILL,
    )
    return built, layout


@pytest.mark.real("buildah")
@pytest.mark.real("docker-registry")
def test_a_dockerfile_with_a_base_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.image.engines._has_buildx", lambda: False)
    with docker_registry(tmp_path / "registry") as registry:
        push(image(layer("base"), arch="arm64"), registry.host, "library/base", "1")
        text = f"ARG BASE={registry.host}/library/base:1\nFROM $BASE\nARG ARCH\nARG KEY\n"
        text += "LABEL arch=$ARCH key=$KEY\nCOPY a /\n"
        make_files(tmp_path / "context", {"Dockerfile": text, "a": "x"})
        built, layout = build(tmp_path / "context", KEY="two words")
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
    """A docker that notes its arguments and environment, and answers ``buildx build`` with a prepared layout."""
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
import json, os, shutil, sys
with open({str(log)!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
for word in sys.argv:
    if word.startswith("type=oci"):
        options = dict(part.split("=", 1) for part in word.split(","))
        shutil.copytree({str(prepared)!r}, options["dest"])
"""
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    return log


def test_what_buildx_is_asked(docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEBUILD_PASSWORD", "s3cret")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    make_files(tmp_path / "context", {"Dockerfile": "FROM alpine\nARG KEY\nRUN true\n"})
    built, layout = build(tmp_path / "context", KEY="a,b=c d")
    assert built.engine == "buildx"
    assert "Dockerfile" in unpack_loosely(layout, built.digest)
    calls = [json.loads(line) for line in docker.read_text().splitlines()]
    (command, environment) = next(call for call in calls if call[0][:2] == ["buildx", "build"])
    assert command[command.index("--platform") + 1] == "linux/arm64"
    given = [command[at + 1] for at, word in enumerate(command) if word == "--build-arg"]
    assert given == ["ARCH=arm64", "KEY=a,b=c d"]
    assert environment["SOURCE_DATE_EPOCH"] == "7"
    assert "IMAGEBUILD_PASSWORD" not in environment
    # The builder that was made for this build is gone again.
    assert [call[0][:2] for call in calls if call[0][0] == "buildx"][-1] == ["buildx", "rm"]


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
    with pytest.raises(InputError) as caught:
        build(tmp_path / "context", "buildah")
    assert (caught.value.problems[0].code, caught.value.problems[0].line) == ("heredoc", 2)
