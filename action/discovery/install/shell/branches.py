"""Conditions, cases and loops: which of their bodies run, and in which states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tree_sitter import Node

from action.discovery.install.shell.image import Image
from action.discovery.install.shell.journal import Journal
from action.discovery.install.shell.programs import Programs
from action.discovery.install.shell.state import State
from action.discovery.install.shell.tree import Source, raw, statements, words
from action.discovery.install.words import patterns
from action.discovery.install.words.conditions import Condition
from action.discovery.install.words.expansion import Expansion
from action.discovery.install.words.unknowns import has_hard, is_known, is_only_unknown

MAX_TURNS = 64


class Runner(Protocol):
    """What runs the bodies."""

    image: Image
    journal: Journal
    programs: Programs

    def run(self, node: Node, state: State, source: Source) -> list[State]: ...
    def sequence(self, nodes: list[Node], states: list[State], source: Source) -> list[State]: ...
    def join(self, states: list[State]) -> list[State]: ...
    def expansion(self, state: State, source: Source, line: int) -> Expansion: ...
    def arithmetic(self, expression: str, state: State, source: Source, line: int) -> list[State]: ...


class Branches:
    """The statements with bodies; ``table`` has them by the name that the grammar gives them."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._journal = runner.journal
        self.table: dict[str, Callable[[Node, State, Source], list[State]]] = {
            "if_statement": self._if,
            "case_statement": self._case,
            "for_statement": self._for,
            "c_style_for_statement": self._counted,
            "while_statement": self._while,
            "test_command": self._test,
        }

    def _if(self, node: Node, state: State, source: Source) -> list[State]:
        tokens = [child.type for child in node.children]
        then = tokens.index("then") if "then" in tokens else len(tokens)
        clauses = [child for child in node.children if child.type in ("elif_clause", "else_clause")]
        condition = [child for child in node.children[:then] if child.is_named]
        body = [c for c in node.children[then:] if c.is_named and c.type not in ("elif_clause", "else_clause")]
        found: list[State] = []
        for one in self._runner.sequence(condition, [state], source):
            if one.flow:
                found.append(one)
                continue
            if one.status is not True:
                found += self._otherwise(clauses, one.clone(), source)
            if one.status is not False:
                found += self._runner.sequence(body, [one], source)
        return self._runner.join(found)

    def _otherwise(self, clauses: list[Node], state: State, source: Source) -> list[State]:
        if not clauses:
            state.status = True
            return [state]
        first, *rest = clauses
        if first.type == "else_clause":
            return self._runner.sequence(list(statements(first)), [state], source)
        tokens = [child.type for child in first.children]
        then = tokens.index("then") if "then" in tokens else len(tokens)
        found: list[State] = []
        for one in self._runner.sequence([c for c in first.children[:then] if c.is_named], [state], source):
            if one.flow:
                found.append(one)
                continue
            if one.status is not True:
                found += self._otherwise(rest, one.clone(), source)
            if one.status is not False:
                found += self._runner.sequence([c for c in first.children[then:] if c.is_named], [one], source)
        return found

    def _case(self, node: Node, state: State, source: Source) -> list[State]:
        line = source.line_of(node)
        items = [child for child in node.children if child.type == "case_item"]
        until = next((n for n, child in enumerate(node.children) if child.type == "in"), 1)
        subject = "".join(raw(child) for child in node.children[1:until])
        expansion = self._runner.expansion(state, source, line)
        value = expansion.text(subject)
        found: list[State] = []
        for number, item in enumerate(items):
            verdict = self._any_matches(item, value, expansion, source)
            if verdict is False:
                continue
            body = _body(item)
            while number + 1 < len(items) and any(child.type == ";&" for child in items[number].children):
                number += 1
                body += _body(items[number])
            if any(child.type == ";;&" for child in item.children):
                self._journal.blind(source.file, source.line_of(item), "case goes on with `;;&`; read as `;;`")
            found += self._runner.sequence(body, [state.clone()], source)
            if verdict:
                return self._runner.join(found)
        state.status = True
        return self._runner.join([*found, state])

    @staticmethod
    def _any_matches(item: Node, value: str, expansion: Expansion, source: Source) -> bool | None:
        end = next((child.start_byte for child in item.children if child.type == ")"), item.end_byte)
        data = source.text.encode("utf-8", "replace")
        starts = [item.start_byte, *(c.end_byte for c in item.children if c.type == "|" and c.end_byte <= end)]
        ends = [*(c.start_byte for c in item.children if c.type == "|" and c.end_byte <= end), end]
        results: list[bool | None] = []
        for start, stop in zip(starts, ends, strict=True):
            wanted = expansion.pattern(data[start:stop].decode("utf-8", "replace").strip().lstrip("("))
            known = wanted == "*" or (is_known(value) and is_known(wanted))
            results.append((wanted == "*" or patterns.matches(value, wanted)) if known else None)
        return True if True in results else None if None in results else False

    def _for(self, node: Node, state: State, source: Source) -> list[State]:
        line = source.line_of(node)
        name = raw(node.children[1])
        body = [child for child in node.children if child.type in ("do_group", "compound_statement")]
        if node.children[2].type == "in":
            parts = [c for c in node.children[3:] if c not in body and c.is_named and c.type != "comment"]
            data = source.text.encode("utf-8", "replace")
            raws = words(parts, parts[0].start_byte, data) if parts else []
        else:
            raws = ['"$@"']
        expansion = self._runner.expansion(state, source, line)
        values = [value for word in raws for value in expansion.fields(word)]
        if len(values) > MAX_TURNS:
            self._journal.blind(source.file, line, f"this loop has {len(values)} turns, of which {MAX_TURNS} are read")
        going, ended = [state], []
        if node.children[0].type == "select":
            return self._selected(name, values, body, state, source)
        for value in values[:MAX_TURNS]:
            for one in going:
                self._assign(one, name, value)
            if is_only_unknown(value):
                after = [end for one in going for end in self._some_turns([], body, one, source)]
            else:
                after = [end for one in going for end in self._runner.sequence(body, [one], source)]
            going, left = _sorted(after)
            ended += left
            going = self._runner.join(going)
        return self._runner.join(ended + going)

    def _selected(self, name: str, values: list[str], body: list[Node], state: State, source: Source) -> list[State]:
        found = [state.clone()]
        for value in values[:MAX_TURNS]:
            one = state.clone()
            self._assign(one, name, value)
            going, left = _sorted(self._runner.sequence(body, [one], source))
            found += [*going, *left]
        return self._runner.join(found)

    def _assign(self, state: State, name: str, value: str) -> None:
        state.set(name, value, self._journal.unknowns)

    def _counted(self, node: Node, state: State, source: Source) -> list[State]:
        """``for ((first; condition; step))``."""
        line = source.line_of(node)
        body = [child for child in node.children if child.type in ("do_group", "compound_statement")]
        header = raw(node).partition("((")[2]
        parts = header[: _closing(header)].split(";")
        if len(parts) != 3:
            return self._some_turns([], body, state, source)
        if parts[0].strip():
            self._runner.arithmetic(parts[0], state, source, line)

        def condition(one: State) -> list[State]:
            one.status = True
            return self._runner.arithmetic(parts[1], one, source, line) if parts[1].strip() else [one]

        def turn(one: State) -> list[State]:
            return self._runner.sequence(body, [one], source)

        def step(one: State) -> None:
            if parts[2].strip():
                self._runner.arithmetic(parts[2], one, source, line)

        return self._repeated(condition, turn, step, state, f"{source.file}", line, wanted=True)

    def _while(self, node: Node, state: State, source: Source) -> list[State]:
        body = [child for child in node.children if child.type in ("do_group", "compound_statement")]
        condition = [c for c in node.children[1:] if c.is_named and c not in body and c.type != "comment"]
        return self._repeated(
            lambda one: self._runner.sequence(condition, [one], source),
            lambda one: self._runner.sequence(body, [one], source),
            lambda one: None,
            state,
            source.file,
            source.line_of(node),
            wanted=node.children[0].type == "while",
        )

    def _repeated(
        self,
        condition: Callable[[State], list[State]],
        turn: Callable[[State], list[State]],
        step: Callable[[State], None],
        state: State,
        file: str,
        line: int,
        *,
        wanted: bool,
    ) -> list[State]:
        """A loop: turn by turn while its condition is known, else not at all, once and in any later turn."""
        going, ended = [state], []
        seen = set()
        for _ in range(MAX_TURNS):
            decided: list[State] = []
            for one in (after for before in going for after in condition(before)):
                if one.flow or (one.status is not None and one.status != wanted):
                    ended.append(one)
                elif one.status is None:
                    ended += [one.clone(), *self._later_turns(condition, turn, step, one)]
                elif one.key() in seen:
                    ended.append(one)  # it would go on for ever
                else:
                    seen.add(one.key())
                    decided.append(one)
            going, left = _sorted([after for one in decided for after in turn(one)])
            for one in going:
                step(one)
            ended += left
            if not going:
                break
            going = self._runner.join(going)
        if going:
            self._journal.blind(file, line, f"this loop has more than {MAX_TURNS} turns, which are not followed")
        found = self._runner.join(ended + going)
        for one in found:
            one.status = True if one.flow == "" else one.status
        return found

    def _some_turns(self, condition: list[Node], body: list[Node], state: State, source: Source) -> list[State]:
        """A loop over what is known only when it runs: no turn, one, or many."""
        return [
            state.clone(),
            *self._later_turns(
                lambda one: self._runner.sequence(condition, [one], source),
                lambda one: self._runner.sequence(body, [one], source),
                lambda one: None,
                state,
            ),
        ]

    def _later_turns(
        self,
        condition: Callable[[State], list[State]],
        turn: Callable[[State], list[State]],
        step: Callable[[State], None],
        state: State,
    ) -> list[State]:
        """One turn, and any later one: what the first has changed is then known only when it runs."""
        before = dict(state.variables), dict(state.arrays), state.arguments
        going, ended = _sorted(turn(state))
        found = ended
        for one in going:
            step(one)
            found.append(one)
            later = one.clone()
            changed = [n for n in {*later.variables, *before[0]} if later.variables.get(n) != before[0].get(n)]
            for name in changed:
                later.variables[name] = self._journal.unknowns.hard(f"${name}")
            for name in [n for n in later.arrays if later.arrays[n] != before[1].get(n)]:
                changed.append(name)
                later.arrays[name] = {"0": self._journal.unknowns.hard(f"${{{name}[@]}}")}
            if later.arguments != before[2]:
                changed.append("@")
                later.arguments = (self._journal.unknowns.hard("$@"),)
            if changed:
                going_on, left = _sorted([after for ready in condition(later) for after in turn(ready)])
                found += [*going_on, *left]
        return found

    def _test(self, node: Node, state: State, source: Source) -> list[State]:
        text, line = raw(node), source.line_of(node)
        if text.startswith("(("):
            return self._runner.arithmetic(text[2:-2], state, source, line)
        double = text.startswith("[[")
        return [self.decide(text[2:-2] if double else text[1:-1], state, source, line, double=double)]

    def decide(self, text: str, state: State, source: Source, line: int, *, double: bool) -> State:
        """Set the status to what a test says."""
        expansion = self._runner.expansion(state, source, line)
        condition = Condition(
            text,
            expansion.text,
            expansion.pattern if double else None,
            lambda kind, path: self._exists(kind, path, state),
        )
        state.status = condition.holds()
        return state

    def tested(self, words: list[str], state: State) -> bool | None:
        """What ``test`` says of expanded words."""
        return Condition(words, lambda word: word, None, lambda kind, path: self._exists(kind, path, state)).holds()

    def _exists(self, kind: str, written: str, state: State) -> bool | None:
        """What is there is there; what is not may still be on the machine that runs the image."""
        if kind not in ("-e", "-f", "-d", "-s", "-r", "-a") or has_hard(state.directory) or not written:
            return None
        path = self._runner.programs.source(written, state)
        is_file = path in state.files or (
            self._runner.image.locate(path) is not None and not self._runner.image.is_directory(path)
        )
        if is_file or self._runner.image.is_directory(path):
            return kind == "-e" or (is_file == (kind != "-d") if kind in ("-f", "-d") else None)
        return None


def _body(item: Node) -> list[Node]:
    at = next((n for n, child in enumerate(item.children) if child.type == ")"), 0)
    return [child for child in item.children[at + 1 :] if child.is_named and child.type != "comment"]


def _sorted(states: list[State]) -> tuple[list[State], list[State]]:
    """Those that go on with the next turn, and those that leave the loop."""
    going: list[State] = []
    ended: list[State] = []
    for state in states:
        if state.flow in ("break", "continue"):
            stays = state.flow == "continue" and state.levels <= 1
            state.levels -= 1
            state.flow = state.flow if state.levels > 0 else ""
            (going if stays else ended).append(state)
        else:
            (ended if state.flow else going).append(state)
    return going, ended


def _closing(header: str) -> int:
    depth = 2
    for at, character in enumerate(header):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return at - 1
    return len(header)
