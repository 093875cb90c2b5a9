"""Follows a shell text without running it: every command that may run, in every state in which it may.

A condition is decided when its operands are known; else both of its sides are followed, each in a state of its own.
States that are the same again become one; there are never more than ``MAX_STATES``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tree_sitter import Node

from action.discovery.install.shell import builtins
from action.discovery.install.shell.assignments import assign, declare
from action.discovery.install.shell.branches import Branches
from action.discovery.install.shell.image import Image
from action.discovery.install.shell.journal import Journal
from action.discovery.install.shell.programs import Programs
from action.discovery.install.shell.redirects import Redirects
from action.discovery.install.shell.simple import MAX_CALLS, Simple
from action.discovery.install.shell.state import Function, State, joined, merged
from action.discovery.install.shell.tree import Source, parse, raw, statements, words
from action.discovery.install.shell.view import View
from action.discovery.install.words.expansion import Expansion

MAX_STATES = 16
MAX_VISITS = 20_000
"""Statements of one plan, the turns of its loops counted."""
MAX_TEXT = 1024 * 1024
"""Characters of one script that is followed."""
MAX_NESTED = 120

_IGNORED = frozenset({"comment", "word", "string", "number", "heredoc_body", "heredoc_end", "heredoc_start"})
_REDIRECTS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})


class Interpreter:
    """Runs texts for one plan."""

    def __init__(self, image: Image, journal: Journal) -> None:
        self.image = image
        self.journal = journal
        self.unknowns = journal.unknowns
        self.programs = Programs(image, journal.unknowns)
        self.depth = 0
        self._visits = 0
        self._nested = 0
        self._simple = Simple(self)
        self._branches = Branches(self)
        self._redirects = Redirects(self)

    def run_text(self, source: Source, state: State) -> list[State]:
        """Run a text in a state; the states in which it may end."""
        if len(source.text) > MAX_TEXT or self.depth >= MAX_CALLS:
            why = "is too long" if len(source.text) > MAX_TEXT else "is called by scripts that call each other"
            self.journal.blind(source.file, source.line or 1, f"this {why}, and is not followed")
            state.status = None
            return [state]
        root = parse(source.text)
        self.journal.open(source, root)
        self.depth += 1
        try:
            return self.sequence(list(statements(root)), [state], source)
        except RecursionError:
            if self.depth > 1:
                raise
            self.journal.blind(source.file, source.line or 1, "this is nested too deep, and is not followed")
            return [state]
        finally:
            self.depth -= 1

    def sequence(self, nodes: list[Node], states: list[State], source: Source) -> list[State]:
        """Run statements one after another."""
        for node in nodes:
            going = [state for state in states if not state.flow]
            if not going:
                break
            ended = [state for state in states if state.flow]
            made = [after for state in going for after in self.run(node, state, source)]
            states = self.join(ended + made)
        return states

    def join(self, states: list[State]) -> list[State]:
        """The states, each once, and not too many."""
        return joined(states, MAX_STATES, self.unknowns) if len(states) > 1 else states

    def run(self, node: Node, state: State, source: Source) -> list[State]:
        """Run one statement."""
        if node.type in _IGNORED:
            return [state]
        self._visits += 1
        if self._visits > MAX_VISITS or self._nested > MAX_NESTED:
            what = "goes on too long" if self._visits > MAX_VISITS else "is nested too deep"
            self.journal.blind(source.file, 1, f"this script {what}: what comes later is not followed")
            return [state]
        self.journal.visit(source, node)
        self._nested += 1
        try:
            method = getattr(self, f"_{node.type}", None)
            if method is not None:
                return list(method(node, state, source))
            branch = self._branches.table.get(node.type)
            if branch is not None:
                return branch(node, state, source)
            return self.sequence(list(statements(node)), [state], source)
        finally:
            self._nested -= 1

    def expansion(self, state: State, source: Source, line: int) -> Expansion:
        """Expands words in a state."""
        return Expansion(self._view(state, source, line))

    def value(self, state: State, source: Source, line: int) -> Callable[[str], str]:
        """How arithmetic looks names up."""
        view = self._view(state, source, line)
        return lambda name: view.value(name) or ""

    def _view(self, state: State, source: Source, line: int) -> View:
        return View(state, source, line, self.image, self.unknowns, self.run_text)

    def call(self, function: Function, arguments: list[str], state: State) -> list[State]:
        """Call a function."""
        if self.depth >= MAX_CALLS:
            self.journal.blind(
                function.source.file, function.source.line_of(function.body), "functions call each other"
            )
            return [state]
        before, state.arguments = state.arguments, tuple(arguments)
        state.locals.append({})
        self.depth += 1
        after = self.run(function.body, state, function.source)
        self.depth -= 1
        for one in after:
            one.arguments = before
            one.flow = "" if one.flow == "return" else one.flow
            for name, value in one.locals.pop().items():
                one.arrays.pop(name, None)
                if value is None:
                    one.variables.pop(name, None)
                else:
                    one.variables[name] = value
        return after

    def command(self, node: Node, extra: list[str], state: State, source: Source) -> list[State]:
        """A simple command; ``extra`` are raw words that stand behind its redirections."""
        line = source.line_of(node)
        expansion = self.expansion(state, source, line)
        given: dict[str, str] = {}
        found: list[str] = []
        for word in [*_raw_words(node, source), *extra]:
            found += expansion.fields(word)
        for child in node.children:
            if child.type == "variable_assignment":
                name, _, value = raw(child).partition("=")
                given[name.rstrip("+")] = expansion.text(value)
        if not found:
            state.variables.update(given)
        return self._simple.run(found, expansion.unset, given, state, Source(source.file, source.text, line))

    def tested(self, words: list[str], state: State) -> bool | None:
        """What ``test`` says of expanded words."""
        return self._branches.tested(words, state)

    def in_copy(self, run: Callable[[State], list[State]], state: State) -> State:
        """Run in a shell of its own, as a pipe or brackets do: one state for whatever comes out."""
        after = run(state.clone())
        return merged(after, self.unknowns)

    def _command(self, node: Node, state: State, source: Source) -> list[State]:
        if any(child.type in _REDIRECTS for child in node.children):
            return self._redirects.command(node, state, source)
        return self.command(node, [], state, source)

    def _redirected_statement(self, node: Node, state: State, source: Source) -> list[State]:
        return self._redirects.statement(node, state, source)

    def _variable_assignment(self, node: Node, state: State, source: Source) -> list[State]:
        state.status = True  # unless a command in it says otherwise
        expansion = self.expansion(state, source, source.line_of(node))
        if assign(raw(node), state, expansion, self.unknowns) is None:
            self.journal.blind(source.file, source.line_of(node), f"{raw(node)[:60]} is an assignment not read here")
        return [state]

    def _declaration_command(self, node: Node, state: State, source: Source) -> list[State]:
        declare(node, state, self.expansion(state, source, source.line_of(node)), self.unknowns)
        return [state]

    def _unset_command(self, node: Node, state: State, source: Source) -> list[State]:
        expansion = self.expansion(state, source, source.line_of(node))
        for word in (field for child in node.children[1:] for field in expansion.fields(raw(child))):
            state.variables[word] = ""
            state.arrays.pop(word, None)
        state.status = True
        return [state]

    def _function_definition(self, node: Node, state: State, source: Source) -> list[State]:
        name = next((raw(child) for child in node.children if child.type == "word"), "")
        body = node.child_by_field_name("body")
        if body is not None:
            state.functions[name] = Function(body, source)
        state.status = True
        return [state]

    def _compound_statement(self, node: Node, state: State, source: Source) -> list[State]:
        if node.children and node.children[0].type == "((":
            return self.arithmetic(raw(node)[2:-2], state, source, source.line_of(node))
        return self.sequence(list(statements(node)), [state], source)

    def arithmetic(self, expression: str, state: State, source: Source, line: int) -> list[State]:
        """``((expression))``."""
        result = builtins.compute(expression, state, self.value(state, source, line), self.unknowns)
        state.status = None if result is None else result != 0
        return [state]

    def _subshell(self, node: Node, state: State, source: Source) -> list[State]:
        after = self.in_copy(lambda inner: self.sequence(list(statements(node)), [inner], source), state)
        state.files, state.copies, state.output, state.input = after.files, after.copies, after.output, after.input
        state.status = after.status
        return [state]

    def _pipeline(self, node: Node, state: State, source: Source) -> list[State]:
        pieces: list[Callable[[State], list[State]]] = [
            partial(self._piece, part=part, source=source) for part in statements(node)
        ]
        return self.pipe(pieces, state)

    def _piece(self, state: State, part: Node, source: Source) -> list[State]:
        return self.run(part, state, source)

    def pipe(self, pieces: list[Callable[[State], list[State]]], state: State) -> list[State]:
        """Each piece reads what the one before it printed."""
        text = state.input
        output = state.output
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            inner = state.clone()
            inner.input, inner.output = text, output if last else ""
            after = self.in_copy(piece, inner)
            text = after.output
            state.files, state.copies, state.status = after.files, after.copies, after.status
            if last:
                state.output = after.output
        return [state]

    def _negated_command(self, node: Node, state: State, source: Source) -> list[State]:
        states = self.sequence(list(statements(node)), [state], source)
        for one in states:
            one.status = None if one.status is None else not one.status
            one.hoped = False
        return states

    def _list(self, node: Node, state: State, source: Source) -> list[State]:
        parts = list(statements(node))
        sign = next((child.type for child in node.children if child.type in ("&&", "||")), "&&")
        return self.linked(self.run(parts[0], state, source), sign, parts[1:], source)

    def linked(self, states: list[State], sign: str, then: list[Node], source: Source) -> list[State]:
        """What stands behind ``&&`` or ``||`` runs when the status is so, or is not known."""
        found: list[State] = []
        for state in states:
            goes_on = None if state.status is None else state.status == (sign == "&&")
            if state.flow or goes_on is False:
                found.append(state)
                continue
            if goes_on is None and not (state.hoped and sign == "&&"):
                left = state.clone()
                left.status = sign == "||"
                found.append(left)
            found += self.sequence(then, [state], source)
        unique: dict[object, State] = {}
        for one in found:
            unique.setdefault((one.key(), one.status), one)
        return list(unique.values())


def _raw_words(node: Node, source: Source) -> list[str]:
    """The raw words of a command, in the order in which they stand, its redirections left out."""
    data = source.text.encode("utf-8", "replace")
    found: list[str] = []
    run: list[Node] = []
    for child in node.children:
        if child.type in (*_REDIRECTS, "variable_assignment", "comment"):
            found += words(run, run[0].start_byte, data) if run else []
            run = []
        else:
            run.append(child)
    return found + (words(run, run[0].start_byte, data) if run else [])
