"""Looks inside the images of operators for images that only they name: what is found is uncertain, never carried."""

from __future__ import annotations

from dataclasses import replace

from action.discovery.inside.judge import images_in_file
from action.discovery.inside.layers import Budget, DamagedLayer, files
from action.errors import ClusterImageError
from action.model.findings import INSIDE, Finding, Scan, Source
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.pull import NothingNearby, RegistryImage, pull_leaf

_MAX_LAYER = 300 << 20
"""Bytes of the largest layer, as it travels, that is fetched for this."""


def look_inside(scan: Scan, client: RegistryClient) -> Scan:
    """The scan with what its operators name inside themselves, as uncertain images and one blind spot for each.

    Programs are read for amd64, whose code says where strings end; those of other architectures have the same
    strings. An image that cannot be read is told as a blind spot: nothing fails by this.
    """
    known = {finding.reference for finding in (*scan.images, *scan.ignored)}
    added: dict[ImageReference, Finding] = {}
    blind_spots = []
    for operator in scan.operators:
        at, name = operator.sources[0], str(operator.reference)
        try:
            inside = _images_inside(operator, client)
        except (ClusterImageError, DamagedLayer) as error:
            blind_spots.append(f"{at.file}: could not look inside {name}: {_first_line(error)}")
            continue
        new = {reference: path for reference, path in sorted(inside.items(), key=str) if reference not in known}
        for reference, path in new.items():
            source = Source(file=at.file, object=name, field=path, rule=INSIDE)
            reason = f"named inside {name} ({path}), which need not start it"
            found = Finding(reference=reference, verdict="uncertain", sources=(source,), reason=reason)
            added.setdefault(reference, found)
        if new:
            names = ", ".join(str(reference) for reference in new)
            blind_spots.append(f"{at.file}: {name} names inside itself {names}; list what will run in images/shim")
    return replace(
        scan,
        images=(*scan.images, *sorted(added.values(), key=lambda finding: str(finding.reference))),
        blind_spots=tuple(sorted({*scan.blind_spots, *blind_spots})),
    )


def _images_inside(operator: Finding, client: RegistryClient) -> dict[ImageReference, str]:
    """Each image with the file of the operator's image that names it."""
    if operator.archive is not None:
        return {}
    image = RegistryImage(client, operator.reference, NothingNearby())
    budget = Budget()
    found: dict[ImageReference, str] = {}
    for layer in pull_leaf(image, "amd64").image.layers:
        if layer.size > _MAX_LAYER or budget.spent:
            continue
        for path, content in files(image.stream(layer, 0), layer.media_type, budget):
            for reference in images_in_file(path, content, operator.reference):
                found.setdefault(reference, path)
    return found


def _first_line(error: Exception) -> str:
    return error.problems[0].message if isinstance(error, ClusterImageError) else str(error)
