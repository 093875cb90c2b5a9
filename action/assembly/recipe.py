"""Recipe: everything that decides one image, so that every way of building gets the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from action.assembly.files.rootfs import ROOT, Node
from action.model import bill
from action.model.results import ImageInside
from action.store.oci.descriptor import canonical_json
from generator.buildfile.instructions import Buildfile
from generator.names import Arch
from generator.settings.settings import DEFAULT_COMPRESSION, Compression


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """``epoch`` is the time (seconds since 1970) that files bear, and ``created`` the one that the image itself tells,
    which decides nothing about it. ``images`` are those that were placed in ``registry/`` of the context, None when it
    is no cluster image. ``compression`` is for the layers that repay it.
    """

    context: Path
    buildfile: Buildfile
    arch: Arch
    labels: Mapping[str, str]
    build_args: Mapping[str, str]
    epoch: int = 0
    created: int = 0
    images: Sequence[ImageInside] | None = None
    compression: Compression = DEFAULT_COMPRESSION


def bill_file(images: Sequence[ImageInside]) -> Node:
    """The file that tells what a finished image carries; it belongs at bill.PATH."""
    data = canonical_json(bill.to_document(images)) + b"\n"
    return Node(kind="file", mode=0o644, owner=ROOT, size=len(data), data=data)


class NotNative(Exception):
    """This build file needs a real builder; the argument says why, for the log."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
