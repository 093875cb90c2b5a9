"""Kubefile or Dockerfile -> instructions, by the grammar of the Dockerfile reference (pure but for reading the file).

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from action.errors import InputError, Problem
from action.substitution import SubstitutionError, expand, split_words
from generator.names import ImageType, nearest

KEYWORDS = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip
DEFAULT_SHELL = ("/bin/sh", "-c")

_CLUSTER_FILES = ("Kubefile", "Sealfile", "Dockerfile", "Containerfile")
_PLAIN_FILES = ("Dockerfile", "Containerfile", "Kubefile", "Sealfile")
_BUILD_FILES: dict[ImageType, tuple[str, ...]] = {
    "apps": _CLUSTER_FILES,
    "configs": _CLUSTER_FILES,
    "dockerimages": _PLAIN_FILES,
}
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*")
_HEREDOC = re.compile(r"\d*<<(-?)(['\"]?)([A-Za-z0-9_.+/-]+)\2")
_JSON_FORMS = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_ONE_TEXT = frozenset(
    {"CMD", "ENTRYPOINT", "HEALTHCHECK", "MAINTAINER", "ONBUILD", "RUN", "STOPSIGNAL", "USER", "WORKDIR"}
)
# Every builder gives an image from nothing this search path, and lets the file itself refer to it.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PAIRS = frozenset({"ENV", "LABEL"})
_HEREDOC_KEYWORDS = frozenset({"ADD", "COPY", "RUN"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, as written: nothing is substituted yet.

    ``keyword`` is upper case. ``flags`` are the ``--name=value`` words before the arguments (value None for a bare
    ``--link``). ``args`` are the JSON strings in exec form; in shell form, one text for CMD, ENTRYPOINT, RUN, USER
    and WORKDIR, and raw words for the rest (``NAME=value`` for ENV, LABEL and ARG). ``heredocs`` are the bodies that
    follow it.
    """

    keyword: str
    flags: tuple[tuple[str, str | None], ...] = ()
    args: tuple[str, ...] = ()
    form: Literal["exec", "shell"] = "shell"
    line: int = 0
    heredocs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """A FROM and what follows it, up to the next FROM."""

    origin: Instruction
    instructions: tuple[Instruction, ...]

    @property
    def name(self) -> str:
        """What later stages call it (``FROM x AS name``), or the empty string."""
        args = self.origin.args
        return args[2] if len(args) == 3 and args[1].upper() == "AS" else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildfile:
    """A parsed build file. ``escape`` is the escape character that its directive chose."""

    path: Path
    instructions: tuple[Instruction, ...]
    escape: str = "\\"
    directives: Mapping[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[Stage, ...]:
        starts = [n for n, instruction in enumerate(self.instructions) if instruction.keyword == "FROM"]
        ends = [*starts, len(self.instructions)][1:]
        return tuple(
            Stage(self.instructions[start], self.instructions[start + 1 : end])
            for start, end in zip(starts, ends, strict=True)
        )

    @property
    def last_stage(self) -> Stage:
        return self.stages[-1]

    @property
    def from_scratch(self) -> bool:
        """Whether the image starts from nothing: its last stage is ``FROM scratch``, as far as defaults tell."""
        return self.base() == "scratch"

    def base(self, build_args: Mapping[str, str] | None = None, stage: Stage | None = None) -> str:
        """What a stage (by default the last) starts from, the ARGs before the first FROM substituted."""
        return Scope(self, build_args or {}).base(stage)

    def environment(self, build_args: Mapping[str, str] | None = None) -> dict[str, str]:
        """The ENV of the last stage, substituted; ``build_args`` are the values given for its ARGs.

        An image from nothing starts with the search path that every builder gives it.
        """
        scope = Scope(self, build_args or {})
        for instruction in self.last_stage.instructions:
            scope.apply(instruction)
        return scope.env

    def command(self, keyword: Literal["CMD", "ENTRYPOINT"]) -> tuple[str, ...]:
        """The argument list that the image will run: the last such instruction, shell form wrapped in its shell."""
        shell: tuple[str, ...] = DEFAULT_SHELL
        command: tuple[str, ...] = ()
        for instruction in self.last_stage.instructions:
            if instruction.keyword == "SHELL":
                shell = instruction.args
            elif instruction.keyword == keyword:
                command = instruction.args if instruction.form == "exec" else (*shell, *instruction.args)
        return command

    def problem(self, code: str, message: str, line: int, hint: str = "") -> InputError:
        """An error of this file, ready to raise."""
        return InputError(Problem(code, message, hint, self.path.name, line))


class Scope:
    """The variables that an instruction of a stage sees: ARG and ENV, in order, ENV the stronger."""

    def __init__(
        self, buildfile: Buildfile, build_args: Mapping[str, str], builtin: Mapping[str, str] | None = None
    ) -> None:
        self.args: dict[str, str] = {}
        self._buildfile = buildfile
        self._given = {**(builtin or {}), **build_args}
        self._global = self._global_args()
        self.env: dict[str, str] = {"PATH": DEFAULT_PATH} if self.base() == "scratch" else {}

    def base(self, stage: Stage | None = None) -> str:
        """What a stage (by default the last) starts from. FROM sees only the ARGs before the first FROM."""
        origin = (stage or self._buildfile.last_stage).origin
        return self._expand(origin.args[0], origin, self._global)

    def apply(self, instruction: Instruction) -> None:
        """Take an ARG or ENV into account; anything else changes nothing."""
        if instruction.keyword == "ENV":
            self.env.update(self.pairs(instruction))
        elif instruction.keyword == "ARG":
            for name, value in self._arg_values(instruction, self._global):
                if value is not None:
                    self.args[name] = value

    def expand(self, word: str, instruction: Instruction) -> str:
        """``word`` of ``instruction`` with quotes removed and variables replaced; raises InputError with its line."""
        return self._expand(word, instruction, {**self.args, **self.env})

    def pairs(self, instruction: Instruction) -> list[tuple[str, str]]:
        """The names and values of an ENV or LABEL. All see the variables as they were before the instruction."""
        found = []
        for word in instruction.args:
            name, equals, value = word.partition("=")
            if not equals or not name:
                raise self._buildfile.problem(
                    "bad-pair", f"{instruction.keyword} has {word!r}, which is not NAME=value", instruction.line
                )
            found.append((self.expand(name, instruction), self.expand(value, instruction)))
        return found

    def _global_args(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for instruction in self._buildfile.instructions:
            if instruction.keyword != "ARG":
                break
            for name, value in self._arg_values(instruction, {}, found):
                if value is not None:
                    found[name] = value
        return found

    def _arg_values(
        self, instruction: Instruction, inherited: Mapping[str, str], seen: Mapping[str, str] | None = None
    ) -> Iterator[tuple[str, str | None]]:
        for word in instruction.args:
            name, equals, default = word.partition("=")
            visible = seen if seen is not None else {**self.args, **self.env}
            if name in self._given:
                yield name, self._given[name]
            elif equals:
                yield name, self._expand(default, instruction, visible)
            else:
                yield name, inherited.get(name)

    def _expand(self, word: str, instruction: Instruction, variables: Mapping[str, str]) -> str:
        try:
            return expand(word, variables, self._buildfile.escape)
        except SubstitutionError as error:
            raise self._buildfile.problem("bad-substitution", str(error), instruction.line) from error


def find_buildfile(context: Path, image_type: ImageType) -> Path:
    """The build file of ``context`` for that type of image (DESIGN §3); raises InputError ``no-build-file``."""
    names = _BUILD_FILES[image_type]
    for name in names:
        candidate = context / name
        if candidate.is_file():
            return candidate
    present = [entry.name for entry in context.iterdir()] if context.is_dir() else []
    close = nearest(names[0], present, count=1)
    raise InputError(
        Problem(
            "no-build-file",
            f"there is none of {', '.join(names)}" + (f" (it has {close[0]})" if close else ""),
            "add one, or let init.sh write it into the directory it runs in",
        )
    )


def parse_buildfile(path: Path) -> Buildfile:
    """Read and parse a build file; raises InputError with the line of the first thing that is wrong."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Problem("bad-encoding", f"is not UTF-8 text: {error}", file=path.name)) from error
    except OSError as error:
        raise InputError(Problem("unreadable", f"cannot be read: {error.strerror}", file=path.name)) from error
    return _Parser(path, text).parse()


class _Parser:
    """The lines of one file, read from the top."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = [line.removesuffix("\r") for line in text.split("\n")]
        self._at = 0
        self._directives = self._leading_directives()
        self._escape = self._directives.get("escape", "\\")
        # An escape before the last one is itself escaped, so such a line does not continue.
        mark = re.escape(self._escape)
        self._continued = re.compile(rf"(?:^|(?<!{mark})){mark}[ \t]*$")

    def parse(self) -> Buildfile:
        if self._escape not in ("\\", "`"):
            raise self._fail("bad-directive", f"escape is {self._escape!r}; it can only be '\\' or '`'", 1)
        instructions = tuple(self._instructions())
        buildfile = Buildfile(
            path=self._path, instructions=instructions, escape=self._escape, directives=self._directives
        )
        if not buildfile.stages:
            raise self._fail("no-from", "has no FROM instruction", 1, "a cluster image starts with 'FROM scratch'")
        for instruction in instructions:
            if instruction.keyword == "FROM":
                break
            if instruction.keyword != "ARG":
                raise self._fail("before-from", f"{instruction.keyword} comes before FROM", instruction.line)
        return buildfile

    def _leading_directives(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self._lines:
            match = _DIRECTIVE.fullmatch(line)
            if match is None or match[1].lower() in found:
                break
            if match[1].lower() not in ("escape", "syntax", "check"):
                break
            found[match[1].lower()] = match[2]
        return found

    def _instructions(self) -> Iterator[Instruction]:
        while self._at < len(self._lines):
            number = self._at + 1
            text = self._logical_line()
            if text:
                yield self._instruction(text, number)

    def _logical_line(self) -> str:
        """The next line with its continuations; empty for a comment or a blank line."""
        line = self._lines[self._at].lstrip()
        self._at += 1
        if line.startswith("#"):
            return ""
        text, goes_on = self._cut(line)
        while goes_on and self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if not line.strip() or line.lstrip().startswith("#"):
                continue  # comments and blank lines inside a continued line are dropped
            part, goes_on = self._cut(line)
            text += part
        return text.strip()

    def _cut(self, line: str) -> tuple[str, bool]:
        match = self._continued.search(line)
        return (line[: match.start()], True) if match else (line, False)

    def _instruction(self, text: str, line: int) -> Instruction:
        keyword, _, rest = (
            text.replace("\t", " ", 1).partition(" ") if "\t" in text.split(" ")[0] else text.partition(" ")
        )
        keyword = keyword.upper()
        if keyword not in KEYWORDS:
            close = nearest(keyword, KEYWORDS, count=1)
            hint = f"did you mean {close[0]}?" if close else ""
            raise self._fail("unknown-instruction", f"{keyword} is not an instruction", line, hint)
        rest = rest.strip()
        flags, rest = self._flags(rest)
        if not rest:
            raise self._fail("no-arguments", f"{keyword} needs at least one argument", line)
        heredocs = tuple(self._heredocs(rest, line)) if keyword in _HEREDOC_KEYWORDS else ()
        args, form = self._arguments(keyword, rest, line)
        return Instruction(keyword=keyword, flags=flags, args=args, form=form, line=line, heredocs=heredocs)

    def _flags(self, text: str) -> tuple[tuple[tuple[str, str | None], ...], str]:
        flags: list[tuple[str, str | None]] = []
        while text.startswith("--"):
            word = split_words(text, self._escape)[0]
            text = text[len(word) :].lstrip()
            if word == "--":
                break
            name, equals, value = word[2:].partition("=")
            flags.append((name, value if equals else None))
        return tuple(flags), text

    def _arguments(self, keyword: str, text: str, line: int) -> tuple[tuple[str, ...], Literal["exec", "shell"]]:
        if keyword in _JSON_FORMS:
            listed = _string_list(text)
            if listed is not None:
                return listed, "exec"
        if keyword == "SHELL":
            raise self._fail("bad-shell", "SHELL needs a JSON list of strings", line)
        if keyword in _ONE_TEXT:
            return (text,), "shell"
        if keyword in _PAIRS:
            return self._pairs(keyword, text, line), "shell"
        if keyword == "ARG":
            return tuple(split_words(text, self._escape)), "shell"
        return tuple(text.split()), "shell"

    def _pairs(self, keyword: str, text: str, line: int) -> tuple[str, ...]:
        words = split_words(text, self._escape)
        if "=" in words[0]:
            return tuple(words)
        name, _, value = text.partition(" ") if " " in text else text.partition("\t")
        if not value.strip():
            raise self._fail("no-value", f"{keyword} {name} has no value", line, f"write {keyword} {name}=value")
        return (f"{name}={value.lstrip()}",)  # the old form: the rest of the line is the value

    def _heredocs(self, text: str, line: int) -> Iterator[str]:
        for word in split_words(text, self._escape):
            match = _HEREDOC.fullmatch(word)
            if match is None:
                continue
            body: list[str] = []
            while True:
                if self._at >= len(self._lines):
                    raise self._fail("open-heredoc", f"the here-document {match[3]} has no end", line)
                row = self._lines[self._at].lstrip("\t") if match[1] else self._lines[self._at]
                self._at += 1
                if row == match[3]:
                    break
                body.append(row + "\n")
            yield "".join(body)

    def _fail(self, code: str, message: str, line: int, hint: str = "") -> InputError:
        return InputError(Problem(code, message, hint, self._path.name, line))


def _string_list(text: str) -> tuple[str, ...] | None:
    """The strings of an exec form, or None: then the text is in shell form, as every builder reads it."""
    if not text.startswith("["):
        return None
    try:
        # What follows the list is ignored, as Go's JSON decoder does in every builder.
        value, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)
