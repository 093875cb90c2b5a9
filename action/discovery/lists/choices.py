"""What an application says about the images that a scan finds: ``accept`` and ``refuse`` of image.yaml (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from action.discovery.lists.sealignore import image_pattern, matches
from action.errors import Problem
from action.model.findings import Finding, Scan
from generator.settings.settings import METADATA_FILE, Choice

CHOICES_FILE = f"../{METADATA_FILE}"
"""The file from the build context, as every path of a scan is."""


def chosen(scan: Scan, accept: Sequence[Choice], refuse: Sequence[Choice]) -> Scan:
    """The scan with accepted images likely, and refused ones among the ignored.

    A choice that covers no image is stale, and one that accepts what is wanted anyway is too: both are warnings.
    What both lists cover is refused.
    """
    images, ignored, problems = list(scan.images), list(scan.ignored), list(scan.problems)
    for choice in refuse:
        covered = _covered(images, choice)
        images = [image for image in images if image not in covered]
        ignored += covered
        if not covered:
            problems.append(_stale("refuse", choice, "no image that is found"))
    for choice in accept:
        covered = _covered(images, choice)
        uncertain = [image for image in covered if image.verdict == "uncertain"]
        if not uncertain:
            what = "only images that are carried anyway" if covered else "no image that is found"
            problems.append(_stale("accept", choice, what))
        reason = f"accepted in {METADATA_FILE}: {choice.reason}"
        images = [replace(each, verdict="likely", reason=reason) if each in uncertain else each for each in images]
    return replace(scan, images=tuple(images), ignored=tuple(ignored), problems=tuple(problems))


def _covered(images: Sequence[Finding], choice: Choice) -> list[Finding]:
    pattern = image_pattern(choice.image)
    return [image for image in images if pattern is not None and matches(pattern, image.reference)]


def _stale(key: str, choice: Choice, what: str) -> Problem:
    message = f"{key} has {choice.image!r}, which covers {what}"
    return Problem(
        "stale-choice", message, "take the entry out, or correct its name", CHOICES_FILE, severity="warning"
    )
