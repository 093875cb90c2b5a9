"""Every install command that stands in the text of the plan is accounted for: followed, or reported with its line.

It is an invariant over the text, whatever constructs the text uses: nothing that installs is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from action.discovery.install.shell.commands import INSTALLERS
from action.discovery.install.shell.journal import Journal
from action.discovery.install.shell.tree import Source, everything, raw

STATEMENTS = frozenset(
    {
        "command", "variable_assignment", "declaration_command", "redirected_statement", "for_statement",
        "case_statement", "test_command",
    }
)  # fmt: skip
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_SAID = frozenset(
    {"echo", "printf", ":", "grep", "egrep", "fgrep", "sed", "awk", "logger", "[", "test", "true", "wait"}
)
_VERBS = {
    "helm": ("install", "upgrade", "template"),
    "kubectl": ("apply", "create", "replace", "run", "set"),
    "kustomize": ("build",),
    **dict.fromkeys(INSTALLERS, ("install", "upgrade", "bootstrap", "init")),
}
_VERBS["helmfile"] = ("apply", "sync", "template", "charts")
_VERBS["oc"] = _VERBS["kubectl"]
_HARMLESS = re.compile(
    r"create\s+(?:-\S+\s+)*(?:ns|namespace|secret|configmap|cm|serviceaccount|sa|(?:cluster)?role(?:binding)?|token|quota|"
    r"priorityclass|pc|pdb|poddisruptionbudget|ing|ingress|svc|service)\b|set\s+(?!image)|apply\s+(?:view|edit|set)-last"
)
_PROGRAM = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, _VERBS))})(?![\w./=:-])")
_SEPARATOR = re.compile(r"(?<!\\)\n|[;|&()`]")
_LITERAL = re.compile(r"[^\s$\"'`\\{}*?]+")
MAX_LOOK = 400
"""Characters behind a program's name in which its verb is looked for."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An install command in a text: where its program stands (bytes), and its literal beginning."""

    start: int
    said: str


def occurrences(text: str) -> Iterator[Occurrence]:
    """Where a text names a program and its verb that install; comments are not told apart here."""
    at = start = 0
    for match in _PROGRAM.finditer(text):
        start += len(text[at : match.start()].encode("utf-8", "replace"))
        at = match.start()
        rest = text[match.end() : match.end() + MAX_LOOK].replace("\\\n", "  ")
        end = _SEPARATOR.search(rest)
        rest = rest[: end.start()] if end else rest
        if (verb := _verb(rest, _VERBS[match.group()])) is not None and not _HARMLESS.match(rest[verb:]):
            yield Occurrence(start, " ".join((match.group(), *_literal(rest))))


def _verb(rest: str, verbs: tuple[str, ...]) -> int | None:
    """Where the verb stands: behind options, of which each may take a value."""
    optional = False
    for word in re.finditer(r"\S+", rest):
        plain = word.group().strip("\"'")
        if plain in verbs:
            return word.start()
        if not plain.startswith("-") and not optional:
            return None
        optional = plain.startswith("-")
    return None


def _literal(rest: str) -> Iterator[str]:
    """The words up to the first that an expansion makes."""
    for word in rest.split():
        if not _LITERAL.fullmatch(word):
            return
        yield word


def unaccounted(journal: Journal) -> Iterator[tuple[str, int, str]]:
    """File, line and command of every occurrence that nothing followed."""
    for source, root in journal.roots.items():
        found = sorted(occurrences(source.text), key=lambda one: one.start)
        if not found:
            continue
        comments = [(n.start_byte, n.end_byte) for n in everything(root) if n.type == "comment"]
        for one in found:
            if any(start <= one.start < end for start, end in comments):
                continue
            node = root.descendant_for_byte_range(one.start, one.start + 1)
            if node is not None and not _is_accounted(journal, source, node, one):
                before = source.text.encode("utf-8", "replace")[: one.start]
                yield source.file, source.line or before.count(b"\n") + 1, one.said


def _is_accounted(journal: Journal, source: Source, node: Node, one: Occurrence) -> bool:
    statement: Node | None = None
    nested = False
    name = False
    here: Node | None = node
    while here is not None:
        if here.type == "command_name" and statement is None:
            name = True
        if here.type in _SUBSTITUTIONS:
            nested, statement, name = True, None, False
        elif here.type in STATEMENTS and statement is None:
            statement = here
        here = here.parent
    if statement is None:
        return False
    ran = (statement.start_byte, statement.end_byte, statement.type) in journal.visited[source]
    if not ran or nested or name:
        return ran  # what a substitution holds is run as a text of its own
    return _is_said(statement) or any(f" {one.said} " in f" {words} " for words in journal.handled)


def _is_said(statement: Node) -> bool:
    """Whether a command only prints or compares its words."""
    if statement.type == "redirected_statement":
        body = statement.child_by_field_name("body")
        return body is not None and body.type == "command" and raw(body).split()[:1] == ["echo"]
    if statement.type == "test_command":
        return True
    return statement.type == "command" and raw(statement).split()[0] in _SAID
