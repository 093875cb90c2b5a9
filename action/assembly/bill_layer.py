"""The bill of images of an image in a layout: the layer that holds it, read."""

from __future__ import annotations

from action.model import bill
from action.model.bill import BILL, TITLE_ANNOTATION
from action.model.results import ImageInside
from action.store.oci.layout import OciLayout


def read_bill(layout: OciLayout, digest: str) -> tuple[ImageInside, ...] | None:
    """What the image ``digest`` says that it carries, None when it bears no bill; other layers may be elsewhere."""
    for layer in layout.read_manifest(digest)["layers"]:
        if (layer.get("annotations") or {}).get(TITLE_ANNOTATION) == BILL:
            return bill.from_layer(layout.read_blob(layer["digest"]))
    return None
