"""Images that cannot stand beside each other in one registry directory, and tags that move (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from action.errors import Problem
from action.model.findings import Finding


def conflicts(images: Iterable[Finding]) -> Iterator[Problem]:
    """Images that land on one path and tag once the domain is dropped: an error when their digests say that they
    differ, a warning when that will only show when they are fetched."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for image in images:
        if image.verdict != "uncertain":
            groups.setdefault((image.reference.path, image.reference.tag or "latest"), []).append(image)
    for (path, tag), group in sorted(groups.items()):
        digests = {image.reference.digest for image in group}
        if len(group) < 2 or (len(digests) == 1 and digests != {None}):
            continue
        names = " and ".join(sorted(str(image.reference) for image in group))
        pinned = digests - {None}
        if len(pinned) > 1:
            message = f"{names} share the place {path}:{tag} in the registry, with different digests"
            yield _problem("image-collision", message, group, "error")
        elif len({image.reference.domain for image in group}) > 1:
            message = f"{names} share the place {path}:{tag} in the registry: they must be the same image"
            yield _problem("image-collision", message, group, "warning")


def _problem(code: str, message: str, group: list[Finding], severity: str) -> Problem:
    source = max(image.sources[0] for image in group)
    return Problem(
        code,
        message,
        "take one of them, or leave one out by .sealignore",
        source.file,
        source.line or None,
        severity="error" if severity == "error" else "warning",
    )


def floating_tags(images: Iterable[Finding]) -> Iterator[Problem]:
    """Tags that move: what is built tomorrow may differ from what was tested today."""
    for image in images:
        reference = image.reference
        if image.verdict == "uncertain" or image.archive is not None:
            continue
        source = image.sources[0]
        if reference.digest is None and reference.tag == "latest":
            hint = "write the tag that you mean"
            message = f"{reference} is taken by its moving tag latest"
            yield Problem("floating-tag", message, hint, source.file, source.line or None, severity="warning")
        if reference.domain == "localhost":
            hint = "name the registry with a port, as in localhost:5000"
            message = f"{reference}: older image-cri-shim versions keep localhost in the path and will not find it"
            yield Problem("localhost-registry", message, hint, source.file, source.line or None, severity="warning")
