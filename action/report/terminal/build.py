"""What a build made, for a terminal: the images, what is inside of them, and what nobody could see."""

from __future__ import annotations

from collections.abc import Sequence

from action.model.results import BuildResult, PublishResult
from action.model.wording import short_digest, size
from action.report.terminal.table import table


def build_table(results: Sequence[BuildResult], published: PublishResult | None) -> str:
    """The table of images and, below, a table of the container images inside and where each was found."""
    parts = [
        table(
            ("IMAGE", "ARCHITECTURE", "DIGEST", "SIZE", "IMAGES INSIDE"),
            [
                (
                    f"{result.app}:{result.version}",
                    result.arch,
                    short_digest(result.digest or ""),
                    size(result.size),
                    str(len(result.images)),
                )
                for result in results
            ],
        )
    ]
    inside = [
        (image.reference, result.arch, short_digest(image.digest), size(image.size), ", ".join(image.found))
        for result in results
        for image in result.images
    ]
    if inside:
        rows = sorted(inside)
        parts.append(table(("IMAGE INSIDE", "ARCHITECTURE", "DIGEST", "SIZE", "FOUND IN"), rows))
    notes = dict.fromkeys(str(problem) for result in results for problem in result.problems)
    notes |= dict.fromkeys(str(problem) for problem in (published.problems if published else ()))
    notes |= dict.fromkeys(f"cannot be seen: {spot}" for result in results for spot in result.blind_spots)
    if notes:
        parts.append("\n".join(notes))
    if published is not None:
        parts.append(f"published {published.reference}@{published.digest}")
    return "\n\n".join(parts)
