"""Findings as a scan would give them, in one line."""

from __future__ import annotations

from pathlib import Path

from action.model.findings import Archive, Finding, Source, Verdict
from action.model.reference import ImageReference


def finding(
    reference: str,
    *,
    verdict: Verdict = "certain",
    file: str = "images/shim/list",
    line: int = 1,
    archive: Path | None = None,
) -> Finding:
    """``archive``: a docker-archive when its name says so, else an oci-archive."""
    provided = None
    if archive is not None:
        kind = "docker-archive" if "docker" in archive.name else "oci-archive"
        provided = Archive(kind=kind, path=archive)  # type: ignore[arg-type]
    return Finding(
        reference=ImageReference.parse(reference),
        verdict=verdict,
        sources=(Source(file=file, line=line, rule="test"),),
        archive=provided,
    )
