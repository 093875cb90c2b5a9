"""The rooms of the two packages, from the roof to the ground: what lives where, and what a room may import.

The source of the import test (``tests/test_imports.py``) and of the table in CONTRIBUTING.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """``path`` is a folder, or a single file. A room imports rooms of lower floors only."""

    floor: int
    path: str
    holds: str

    def has(self, file: PurePosixPath) -> bool:
        """Whether a file of the repository lives here."""
        return file.is_relative_to(self.path)


ROOMS = (
    Room(floor=9, path="action/__main__.py", holds="picks the verb"),
    Room(floor=9, path="action/cli", holds="one verb a file: reads the environment, calls one function, prints"),
    Room(floor=8, path="action/build", holds="one image from its directory: jobs, design, content id, output"),
    Room(floor=7, path="action/publication", holds="layouts to registries: ready, published, referrers, reuse, login"),
    Room(floor=7, path="action/report", holds="what is reported: comments, terminal, the answer to an event"),
    Room(floor=6, path="action/placement", holds="findings to `registry/`: resolve, arrange, fill, place"),
    Room(floor=6, path="action/assembly", holds="files to an image: natively or with a builder, and the index"),
    Room(floor=5, path="action/registry", holds="the distribution protocol: transport, authentication, pull, push"),
    Room(floor=4, path="action/decision", holds="an event and facts: gate, approval, selection, plan, status"),
    Room(
        floor=4,
        path="action/discovery",
        holds="a build context to findings: text, objects, charts, install plan, lists",
    ),
    Room(floor=4, path="action/store", holds="blobs, layouts, archives, the registry directory; knows no network"),
    Room(floor=3, path="action/github", holds="REST calls, the runner's files, event payloads"),
    Room(floor=3, path="action/context", holds="staging, `init.sh`, its supervision"),
    Room(floor=2, path="action/request", holds="text to requests: Markdown, command line, options, near misses"),
    Room(floor=2, path="action/model", holds="values that many rooms share: reference, findings, results, bill"),
    Room(floor=1, path="action/errors.py", holds="the errors that only the action raises"),
    Room(floor=1, path="action/environment", holds="what this process and the programs it starts may see and run"),
    Room(floor=1, path="action/bootstrap.py", holds="a Python with the packages, for the composite action"),
    Room(
        floor=0,
        path="generator",
        holds="settings, build files, the tree, builds, workflows, maintenance; never a socket",
    ),
)


def room_of(file: PurePosixPath) -> Room | None:
    """The room that a file of the repository lives in, None for one that lives in none."""
    return next((room for room in ROOMS if room.has(file)), None)


def table() -> str:
    """The rooms as the Markdown table of CONTRIBUTING.md."""
    rows = [f"| {room.floor} | `{room.path}` | {room.holds} |" for room in ROOMS]
    return "\n".join(["| floor | room | what lives there |", "|---|---|---|", *rows])
