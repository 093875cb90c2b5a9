"""A build file with its base images by digest: what changes, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.assembly.builder.bases import Base
from action.assembly.builder.image_names import sources
from action.assembly.builder.pinned import pinned_text
from action.registry.http.hosts import Endpoint
from generator.buildfile.parse import parse_buildfile

PINNED = f"sha256:{'1' * 64}"


def pinned(folder: Path, text: str) -> str:
    path = folder / "Dockerfile"
    path.write_text(text)
    named = sources(parse_buildfile(path), {}, "amd64", with_frontend=True)
    mirror = Endpoint("mirror:5000", "http://mirror:5000", "hub/")
    bases = [
        Base(reference=one.reference, arch=one.arch, digest=PINNED, endpoint=mirror) for one in named if one.reference
    ]
    return pinned_text(text, named, bases, lambda base: base.reference.path.rpartition("/")[2] + "!")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a:1\nRUN x\n", "FROM a!\nRUN x\n"),
        (
            "ARG B=a\nFROM --platform=$BUILDPLATFORM $B AS Tool\nFROM b\n",
            "ARG B=a\nFROM --platform=$BUILDPLATFORM a! AS tool\nFROM b!\n",
        ),
        (
            "FROM scratch AS Base\nFROM BASE\nCOPY --from=Base /x /\n",
            "FROM scratch AS base\nFROM base\nCOPY --from=base /x /\n",
        ),
        ("from golang as golang\ncopy --from=golang a b\n", "FROM golang! as golang\nCOPY --from=golang! a b\n"),
        # The same line numbers, for what a builder says of them.
        ("FROM \\\n  # why\n  a\nRUN x \\\n  y\nRUN z\n", "\n\nFROM a!\nRUN x \\\n  y\nRUN z\n"),
        (
            'FROM a\nCOPY --chown=1 --from=a:2 ["a b", "ü/"]\nRUN --security=x --mount=from=from,target=/f x &&  z\n',
            'FROM a!\nCOPY --chown=1 --from=a! ["a b", "ü/"]\nRUN --security=x --mount=from=from!,target=/f x &&  z\n',
        ),
        (
            'FROM a\nRUN --mount=type=bind,"from=b" ["x", "y"]\n',
            'FROM a!\nRUN --mount=type=bind,"from=b!" ["x", "y"]\n',
        ),
        (
            "FROM a\nRUN --mount=from=b \\\n  <<EOF\nFROM a\nEOF\n",
            "FROM a!\n\nRUN --mount=from=b! <<EOF\nFROM a\nEOF\n",
        ),
        (
            "FROM a\nCOPY --link --from=0 x /\nCOPY --from=b --link x /\n",
            "FROM a!\nCOPY --link --from=0 x /\nCOPY --from=b! --link x /\n",
        ),
        ("# syntax=docker/dockerfile:1\n# escape=`\nFROM `\n a\n", "# syntax=dockerfile!\n# escape=`\n\nFROM a!\n"),
    ],
)
def test_only_names_change(tmp_path: Path, text: str, expected: str) -> None:
    assert pinned(tmp_path, text) == expected


def test_one_image_for_two_architectures_has_two_names(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM --platform=linux/arm64 a AS x\nFROM a\n")
    named = sources(parse_buildfile(path), {}, "amd64", with_frontend=False)
    mirror = Endpoint("mirror:5000", "http://mirror:5000", "hub/")
    bases = [
        Base(reference=one.reference, arch=one.arch, digest=PINNED, endpoint=mirror) for one in named if one.reference
    ]
    text = pinned_text(path.read_text(), named, bases, lambda base: f"a-{base.arch}")
    assert text == "FROM --platform=linux/arm64 a-arm64 AS x\nFROM a-amd64\n"


def test_a_base_has_a_name_for_everybody_and_an_address_here(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM nginx:1\n")
    (source,) = sources(parse_buildfile(path), {}, "amd64", with_frontend=False)
    assert source.reference is not None
    mirror = Endpoint("mirror:5000", "http://mirror:5000", "hub/")
    base = Base(reference=source.reference, arch="amd64", digest=PINNED, endpoint=mirror)
    assert base.name == f"docker.io/library/nginx@{PINNED}"
    assert base.address == f"mirror:5000/hub/library/nginx@{PINNED}"
