"""An image layout as one tar file, which readers of ``oci-archive:`` and ``docker load`` both take.

Docker's own image store (of Docker 28 still, by default) reads no index.json: it wants the list that ``docker save``
writes, manifest.json, which may name the same blobs. moby 28.2, image/tarexport/load.go.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from action.store.oci.layout import REF_NAME, OciLayout
from action.store.oci.media import OCI_INDEX

_DOCKER_LIST = "manifest.json"


def pack(layout: OciLayout, archive: Path) -> None:
    """The layout as a tar file: complete under its name, or not there at all; the same layout gives the same file."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    staged = archive.with_name(f".{archive.name}.{os.getpid()}")
    listed = json.dumps(list(_docker_entries(layout)), sort_keys=True).encode()
    try:
        with tarfile.open(staged, "w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(layout.root.rglob("*")):
                tar.add(path, path.relative_to(layout.root).as_posix(), recursive=False, filter=_anonymous)
            member = tarfile.TarInfo(_DOCKER_LIST)
            member.size = len(listed)
            tar.addfile(_anonymous(member), io.BytesIO(listed))
        staged.replace(archive)
    finally:
        staged.unlink(missing_ok=True)


def _docker_entries(layout: OciLayout) -> Iterator[dict[str, Any]]:
    """One entry for each architecture. A list has no platforms, so of several, each is named as it is published."""
    top = layout.resolve()
    name = top.annotations[REF_NAME]
    if top.media_type != OCI_INDEX:
        yield _docker_entry(layout, top.digest, name)
        return
    for child in layout.read_manifest(top.digest)["manifests"]:
        yield _docker_entry(layout, child["digest"], f"{name}-{child['platform']['architecture']}")


def _docker_entry(layout: OciLayout, digest: str, name: str) -> dict[str, Any]:
    manifest = layout.read_manifest(digest)
    return {
        "Config": _member(manifest["config"]["digest"]),
        "RepoTags": [name],
        "Layers": [_member(layer["digest"]) for layer in manifest["layers"]],
    }


def _member(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without whose it was, when, and under which umask."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member
