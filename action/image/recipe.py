"""Recipe: everything that decides one image, so that every way of building gets the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from action import bill
from action.image.rootfs import ROOT, Node
from action.instructions import Buildfile
from action.results import ImageInside
from action.store.oci_layout import canonical_json
from generator.config import DEFAULT_COMPRESSION, Compression
from generator.names import Arch


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """``epoch`` is the time (seconds since 1970) that the image and its files bear; ``images`` is its bill of images,
    None when it is no cluster image. ``compression`` is for the layers that repay it.
    """

    context: Path
    buildfile: Buildfile
    arch: Arch
    labels: Mapping[str, str]
    build_args: Mapping[str, str]
    epoch: int
    images: Sequence[ImageInside] | None = None
    compression: Compression = DEFAULT_COMPRESSION

    def bill_file(self) -> Node | None:
        """The file that tells what the image carries; it belongs at bill.PATH."""
        if self.images is None:
            return None
        data = canonical_json(bill.to_document(self.images)) + b"\n"
        return Node(kind="file", mode=0o644, owner=ROOT, size=len(data), data=data)
