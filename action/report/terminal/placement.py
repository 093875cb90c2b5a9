"""The table of a filled registry directory: each image, its size, and what of it was shared, cached and fetched."""

from __future__ import annotations

from action.model.wording import short_digest, size
from action.placement.place import Placement
from action.report.terminal.table import table


def placement_table(placement: Placement) -> str:
    """One line for each image, then the sums."""
    if not placement.images:
        return "no images to place"
    rows = [
        (f"{image.path}:{image.tag}", short_digest(image.digest), size(image.size), ", ".join(image.found))
        for image in placement.images
    ]
    sums = [
        f"{len(rows)} images, {size(placement.unique)} on disk",
        f"{size(placement.total - placement.unique)} shared",
        f"{size(placement.fetched)} fetched",
        f"{size(placement.cached)} from the cache",
        f"{size(placement.kept)} already there",
    ]
    return f"{table(('IMAGE', 'DIGEST', 'SIZE', 'WANTED BY'), rows)}\n{', '.join(sums)}"
