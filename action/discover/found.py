"""What one part of a context gave, before everything is brought together."""

from __future__ import annotations

from dataclasses import dataclass, field

from action.discover.extract import Extraction
from action.discover.hits import Hit
from action.discover.roles import Accounts
from action.errors import Problem


@dataclass(slots=True)
class Found:
    """Collected in any order; the scan sorts at the end."""

    hits: list[Hit] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    blind_spots: list[str] = field(default_factory=list)
    accounts: Accounts = field(default_factory=Accounts)

    def add(self, other: Found | Extraction) -> None:
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
