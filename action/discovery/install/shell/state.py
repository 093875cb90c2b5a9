"""One possible state of the shell that runs the plan: what is set, where it is, what it wrote."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from tree_sitter import Node

from action.discovery.install.shell.tree import Source
from action.discovery.install.words.unknowns import Unknowns

MAX_VALUE = 64 * 1024
"""Characters of one variable, file or output: a script can double a text as often as it has lines."""

Flow = Literal["", "break", "continue", "return", "exit"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its body, in the text that it stands in."""

    body: Node
    source: Source


@dataclass(slots=True)
class State:
    """``status`` is None when only a running shell knows it, and ``hoped`` says that the plan counts on success;
    ``output`` is None when it goes to the terminal.

    ``files`` maps a path in the image to what the plan wrote there, ``copies`` to the path that it was copied from.
    """

    variables: dict[str, str]
    exported: set[str] = field(default_factory=set)
    arrays: dict[str, dict[str, str]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    name: str = ""
    arguments: tuple[str, ...] = ()
    directory: str = ""
    before: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    locals: list[dict[str, str | None]] = field(default_factory=list)
    input: str | None = None
    output: str | None = None
    status: bool | None = True
    hoped: bool = False
    flow: Flow = ""
    levels: int = 0

    def clone(self) -> State:
        """A copy that changes apart."""
        return replace(
            self,
            variables=dict(self.variables),
            exported=set(self.exported),
            arrays={name: dict(items) for name, items in self.arrays.items()},
            functions=dict(self.functions),
            files=dict(self.files),
            copies=dict(self.copies),
            locals=[dict(scope) for scope in self.locals],
        )

    def environment(self) -> dict[str, str]:
        """What a program that is started here sees."""
        return {name: value for name, value in self.variables.items() if name in self.exported}

    def write(self, path: str, text: str, unknowns: Unknowns, *, append: bool = False) -> None:
        """Put text into a file of the image."""
        self.files[path] = bounded((self.files.get(path, "") if append else "") + text, unknowns)

    def say(self, text: str, unknowns: Unknowns) -> None:
        """Print text, when somebody listens."""
        if self.output is not None:
            self.output = bounded(self.output + text, unknowns)

    def set(self, name: str, value: str, unknowns: Unknowns) -> None:
        """Assign a variable."""
        self.variables[name] = bounded(value, unknowns)
        self.arrays.pop(name, None)

    def key(self) -> Hashable:
        """Equal for states from which everything goes on in the same way, whatever the last status was."""
        return (
            self.flow,
            self.levels,
            self.name,
            self.arguments,
            self.directory,
            self.before,
            self.input,
            self.output,
            frozenset(self.variables.items()),
            frozenset(self.exported),
            frozenset((name, frozenset(items.items())) for name, items in self.arrays.items()),
            frozenset((name, id(function.body)) for name, function in self.functions.items()),
            frozenset(self.files.items()),
            frozenset(self.copies.items()),
        )


def bounded(text: str, unknowns: Unknowns) -> str:
    """The text, or a mark when it has grown too long."""
    return text if len(text) <= MAX_VALUE else unknowns.hard("a text that grows too long")


def joined(states: Iterable[State], most: int, unknowns: Unknowns) -> list[State]:
    """Each different state once; what is above ``most`` is merged into one of the same flow."""
    unique: dict[Hashable, State] = {}
    for state in states:
        same = unique.setdefault(state.key(), state)
        if same.status != state.status:
            same.status = None
    kept = list(unique.values())
    while len(kept) > most:
        extra = kept.pop()
        at = next((n for n, state in enumerate(kept) if state.flow == extra.flow), 0)
        kept[at] = merged([kept[at], extra], unknowns)
    return kept


def merged(states: list[State], unknowns: Unknowns) -> State:
    """One state for all of them: where they differ, it is known only when it runs."""
    first = states[0]
    for other in states[1:]:
        first.variables = _merged(first.variables, other.variables, unknowns)
        first.files = _merged(first.files, other.files, unknowns)
        first.copies = {**other.copies, **first.copies}
        first.exported |= other.exported
        first.functions = {**other.functions, **first.functions}
        for name in {*first.arrays, *other.arrays}:
            if first.arrays.get(name) != other.arrays.get(name):
                first.arrays[name] = {"0": unknowns.hard(f"${{{name}[@]}}")}
        if first.arguments != other.arguments:
            first.arguments = (unknowns.hard("$@"),)
        if first.directory != other.directory:
            first.directory = unknowns.hard("the directory")
        if first.status != other.status:
            first.status = None
        first.flow = "" if first.flow != other.flow else first.flow
        for name in ("input", "output"):
            if getattr(first, name) != getattr(other, name):
                setattr(first, name, unknowns.hard("what a condition decides", printed=True))
    return first


def _merged(one: dict[str, str], two: dict[str, str], unknowns: Unknowns) -> dict[str, str]:
    if one == two:
        return one
    names = dict.fromkeys((*one, *two))
    return {
        name: one[name] if name in one and one[name] == two.get(name) else unknowns.hard(f"${name}") for name in names
    }
