"""The text of an issue or a comment -> the requests in it, and everything that is wrong with them.

Pure, standard library only, linear in the length of the text: it runs on whatever a stranger types.
"""

# Annotations are not postponed here: NamedTuple would compile each of their texts, which every start would wait for.
import re
from typing import NamedTuple

from action.request.command_line import COMMANDS, HELP, PREFIX, Request, is_placeholder, read_command
from action.request.markdown.lines import PARAGRAPH, UNSURE, Span, read_places
from action.request.words import blanks_to_spaces
from generator.errors import Problem

__all__ = ["Parsed", "Request", "parse"]

MAX_TEXT = 65_536  # what GitHub accepts as the body of an issue or a comment
MAX_COMMANDS = 20
MAX_REQUESTS = 50

_WRITTEN_ANYWHERE = r"/imagebuild_(?:apps|configs|dockerimages|help)\b"
# A line that has none of these is no near miss: most lines of most comments are not looked at any closer.
_SUSPICIOUS = ("image", "build", "/")


class Parsed(NamedTuple):
    """What a text asks for.

    ``errors`` are commands, and near misses of one, that ask for nothing that can be built; ``notes`` are commands
    that were not read because of where they stand (in a code block, a quote); ``help`` is set by /imagebuild_help;
    ``talk`` says that the text has more to say than all that.
    """

    requests: tuple[Request, ...] = ()
    errors: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    help: bool = False
    talk: bool = False


def parse(title: str, body: str) -> Parsed:
    """Read every command of ``body``. A command in the title is only pointed at: titles are labels, not requests."""
    if len(body) > MAX_TEXT:
        message = f"the text is {len(body)} characters long; the limit is {MAX_TEXT}"
        return Parsed(errors=(Problem("text-too-long", message, "put the command into a short comment"),))
    reader = _Reader()
    for line in _read_lines(body):
        reader.read(line)
        if reader.commands > MAX_COMMANDS:
            message = f"there are more than {MAX_COMMANDS} commands in one text"
            problem = Problem("too-many-commands", message, "spread them over several comments", line=line.number)
            return Parsed(errors=(problem,))
    if "/imagebuild_" in title and re.search(_WRITTEN_ANYWHERE, title):
        reader.notes.append(
            Problem("not-read", "a command in the title is not read", "write it in the text", severity="warning")
        )
    return reader.parsed()


class _Line(NamedTuple):
    """One line: its number from 1, its text without the line ending, what shows its word, and whether it is talk.

    ``near`` is what is wrong with a line that nearly is a command.
    """

    number: int
    text: str
    place: str = PARAGRAPH
    prose: bool = True
    near: Problem | None = None


def _read_lines(body: str) -> list[_Line]:
    """Split at CR, LF and CRLF; Markdown is read where a line has a command, or nearly one, and only then."""
    texts = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [_Line(number, text) for number, text in enumerate(texts, 1)]
    words = {index: _written(match) for index, text in enumerate(texts) if (match := _find_written(text))}
    if words:
        places = read_places(texts, words)
        for index, line in enumerate(lines):
            lines[index] = line._replace(place=places.by_line.get(index, PARAGRAPH), prose=index in places.prose)
    others = ((index, text) for index, text in enumerate(texts) if index not in words)
    near = {index: problem for index, text in others if (problem := _near(text, index + 1))}
    if near:
        places = read_places(texts, {index: _first_word(texts[index]) for index in near})
        for index, problem in near.items():
            lines[index] = lines[index]._replace(place=places.by_line[index], near=problem)
    return lines


def _find_written(text: str) -> re.Match[str] | None:
    return re.search(_WRITTEN_ANYWHERE, text) if "/imagebuild_" in text else None


def _written(match: re.Match[str]) -> Span:
    return Span(match.start() + 1, match.start() + 1 + len("imagebuild"))


def _near(text: str, number: int) -> Problem | None:
    if text.isascii() and not any(part in text for part in _SUSPICIOUS):
        return None
    from action.request.near_miss import near_command

    return near_command(text, number)


def _first_word(text: str) -> Span:
    """The first word but for its first character, which may be markup."""
    word = blanks_to_spaces(text).strip(" ").split(" ", 1)[0]
    start = text.index(word)
    return Span(start + 1, start + len(word))


class _Reader:
    """Collects what the lines of one text ask for."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.errors: list[Problem] = []
        self.notes: list[Problem] = []
        self.help = False
        self.talk = False
        self.commands = 0

    def read(self, line: _Line) -> None:
        word = blanks_to_spaces(line.text).strip(" ").split(" ", 1)[0]
        if line.place == UNSURE and (word == HELP or word in COMMANDS):  # GitHub may show it: its writer waits
            self.errors.append(_not_read(line)._replace(severity="error", column=1))
        elif line.place != PARAGRAPH:
            if "/imagebuild_" in line.text and re.search(_WRITTEN_ANYWHERE, line.text):
                self.notes.append(_not_read(line))
        elif word == HELP:
            self.help = True
        elif word in COMMANDS:
            self.commands += 1
            self._read_command(line)
        elif word:
            self._read_other(line)

    def parsed(self) -> Parsed:
        """What was read; requests that contradict each other are none."""
        if len(self.requests) > MAX_REQUESTS:
            message = f"asks for {len(self.requests)} images; the limit is {MAX_REQUESTS}"
            problem = Problem("too-many-requests", message, "spread them over several comments")
            return Parsed(errors=(problem,))
        kept: dict[tuple[str, str, str], Request] = {}
        contradicted = set()
        for request in self.requests:
            first = kept.setdefault(request[:3], request)
            if first._replace(line=0) != request._replace(line=0):
                contradicted.add(request[:3])
                self.errors.append(_contradiction(first, request))
        requests = tuple(request for key, request in kept.items() if key not in contradicted)
        self.errors.sort(key=lambda problem: problem.line or 0)
        return Parsed(requests, tuple(self.errors), tuple(self.notes), self.help, self.talk)

    def _read_command(self, line: _Line) -> None:
        if is_placeholder(line.text):
            hint = "put the names of an application and a version in their place"
            message = "the line that only shows how a command is written was not read"
            self.notes.append(Problem("placeholder", message, hint, None, line.number, severity="warning"))
            return
        outcome = read_command(line.text, line.number)
        if isinstance(outcome, Problem):
            self.errors.append(outcome)
        else:
            self.requests += outcome

    def _read_other(self, line: _Line) -> None:
        near, note = line.near, None
        if "/imagebuild_" in line.text:
            from action.request.near_miss import behind_something

            near = _near(line.text, line.number)
            note = None if near else behind_something(line.text, line.number)
        if near:
            self.errors.append(near)
        elif note:
            self.notes.append(note)
        elif line.prose:
            self.talk = True


def _contradiction(first: Request, second: Request) -> Problem:
    return Problem(
        "conflicting-requests",
        f"asks for {second.app} {second.version} in another way than line {first.line} does",
        "both would publish the same image name; keep one of them",
        line=second.line,
        column=1,
    )


def _not_read(line: _Line) -> Problem:
    return Problem(
        "not-read",
        f"a {PREFIX}... command stands in {line.place} and was not read",
        "a command is read when it is plain text at the start of its own line",
        line=line.number,
        severity="warning",
    )
