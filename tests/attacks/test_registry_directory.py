"""A registry directory that init.sh has left behind: nothing in it makes a build wait or leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from action.placement.place import place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from tests.support import images
from tests.support.findings import finding

NAME = "quay.io/team/app:v1"


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_nothing_in_the_place_of_a_file_is_waited_for_or_followed(tmp_path: Path, kind: str) -> None:
    image = images.image(images.layer("pipe", 3000))
    images.write_oci_archive(tmp_path / "oci.tar", ("v1", image))
    wanted = [finding(NAME, archive=tmp_path / "oci.tar")]
    client = RegistryClient(AnonymousKeychain())
    place(tmp_path, wanted, arch="amd64", client=client)
    registry = tmp_path / "registry"
    before = {path: path.read_bytes() for path in sorted(registry.rglob("*")) if path.is_file()}
    for number, path in enumerate(before):
        path.unlink()
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "link":
            (tmp_path / f"outside {number}").write_bytes(b"outside")
            path.symlink_to(tmp_path / f"outside {number}")
        else:
            path.mkdir()
    place(tmp_path, wanted, arch="amd64", client=client)
    assert {path: path.read_bytes() for path in sorted(registry.rglob("*")) if path.is_file()} == before
    assert all(path.read_bytes() == b"outside" for path in tmp_path.glob("outside *"))
