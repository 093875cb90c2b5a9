"""A build file as data: its instructions and stages, and the variables that each of them sees (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from generator.buildfile.substitution import SubstitutionError, expand
from generator.errors import InputError, Problem
from generator.names import Arch

DEFAULT_SHELL = ("/bin/sh", "-c")
# Every builder gives an image from nothing this search path, and lets the file itself refer to it.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def target_args(arch: Arch) -> dict[str, str]:
    """What every builder tells a build file of the platform that it builds for; FROM knows them without an ARG.

    https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
    """
    return {"TARGETOS": "linux", "TARGETARCH": arch, "TARGETPLATFORM": f"linux/{arch}", "TARGETVARIANT": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, as written: nothing is substituted yet.

    ``keyword`` is upper case. ``flags`` are the ``--name=value`` words before the arguments (value None for a bare
    ``--link``). ``args`` are the JSON strings in exec form; in shell form, one text for CMD, ENTRYPOINT, RUN, USER
    and WORKDIR, and raw words for the rest (``NAME=value`` for ENV, LABEL and ARG). ``heredocs`` are the bodies that
    follow it. ``line`` is its first line, ``last_line`` that of its last continuation, before any body.
    """

    keyword: str
    flags: tuple[tuple[str, str | None], ...] = ()
    args: tuple[str, ...] = ()
    form: Literal["exec", "shell"] = "shell"
    line: int = 0
    last_line: int = 0
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
        """Whether the image has nothing below its own files, as far as the defaults of its ARGs tell.

        Its last stage is ``FROM scratch``, or FROM an earlier stage that is. Raises InputError as ``base`` does.
        """
        scope = Scope(self, {})
        named: dict[str, str] = {}  # names of stages have no case
        bottom = ""
        for stage in self.stages:
            base = scope.base(stage)
            bottom = named.get(base.lower(), base)
            if stage.name:
                named[stage.name.lower()] = bottom
        return bottom == "scratch"

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
    """The variables that an instruction of a stage sees: ARG and ENV, in order, ENV the stronger.

    ``builtin`` are arguments that the builder gives: to FROM in any case, to a stage that has an ARG for them.
    """

    def __init__(
        self, buildfile: Buildfile, build_args: Mapping[str, str], builtin: Mapping[str, str] | None = None
    ) -> None:
        self.args: dict[str, str] = {}
        self._buildfile = buildfile
        self._given = {**(builtin or {}), **build_args}
        self._global = self._global_args(builtin or {})
        self.env: dict[str, str] = {"PATH": DEFAULT_PATH} if self.base() == "scratch" else {}

    def base(self, stage: Stage | None = None) -> str:
        """What a stage (by default the last) starts from. FROM sees only builtins and ARGs before the first FROM."""
        origin = (stage or self._buildfile.last_stage).origin
        return self.in_from(origin.args[0], origin)

    def in_from(self, word: str, origin: Instruction) -> str:
        """A word of a FROM, or of its flags, with variables replaced."""
        return self._expand(word, origin, self._global)

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

    def _global_args(self, builtin: Mapping[str, str]) -> dict[str, str]:
        found = {name: self._given[name] for name in builtin}
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
