"""Redirections: here-documents and files as input, output into files, and what stands behind them on the line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tree_sitter import Node

from action.discovery.install.shell.builtins import resolved
from action.discovery.install.shell.journal import Journal
from action.discovery.install.shell.programs import Programs
from action.discovery.install.shell.state import State
from action.discovery.install.shell.tree import Source, raw
from action.discovery.install.words.expansion import Expansion
from action.discovery.install.words.unknowns import Unknowns, is_known

_KINDS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})


class Runner(Protocol):
    """What runs the redirected statement."""

    programs: Programs
    unknowns: Unknowns
    journal: Journal

    def run(self, node: Node, state: State, source: Source) -> list[State]: ...
    def expansion(self, state: State, source: Source, line: int) -> Expansion: ...
    def command(self, node: Node, extra: list[str], state: State, source: Source) -> list[State]: ...
    def pipe(self, pieces: list[Callable[[State], list[State]]], state: State) -> list[State]: ...
    def linked(self, states: list[State], sign: str, then: list[Node], source: Source) -> list[State]: ...


@dataclass(slots=True)
class _Plan:
    """What the redirections of one statement say. ``tail`` is what the line goes on with: sign and statement."""

    input: str | None = None
    reads: bool = False
    writes: list[tuple[str, bool]] = field(default_factory=list)
    hidden: bool = False
    words: list[str] = field(default_factory=list)
    tail: list[tuple[str, Node]] = field(default_factory=list)


class Redirects:
    """Runs redirected statements for a runner."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def command(self, node: Node, state: State, source: Source) -> list[State]:
        """A command with redirections among its own words."""
        plan = _Plan()
        for child in node.children:
            if child.type in _KINDS:
                self._read(child, plan, state, source)
        return self._within(plan, lambda one: self._runner.command(node, plan.words, one, source), state)

    def statement(self, node: Node, state: State, source: Source) -> list[State]:
        """Any statement with redirections behind it."""
        body = node.child_by_field_name("body")
        plan = _Plan()
        end = body.end_byte if body is not None else node.start_byte
        data = source.text.encode("utf-8", "replace")
        for child in node.children:
            if child.type in _KINDS:
                gap = data[end : child.start_byte].decode("utf-8", "replace").replace("\\\n", " ")
                plan.words += gap.split()  # the grammar leaves the `-` of `-f - <<EOF` out
                self._read(child, plan, state, source)
                end = child.end_byte

        def run(one: State) -> list[State]:
            if body is None:
                one.status = True
                return [one]
            if body.type == "command" and (plan.words or any(child.type in _KINDS for child in body.children)):
                for child in body.children:
                    if child.type in _KINDS:
                        self._read(child, plan, one, source)
                return self._within(plan, lambda inner: self._command(body, plan, inner, source), one)
            return self._within(plan, lambda inner: self._runner.run(body, inner, source), one)

        return self._with_tail(run, plan, state, source)

    def _command(self, body: Node, plan: _Plan, state: State, source: Source) -> list[State]:
        self._runner.journal.visit(source, body)
        return self._runner.command(body, plan.words, state, source)

    def _with_tail(
        self, run: Callable[[State], list[State]], plan: _Plan, state: State, source: Source
    ) -> list[State]:
        pipes = [part for sign, part in plan.tail if sign in ("|", "|&")]
        if pipes:
            pieces = [run, *(self._piece(part, source) for part in pipes)]
            states = self._runner.pipe(pieces, state)
        else:
            states = run(state)
        for sign, part in plan.tail:
            if sign in ("&&", "||"):
                states = self._runner.linked(states, sign, [part], source)
        return states

    def _piece(self, node: Node, source: Source) -> Callable[[State], list[State]]:
        return lambda state: self._runner.run(node, state, source)

    def _within(self, plan: _Plan, run: Callable[[State], list[State]], state: State) -> list[State]:
        before_input, before_output = state.input, state.output
        if plan.reads:
            state.input = plan.input
        if plan.writes:
            state.output = ""
        elif plan.hidden:
            state.output = None
        found = []
        for after in run(state):
            for path, append in plan.writes:
                after.write(path, after.output or "", self._runner.unknowns, append=append)
            if plan.writes or plan.hidden:
                after.output = before_output
            if plan.reads:
                after.input = before_input
            found.append(after)
        return found

    def _read(self, node: Node, plan: _Plan, state: State, source: Source) -> None:
        line = source.line_of(node)
        expansion = self._runner.expansion(state, source, line)
        if node.type == "heredoc_redirect":
            plan.input, plan.reads = _here_document(node, source, expansion), True
            self._read_tail(node, plan, state, source)
        elif node.type == "herestring_redirect":
            plan.input, plan.reads = expansion.text(raw(node).partition("<<<")[2].strip()) + "\n", True
        else:
            self._file(raw(node), plan, state, expansion)

    def _file(self, text: str, plan: _Plan, state: State, expansion: Expansion) -> None:
        match = re.match(r"(\d*)(&>>|&>|<>|<&|>&|>>|>\||<|>)\s*(.*)", text, re.DOTALL)
        if match is None:
            return
        number, sign, word = match.groups()
        if sign in ("<", "<>") and number in ("", "0"):
            written = expansion.text(word)
            plan.reads, plan.input = True, self._runner.programs.read(written, state) if is_known(written) else None
            if plan.input is None:
                plan.input = self._runner.unknowns.hard(f"the file {word}", printed=True)
        elif sign in (">", ">>", ">|", "&>", "&>>") and number in ("", "1"):
            written = expansion.text(word)
            if written.startswith("/dev/"):
                plan.hidden |= written == "/dev/null"
            else:
                plan.writes.append((resolved(state, written, self._runner.unknowns), sign in (">>", "&>>")))
        elif sign == ">&" and number in ("", "1") and word == "2":
            plan.hidden = True

    def _read_tail(self, node: Node, plan: _Plan, state: State, source: Source) -> None:
        sign = ""
        for child in node.children:
            if child.type in ("&&", "||"):
                sign = child.type
            elif child.type == "pipeline":
                plan.tail += [("|", part) for part in child.children if part.is_named]
            elif child.type in _KINDS:
                self._read(child, plan, state, source)
            elif child.type in ("heredoc_start", "heredoc_body", "heredoc_end") or not child.is_named:
                continue
            elif sign:
                plan.tail.append((sign, child))
                sign = ""
            else:
                plan.words.append(raw(child))


def _here_document(node: Node, source: Source, expansion: Expansion) -> str:
    parts = {child.type: child for child in node.children}
    start, body, end = (parts.get(f"heredoc_{name}") for name in ("start", "body", "end"))
    if start is None or body is None or end is None:
        return ""
    data = source.text.encode("utf-8", "replace")
    first = (
        data.rfind(b"\n", 0, body.start_byte) + 1 if not data[: body.start_byte].endswith(b"\n") else body.start_byte
    )
    while first > 0 and data[:first].endswith(b"\n") and not data[start.end_byte : first - 1].strip(b"\n \t"):
        previous = first - 1
        if previous < start.end_byte or b"\n" not in data[start.end_byte : previous]:
            break
        first = data.rfind(b"\n", 0, previous) + 1
    last = data.rfind(b"\n", 0, end.start_byte) + 1
    text = data[first:last].decode("utf-8", "replace")
    if raw(node).startswith("<<-") or "<<-" in parts:
        text = re.sub(r"^\t+", "", text, flags=re.MULTILINE)
    return text if any(c in raw(start) for c in "'\"\\") else expansion.document(text)
