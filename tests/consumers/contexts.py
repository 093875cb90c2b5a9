"""Applications whose images are given to the programs that people load them with: each tries one thing at least."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support import images
from tests.support.unpacked import make_files

VERSION = "v1.0.0"
MANY = 15
_END = 'COPY . .\nCMD ["kubectl apply -f manifests"]\n'
_KUBEFILE = f"FROM scratch\n{_END}"
_BASE = images.layer("consumers base", 60_000)


def push_sources(host: str) -> dict[str, str]:
    """Fill a registry with what the contexts name; returns name -> digest of what the tag has."""
    leaf = images.image(_BASE, label="leaf")
    named = {
        "library/short:v1": images.both_arches("short", _BASE),
        "a/b:v1": images.both_arches("outer", _BASE),
        "a/b/c/d:v1": images.both_arches("inner", _BASE),
        "team/schema2:v1": images.both_arches("schema 2", _BASE, oci=False),
        "team/nested:v1": images.index(images.both_arches("deep"), images.attestation(leaf)),
        "team/by-digest:any": images.both_arches("by digest", _BASE),
        "team/both:v1": images.both_arches("tag and digest", _BASE),
        "team/templated:v1": images.both_arches("templated"),
        "team/default:v1": images.both_arches("default"),
        **{f"many/app-{number}:v1": images.both_arches(f"many {number}") for number in range(MANY)},
    }
    for name, image in named.items():
        images.push(image, host, *name.split(":"))
    return {name: image.digest for name, image in named.items()}


def make_tree(root: Path, host: str, digests: dict[str, str]) -> list[str]:
    """A repository of applications; returns their names."""
    for name, make in _CONTEXTS.items():
        files = {"Kubefile": _KUBEFILE, **make(host, digests)}
        make_files(root / f"applications/{name}/{VERSION}", files)
    _add_archives(root / f"applications/archives/{VERSION}")
    return sorted(_CONTEXTS)


def _pods(*references: str) -> str:
    documents = [
        f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p{number}\nspec:\n  containers:\n"
        f"    - name: main\n      image: {reference}\n"
        for number, reference in enumerate(references)
    ]
    return "---\n".join(documents)


def _nested_paths(host: str, _: dict[str, str]) -> dict[str, Any]:
    return {"manifests/deep/er/pods.yaml": _pods(f"{host}/a/b:v1", f"{host}/a/b/c/d:v1", f"{host}/library/short:v1")}


def _digests(host: str, digests: dict[str, str]) -> dict[str, Any]:
    pinned, both = digests["team/by-digest:any"], digests["team/both:v1"]
    return {"manifests/pods.yaml": _pods(f"{host}/team/by-digest@{pinned}", f"{host}/team/both:v1@{both}")}


def _archives(host: str, _: dict[str, str]) -> dict[str, Any]:
    return {
        "images/skopeo/tar.txt": (
            "docker-archive:images/skopeo/docker.tar@quay.io/archived/docker:v1\n"
            "oci-archive:images/skopeo/oci.tar@quay.io/archived/oci:v1\n"
        ),
        ".dockerignore": "images\n",
        "manifests/pods.yaml": _pods("quay.io/archived/docker:v1", "quay.io/archived/oci:v1"),
        "init.sh": "mv images/skopeo/docker-$1.tar images/skopeo/docker.tar\n",
    }


def _many_small_images(host: str, _: dict[str, str]) -> dict[str, Any]:
    listed = "".join(f"{host}/many/app-{number}:v1\n" for number in range(MANY))
    return {"images/shim/list.txt": listed, "manifests/none.yaml": "kind: ConfigMap\napiVersion: v1\n"}


def _templates(host: str, _: dict[str, str]) -> dict[str, Any]:
    return {
        "Kubefile": f"FROM scratch\nENV TAG=v1 NAME=templated\n{_END}",
        "manifests/pod.yaml.tmpl": _pods(f"{host}/team/{{{{ .NAME }}}}:{{{{ .TAG }}}}"),
        "etc/settings.yaml.tmpl": "name: {{ .NAME }}\n",
    }


def _defaults_in_env(host: str, _: dict[str, str]) -> dict[str, Any]:
    return {
        "Kubefile": (
            f"FROM scratch\nENV REPO={host}/team/default\nCOPY . .\n"
            'CMD ["helm upgrade -i web charts/web --set image=$(REPO) --set tag=v1"]\n'
        ),
        "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
        "charts/web/values.yaml": "image: quay.io/never/used\ntag: v0\n",
        "charts/web/templates/pod.yaml": _pods("'{{ .Values.image }}:{{ .Values.tag }}'"),
    }


def _other_formats(host: str, _: dict[str, str]) -> dict[str, Any]:
    return {"manifests/pods.yaml": _pods(f"{host}/team/schema2:v1", f"{host}/team/nested:v1")}


def _binaries(host: str, _: dict[str, str]) -> dict[str, Any]:
    """Bytes that a compressor shrinks and bytes that it does not, and what a tar can say of files."""
    chance = random.Random(5)  # noqa: S311 - the same bytes in every run
    return {
        "opt/tool": (b"".join(chance.randbytes(700) + bytes(1300) for _ in range(400)), 0o755),
        "opt/packed.gz": b"\x1f\x8b" + chance.randbytes(400_000),
        "opt/alias": ("link", "tool"),
        "opt/same": ("hard", "opt/tool"),
        "opt/empty": None,
        f"opt/{'long/' * 40}name": "deep\n",
        "opt/naïve name": "text\n",
        "manifests/pods.yaml": _pods(f"{host}/library/short:v1"),
    }


def _add_archives(context: Path) -> None:
    packed = context / "images/skopeo"
    for arch in ("amd64", "arm64"):
        image = images.image(images.layer("docker archive", compression="none"), arch=arch, label="docker archive")
        images.write_docker_archive(packed / f"docker-{arch}.tar", {"quay.io/archived/docker:v1": image})
    images.write_oci_archive(packed / "oci.tar", ("quay.io/archived/oci:v1", images.both_arches("oci archive")))


_CONTEXTS: dict[str, Callable[[str, dict[str, str]], dict[str, Any]]] = {
    "archives": _archives,
    "binaries": _binaries,
    "defaults": _defaults_in_env,
    "digests": _digests,
    "many": _many_small_images,
    "nested": _nested_paths,
    "other-formats": _other_formats,
    "templates": _templates,
}
