"""Whole strings of real Go programs, and bytes that only look like a program."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from action.discovery.inside.elf import amd64_sections
from action.discovery.inside.go_strings import is_go, whole_strings
from action.discovery.inside.judge import images_in_file
from action.model.reference import ImageReference

SOURCE = """package main

import (
	_ "embed"
	"fmt"
	"os"
)

const Default = "quay.io/team/database:v17.2-trixie"

var sidecar = "quay.io/team/sidecar:v1.0.4"

type options struct {
	Pooler string `default:"quay.io/team/pooler:v3"`
	Image  string
	Size   int
}

//go:embed pod.yaml
var pod string

//go:noinline
func use(name string, with *options, more ...string) { fmt.Println(name, with, more) }

//go:noinline
func made() *options { return &options{Image: "team/helper:9.1-x", Size: len(os.Args)} }

func main() {
	use("name", made(), Default, sidecar)
	use("quay.io/team/tool:v2", nil, "helper", "see quay.io/team/prose:v1 for more", "quay.io/team/moving:latest")
	use("registry.example/team/example:v1", nil, "quay.io/team/operator:v1", "app.kubernetes.io/name:v1")
	fmt.Println(os.Args, pod, fmt.Sprintf("%%s/%%s:v1.0.4", "quay.io", "team"))
}
"""
OPERATOR = ImageReference.parse("quay.io/team/operator:v5")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(SOURCE)
    (folder / "pod.yaml").write_text('spec:\n  containers:\n    - image: "quay.io/team/embedded:v4"\n')
    (folder / "go.mod").write_text("module example.com/operator\n\ngo 1.21\n")
    subprocess.run(
        ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", "operator", "."],
        cwd=folder,
        env={
            "PATH": "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "GOOS": "linux",
            "GOARCH": "amd64",
            "CGO_ENABLED": "0",
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-buildvcs=false",
        },
        check=True,
    )
    return (folder / "operator").read_bytes()


@pytest.mark.real("go")
def test_the_strings_of_a_stripped_program_end_where_they_end(program: bytes) -> None:
    assert is_go(program)
    found = {text for text in whole_strings(program) if "team/" in text}
    assert found == {
        "quay.io/team/database:v17.2-trixie",
        "quay.io/team/sidecar:v1.0.4",
        "team/helper:9.1-x",
        "quay.io/team/tool:v2",
        "quay.io/team/moving:latest",
        "registry.example/team/example:v1",
        "quay.io/team/operator:v1",
    }


@pytest.mark.real("go")
def test_only_what_is_surely_an_image_of_the_operator_counts(program: bytes) -> None:
    """Not: prose, a tag without a digit, names for examples, the operator itself, a label."""
    assert {str(reference) for reference in images_in_file("manager", program, OPERATOR)} == {
        "docker.io/team/helper:9.1-x",
        "quay.io/team/database:v17.2-trixie",
        "quay.io/team/embedded:v4",
        "quay.io/team/pooler:v3",
        "quay.io/team/sidecar:v1.0.4",
        "quay.io/team/tool:v2",
    }


@pytest.mark.real("go")
def test_a_damaged_program_is_read_without_an_error(program: bytes) -> None:
    chance = random.Random(7)  # noqa: S311 (content for tests)
    for _ in range(40):
        damaged = bytearray(program[: chance.randrange(64, 4096)] if chance.random() < 0.3 else program[:200_000])
        for _ in range(8):
            damaged[chance.randrange(min(len(damaged), 4096))] = chance.randrange(256)
        whole_strings(bytes(damaged))


@pytest.mark.real("skopeo")
def test_an_ordinary_program_names_no_images() -> None:
    assert images_in_file("usr/bin/skopeo", Path("/usr/bin/skopeo").read_bytes(), OPERATOR) == set()


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x02\x01", b"\x7fELF\x02\x01" + b"\xff" * 200, b"#!/bin/sh\n" * 50])
def test_what_is_no_program_has_no_strings(data: bytes) -> None:
    assert amd64_sections(data) == {}
    assert whole_strings(data) == set()
    assert not is_go(data)


@pytest.mark.parametrize(
    ("path", "images"),
    [
        ("opt/images.txt", {"quay.io/team/a:v1"}),
        ("opt/roles/defaults/main.yml", {"quay.io/team/a:v1"}),
        ("usr/share/doc/images.txt", set()),
        ("opt/notes.md", set()),
    ],
)
def test_lists_and_yaml_among_the_files_count(path: str, images: set[str]) -> None:
    found = images_in_file(path, b"# x\nquay.io/team/a:v1\nquay.io/team/b:latest\n", OPERATOR)
    assert {str(reference) for reference in found} == images
