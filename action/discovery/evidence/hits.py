"""Hit: one place that names an image, before places that name the same image are brought together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from action.discovery.evidence.roles import Accounts
from action.errors import Problem
from action.model.findings import Archive, Finding, Source, Store, Verdict
from action.model.reference import ImageReference

RANK: dict[Verdict, int] = {"certain": 0, "likely": 1, "uncertain": 2}


@dataclass(frozen=True, slots=True)
class Hit:
    """``reason`` says why the verdict is not better, ``store`` where the place says that the image is.

    ``guessed``: only the looks of the text say that it is an image, and its host is not a known registry.
    """

    reference: ImageReference
    verdict: Verdict
    source: Source
    reason: str = ""
    guessed: bool = False
    store: Store | None = None

    def at_most(self, verdict: Verdict, reason: str) -> Hit:
        """The same place, no surer than ``verdict``."""
        if RANK[self.verdict] >= RANK[verdict]:
            return self
        return replace(self, verdict=verdict, reason=reason, guessed=False)


@dataclass(slots=True)
class Found:
    """Collected in any order; the scan sorts at the end."""

    hits: list[Hit] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    blind_spots: list[str] = field(default_factory=list)
    accounts: Accounts = field(default_factory=Accounts)

    def add(self, other: Found) -> None:
        """Take in what another part gave."""
        self.hits += other.hits
        self.problems += other.problems
        self.blind_spots += other.blind_spots
        self.accounts.add(other.accounts)

    def take(self, entry: Hit | Problem) -> None:
        """Take in one result of a reader that yields both."""
        if isinstance(entry, Hit):
            self.hits.append(entry)
        else:
            self.problems.append(entry)


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
