"""Values that are known only when the image runs: what stands for them while charts and manifests are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from action.discovery.evidence.hits import Hit

PLACEHOLDER = "known-at-run-time"
"""It is not empty, so a chart that requires the value renders, and no image is called so."""
POSSIBLE = (PLACEHOLDER, "", "1", "false")
"""What a chart is rendered with, one after the other: what is the same each time does not depend on the value."""
DEPENDS = "depends on a value that is known only when the plan runs"


def known_hits(hits: Iterable[Hit], where: str, blind_spots: list[str]) -> Iterator[Hit]:
    """The hits of which no part is known only when the plan runs; the others become blind spots."""
    for hit in hits:
        if PLACEHOLDER in hit.reference.written:
            shown = hit.reference.written.replace(PLACEHOLDER, "...")
            blind_spots.append(f"{where}: the image {shown} is known only when it runs; list it in images/shim")
        else:
            yield hit
