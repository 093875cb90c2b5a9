"""Hits -> findings: one for each image, however it is written and wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from action.discover.findings import Archive, Finding
from action.discover.hits import RANK, Hit
from action.reference import ImageReference


def collect(hits: Iterable[Hit], archives: Mapping[ImageReference, Archive]) -> tuple[Finding, ...]:
    """Bring hits of one image together; the surest one gives the verdict, and every place is kept, sorted."""
    grouped: dict[ImageReference, list[Hit]] = {}
    for hit in hits:
        grouped.setdefault(hit.reference, []).append(hit)
    findings = []
    for reference, places in grouped.items():
        places.sort(key=lambda hit: (RANK[hit.verdict], hit.source, hit.reference.written))
        best = places[0]
        findings.append(
            Finding(
                reference=best.reference,
                verdict=best.verdict,
                sources=tuple(dict.fromkeys(hit.source for hit in places)),
                reason=best.reason if best.verdict != "certain" else "",
                archive=archives.get(reference),
                store=next((hit.store for hit in places if hit.store), None),
            )
        )
    return tuple(sorted(findings, key=lambda finding: (RANK[finding.verdict], str(finding.reference))))
