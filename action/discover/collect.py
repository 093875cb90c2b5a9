"""Hits -> findings: one for each image, however it is written and wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from action.discover.findings import Archive, Finding
from action.discover.hits import RANK, Hit
from action.reference import ImageReference


def _confirmed(hits: Iterable[Hit]) -> list[Hit]:
    """A guess at a host that another finding of this scan pulls from is as good as one at a known registry."""
    given = list(hits)
    used = {hit.reference.domain for hit in given if hit.verdict != "uncertain"}
    return [
        replace(hit, verdict="likely", reason=f"{hit.reference.domain} has other images of this scan", guessed=False)
        if hit.guessed and hit.reference.domain in used
        else hit
        for hit in given
    ]


def collect(hits: Iterable[Hit], archives: Mapping[ImageReference, Archive]) -> tuple[Finding, ...]:
    """Bring hits of one image together; the surest one gives the verdict, and every place is kept, sorted."""
    grouped: dict[ImageReference, list[Hit]] = {}
    for hit in _confirmed(hits):
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
