"""Hit: one place that names an image, before places that name the same image are brought together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from action.discover.findings import Source, Store, Verdict
from action.reference import ImageReference

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
