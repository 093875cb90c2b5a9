"""The text of an issue or a comment -> the requests in it, and everything that is wrong with them.

Pure, standard library only, linear in the length of the text: it runs on whatever a stranger types.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from action.grammar import COMMANDS, HELP, PREFIX, Request, read_command
from action.prose import PARAGRAPH, ProseLine, read_lines
from generator.errors import Problem
from generator.names import code_point

__all__ = ["Parsed", "Request", "parse"]

MAX_TEXT = 65_536  # what GitHub accepts as the body of an issue or a comment
MAX_COMMANDS = 20

_WRITTEN_ANYWHERE = r"(?i)/imagebuild_(?:apps|configs|dockerimages|help)\b"


class Parsed(NamedTuple):
    """What a text asks for.

    ``errors`` are commands, and near misses of one, that ask for nothing that can be built; ``notes`` are commands
    that were not read because of where they stand (in a code block, a quote); ``help`` is set by /imagebuild_help.
    """

    requests: tuple[Request, ...] = ()
    errors: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    help: bool = False


def parse(title: str, body: str) -> Parsed:
    """Read every command of ``body``. A command in the title is only pointed at: titles are labels, not requests."""
    if len(body) > MAX_TEXT:
        message = f"the text is {len(body)} characters long; the limit is {MAX_TEXT}"
        return Parsed(errors=(Problem("text-too-long", message, "put the command into a short comment"),))
    requests: list[Request] = []
    errors: list[Problem] = []
    notes: list[Problem] = []
    wants_help = False
    commands = 0
    for line in read_lines(body):
        word = _first_word(line)
        if line.place != PARAGRAPH:
            if re.search(_WRITTEN_ANYWHERE, line.text):
                notes.append(_not_read(line))
        elif word == HELP:
            wants_help = True
        elif word in COMMANDS:
            commands += 1
            if commands > MAX_COMMANDS:
                return Parsed(errors=(_too_many(line),))
            outcome = read_command(line.text, line.number)
            if isinstance(outcome, Problem):
                errors.append(outcome)
            else:
                _join(requests, outcome, errors)
        elif _is_near(word):
            errors.append(_near_miss(line, word))
    if re.search(_WRITTEN_ANYWHERE, title):
        notes.append(Problem("command-in-title", "a command in the title is not read", "write it in the text"))
    return Parsed(tuple(requests), tuple(errors), tuple(notes), wants_help)


def _first_word(line: ProseLine) -> str:
    words = line.text.replace("\t", " ").strip(" ").split(" ", 1)
    return words[0]


def _join(requests: list[Request], new: list[Request], errors: list[Problem]) -> None:
    """Add requests; the same image asked for twice is one request, or an error when the two differ."""
    for request in new:
        same = next((r for r in requests if r[:3] == request[:3]), None)
        if same is None:
            requests.append(request)
        elif same._replace(line=0) != request._replace(line=0):
            errors.append(
                Problem(
                    "conflicting-requests",
                    f"asks for {request.app} {request.version} in another way than line {same.line} does",
                    "both would publish the same image name; keep one of them",
                    line=request.line,
                    column=1,
                )
            )
            requests.remove(same)


def _is_near(word: str) -> bool:
    return word.casefold().startswith(("/imagebuild", "imagebuild_", "/image_build", "/image-build"))


def _near_miss(line: ProseLine, word: str) -> Problem:
    column = line.text.index(word) + 1
    known = ", ".join([*COMMANDS, HELP])
    strange = next((character for character in word if not character.isascii()), None)
    said = f" (it has {code_point(strange)})" if strange else ""
    return Problem(
        "unknown-command",
        f"there is no command {word!r}{said}",
        f"the commands are {known}",
        None,
        line.number,
        column,
    )


def _not_read(line: ProseLine) -> Problem:
    return Problem(
        "not-read",
        f"a {PREFIX}... command stands in {line.place} and was not read",
        "a command is read when it is plain text at the start of its own line",
        line=line.number,
        severity="warning",
    )


def _too_many(line: ProseLine) -> Problem:
    return Problem(
        "too-many-commands",
        f"there are more than {MAX_COMMANDS} commands in one text",
        "spread them over several comments",
        line=line.number,
    )
