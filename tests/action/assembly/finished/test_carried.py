"""The bill of images is what the root of the finished image holds, whoever makes the image."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from action.assembly.bill_layer import read_bill
from action.errors import ClusterImageError
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.oci.layout import OciLayout
from tests.support.building import BuiltImage, build_image
from tests.support.images import image, layer
from tests.support.placed import put_images
from tests.support.registries import docker_registry
from tests.support.unpacked import make_files

WEB, JOB = image(layer("web")), image(layer("job"))


def build(context: Path, *, client: RegistryClient | None = None) -> tuple[BuiltImage, OciLayout]:
    placed = put_images(context, {"web:1": WEB, "job:2": JOB})
    layout = OciLayout(context.parent / f"{context.name}-layout")
    return build_image(context, context / "Kubefile", layout=layout, images=placed, client=client), layout


def fault(context: Path) -> tuple[str, str | None, int | None, str]:
    with pytest.raises(ClusterImageError) as caught:
        build(context)
    (problem,) = caught.value.problems
    assert problem.code == "registry-not-in-image"
    return problem.message, problem.file, problem.line, problem.hint


LACKING = "and would run without 2 of its container images: library/web:1 has no tag, library/job:2 has no tag"


@pytest.mark.parametrize(
    ("lines", "line", "hint"),
    [
        ("COPY charts ./charts\n", 1, "add the line `COPY registry ./registry`"),
        ("COPY registry .\n", 2, "instead of `COPY registry .` write the line `COPY registry ./registry`"),
        ("COPY registry /opt/registry\n", 2, "instead of `COPY registry /opt/registry` write the line"),
        (
            "WORKDIR /app\nCOPY registry ./registry\n",
            3,
            "instead of `COPY registry ./registry` write the line `COPY registry /registry`",
        ),
        ("COPY registry/docker ./registry\n", 2, "instead of `COPY registry/docker ./registry` write the line"),
        ("COPY charts /real\nCOPY . /other\n", 1, "add the line `COPY registry ./registry`"),
    ],
)
def test_placed_images_that_no_line_brings_into_the_root(tmp_path: Path, lines: str, line: int, hint: str) -> None:
    make_files(tmp_path / "context", {"Kubefile": f"FROM scratch\n{lines}", "charts/a": "x"})
    message, file, at, said = fault(tmp_path / "context")
    assert LACKING in message
    assert (file, at) == ("Kubefile", line)
    assert said.startswith(hint)


@pytest.mark.parametrize("hidden", ["registry", "**/data", "registry/docker/registry/v2/repositories/library/job"])
def test_placed_images_that_the_ignore_file_hides(tmp_path: Path, hidden: str) -> None:
    make_files(tmp_path / "context", {"Kubefile": "FROM scratch\nCOPY . .\n", ".dockerignore": f"{hidden}\n"})
    message, file, _, said = fault(tmp_path / "context")
    assert "library/job:2" in message
    assert (file, said) == (".dockerignore", "take registry out of it")


def test_the_bill_of_an_assembled_image_is_what_its_files_hold(tmp_path: Path) -> None:
    context = tmp_path / "context"
    make_files(context, {"Kubefile": "FROM scratch\nCOPY registry ./registry\nCOPY older/registry ./registry\n"})
    put_images(context / "older", {"cache:7": image(layer("cache"))})
    tag = "older/registry/docker/registry/v2/repositories/library/broken/_manifests/tags/1/current/link"
    make_files(context, {tag: f"sha256:{'0' * 64}"})
    built, layout = build(context)
    bill = read_bill(layout, built.digest)
    assert bill is not None
    assert {(each.reference, each.found) for each in bill} == {
        ("docker.io/library/web:1", ("manifests/x.yaml:1",)),
        ("docker.io/library/job:2", ("manifests/x.yaml:1",)),
        ("sealos.hub:5000/library/cache:7", ("Kubefile",)),
    }
    assert [problem.code for problem in built.problems] == ["broken-image-inside"]


@pytest.mark.real("buildah")
@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        (
            "FROM scratch AS files\nCOPY registry ./registry\nFROM scratch\nCOPY charts /charts\n",
            3,
            "to the last stage",
        ),
        ("FROM scratch AS files\nFROM files\nCOPY registry /\n", 3, "instead of `COPY registry /` write the line"),
    ],
)
def test_a_builder_that_leaves_placed_images_out(tmp_path: Path, text: str, line: int, hint: str) -> None:
    make_files(tmp_path / "context", {"Kubefile": text, "charts/a": "x"})
    message, file, at, said = fault(tmp_path / "context")
    assert LACKING in message
    assert (file, at) == ("Kubefile", line)
    assert hint in said


@pytest.mark.real("buildah")
def test_another_target_of_copy_from_is_right_when_the_root_has_all_of_it(tmp_path: Path) -> None:
    text = "FROM scratch AS files\nCOPY registry /x\nFROM scratch\nCOPY --from=files /x /registry\n"
    make_files(tmp_path / "context", {"Kubefile": text})
    built, layout = build(tmp_path / "context")
    assert [each.tag for each in read_bill(layout, built.digest) or ()] == ["2", "1"]


@pytest.mark.real("buildah", "docker-registry", "skopeo")
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_images_that_a_base_brings_count_and_say_so(tmp_path: Path, compression: str) -> None:
    base = tmp_path / "base"
    make_files(base, {"Kubefile": "FROM scratch\nLABEL base=yes\nCOPY registry ./registry\n"})
    inside = put_images(base, {"cache:7": image(layer("cache")), "job:2": image(layer("older"))})
    layout = OciLayout(tmp_path / "base-layout")
    layout.put_index("base", build_image(base, base / "Kubefile", layout=layout, images=inside).digest)
    with docker_registry(tmp_path / "hub") as hub:
        _push(layout, f"{hub.host}/team/base:1", compression)
        text = f"FROM {hub.host}/team/base:1\nCOPY registry ./registry\n"
        make_files(tmp_path / "context", {"Kubefile": text})
        built, layout = build(tmp_path / "context", client=RegistryClient(AnonymousKeychain()))
        bill = {each.reference: each for each in read_bill(layout, built.digest) or ()}
    # The name is from the bill of the base; what is placed over an image of the base takes its place.
    assert bill["docker.io/library/cache:7"].found == (f"FROM {hub.host}/team/base:1",)
    assert bill["docker.io/library/job:2"].digest == JOB.digest
    assert len(bill) == 3
    assert built.problems == ()


@pytest.mark.real("buildah", "docker-registry", "skopeo")
def test_images_that_a_later_layer_of_the_base_takes_away_do_not_count(tmp_path: Path) -> None:
    """By whiteouts of buildah; one repository goes, and another folder is made anew."""
    base = tmp_path / "base"
    make_files(base, {"Kubefile": "FROM scratch\nCOPY registry ./registry\n"})
    layers = {"gone:7": image(layer("gone")), "left:7": image(layer("left"))}
    layout = OciLayout(tmp_path / "base-layout")
    made = build_image(base, base / "Kubefile", layout=layout, images=put_images(base, layers))
    layout.put_index("base", made.digest)
    with docker_registry(tmp_path / "hub") as hub:
        script = (
            f'c=$(buildah from oci:{layout.root}:base) && m=$(buildah mount "$c") && '
            'rm -r "$m/registry/docker/registry/v2/repositories/library/gone" && '
            f'buildah commit --tls-verify=false "$c" docker://{hub.host}/team/base:1'
        )
        storage = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot", "HOME": str(tmp_path)}
        config = tmp_path / "storage.conf"
        config.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n')
        environment = {**os.environ, **storage, "CONTAINERS_STORAGE_CONF": str(config)}
        command = ["sh", "-ec", script] if os.geteuid() == 0 else ["buildah", "unshare", "sh", "-ec", script]
        subprocess.run(command, check=True, env=environment, capture_output=True)
        make_files(tmp_path / "context", {"Kubefile": f"FROM {hub.host}/team/base:1\nCOPY registry ./registry\n"})
        built, layout = build(tmp_path / "context", client=RegistryClient(AnonymousKeychain()))
    assert {each.reference for each in read_bill(layout, built.digest) or ()} == {
        "docker.io/library/web:1",
        "docker.io/library/job:2",
        "docker.io/library/left:7",
    }


def _push(layout: OciLayout, name: str, compression: str) -> None:
    source = f"oci:{layout.root}:base"
    words = ["--dest-tls-verify=false", f"--dest-compress-format={compression}", "--dest-compress"]
    subprocess.run(["skopeo", "--insecure-policy", "copy", *words, source, f"docker://{name}"], check=True)
