"""What was met while the plan was followed: commands, blind spots, and which places of which text were run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from action.discovery.install.shell.commands import HelmCommand, KubectlCommand
from action.discovery.install.shell.state import State
from action.discovery.install.shell.tree import Source, refused, run_together
from action.discovery.install.words.unknowns import Unknowns

OPTIONS = re.compile(r"[A-Z_]*(?:OPTS|OPTIONS|FLAGS|ARGS)[A-Z_]*")
"""Variables that hold options, which whoever runs the image may give."""


@dataclass(frozen=True, slots=True)
class Met:
    """A command of the plan. ``directory`` is where it runs, relative to the image's root; ``files`` are texts that
    the plan wrote before, ``copies`` where paths were copied from; ``changed``: a program changed what it reads."""

    command: HelmCommand | KubectlCommand
    file: str
    line: int
    directory: str
    files: Mapping[str, str]
    copies: Mapping[str, str]
    unknown: tuple[str, ...]
    changed: bool


@dataclass(slots=True)
class Journal:
    """Everything in the order in which it was met, each once."""

    unknowns: Unknowns
    met: list[Met] = field(default_factory=list)
    blind_spots: dict[str, None] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    roots: dict[Source, Node] = field(default_factory=dict)
    visited: dict[Source, set[tuple[int, int, str]]] = field(default_factory=dict)
    handled: list[str] = field(default_factory=list)

    def open(self, source: Source, root: Node) -> None:
        """A text begins to run; where the grammar refuses it is reported."""
        if source in self.roots:
            return
        self.roots[source] = root
        self.visited[source] = set()
        data = source.text.encode("utf-8", "replace")
        for node in (*refused(root), *run_together(root, data)):
            self.blind(
                source.file, source.line_of(node), "the shell grammar refuses this; what it runs may be misread"
            )

    def visit(self, source: Source, node: Node) -> None:
        """A node is run."""
        self.visited[source].add((node.start_byte, node.end_byte, node.type))

    def blind(self, file: str, line: int, message: str) -> None:
        """Something that the plan does and no scan can follow."""
        self.blind_spots[f"{file}:{line}: {self.unknowns.shown(message)}"] = None

    def handle(self, words: list[str]) -> None:
        """A command was accounted for, by a step or by a blind spot."""
        self.handled.append(" ".join(words))

    def meet(
        self, command: HelmCommand | KubectlCommand, file: str, line: int, state: State, texts: list[str]
    ) -> None:
        """A command of the plan, with what its words leave open."""
        unknown = self.unknowns.reasons(texts)
        changed = any(reason in self.unknowns.changes for reason in unknown)
        one = Met(command, file, line, state.directory, dict(state.files), dict(state.copies), unknown, changed)
        if one not in self.met:
            self.met.append(one)
            for reason in unknown:
                if reason in self.unknowns.changes:
                    self.blind_spots[f"{reason} at {file}:{line}; scanned as it was"] = None
                    continue
                self.blind(file, line, f"{reason} is known only when it runs; scanned with a placeholder for it")
            for name in (name for name in self.unknowns.unset(texts) if not OPTIONS.fullmatch(name)):
                self.blind(file, line, f"nothing in the image sets {name}; scanned as if it were empty")
