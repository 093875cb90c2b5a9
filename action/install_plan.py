"""The install plan: the helm and kubectl commands that a cluster image will run, from its Kubefile and shell files.

``sealos run`` takes ENTRYPOINT and CMD as whole shell lines, replaces ``$(NAME)`` by the image's ENV, and runs them in
the root of the image. Nothing is run here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from action.beneath import beneath, is_file_beneath
from action.discover.files import read_text
from action.discover.layout import TEMPLATE_SUFFIXES
from action.discover.plan_commands import HelmCommand, KubectlCommand, ScriptCall, plan_command
from action.discover.shell import ShellCommand, shell_commands
from action.errors import InputError, Problem
from action.kubefile import Buildfile, find_buildfile, parse_buildfile

MAX_CALLS = 6
"""Scripts that call scripts: deeper than this nothing is followed."""

_SEALOS_VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", re.ASCII)
_OPTIONS = re.compile(r"\$[({]?([A-Z_]*(?:OPTS|OPTIONS|FLAGS|ARGS)[A-Z_]*)\b")


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the plan. ``directory`` is where it runs, relative to the context (empty for its root)."""

    command: HelmCommand | KubectlCommand
    file: str
    line: int
    directory: str

    def path(self, written: str) -> str:
        """A path that the command names, relative to the context; it may lead outside."""
        return image_path(posixpath.join(self.directory, written))


@dataclass(slots=True)
class InstallPlan:
    """What the image will run, and with which variables. ``scripts`` are the texts that are called, by file,
    ``lines`` the shell lines of the build file itself, with their numbers."""

    steps: list[Step] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    lines: list[tuple[str, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    blind_spots: list[str] = field(default_factory=list)
    buildfile: str = ""
    context: Path = field(default_factory=Path)
    copies: list[tuple[str, str]] = field(default_factory=list)
    made: Mapping[str, str] = field(default_factory=dict)

    def locate(self, path: str) -> str | None:
        """What of the context becomes ``path`` in the image, relative to the context; None when nothing does."""
        candidates = [path]
        for target, source in self.copies:
            if path == target or (target and path.startswith(f"{target}/")):
                candidates.append(source + path[len(target) :])
            elif not target:
                candidates.append(posixpath.join(source, path))
        return next((name for name in candidates if name and self._will_exist(name)), None)

    def _will_exist(self, name: str) -> bool:
        """Whether it is there, or ``sealos run`` makes it."""
        made = name in self.made or any(is_file_beneath(self.context, name + suffix) for suffix in TEMPLATE_SUFFIXES)
        return made or beneath(self.context, name) is not None


def image_path(path: str) -> str:
    """A path in the image, relative to its root: sealos runs commands there, and keeps the context's layout."""
    return posixpath.normpath(f"/{path}").lstrip("/")


def read_install_plan(context: Path, made: Mapping[str, str] | None = None) -> InstallPlan:
    """The plan of a context; empty when it has no build file, with a problem when that cannot be read.

    ``made`` has the texts of the files that ``sealos run`` makes before anything runs, by their names.
    """
    plan = InstallPlan(context=context, made=made or {})
    try:
        path = find_buildfile(context, "apps")
    except InputError:
        return plan
    plan.buildfile = path.name
    try:
        buildfile = parse_buildfile(path)
        plan.environment = buildfile.environment()
    except InputError as error:
        plan.problems += error.problems
        return plan
    plan.copies += _copies(context, buildfile)
    reader = _PlanReader(context, plan)
    plan.lines += command_lines(buildfile)
    for text, line in plan.lines:
        reader.run(_with_environment(text, plan.environment), plan.buildfile, "", line=line)
        for name in dict.fromkeys(_OPTIONS.findall(text)):
            reader.note_options(name, plan.buildfile)
    return plan


def command_lines(buildfile: Buildfile) -> Iterator[tuple[str, int]]:
    """The shell lines of ENTRYPOINT and CMD: each JSON string is a line, unless together they are one command."""
    last = {i.keyword: i.line for i in buildfile.last_stage.instructions if i.keyword in ("ENTRYPOINT", "CMD")}
    for keyword in ("ENTRYPOINT", "CMD"):
        words = buildfile.command("ENTRYPOINT" if keyword == "ENTRYPOINT" else "CMD")
        line = last.get(keyword, 0)
        if len(words) >= 3 and words[0].rpartition("/")[2] in ("sh", "bash") and words[1] == "-c":
            yield words[2], line
        elif len(words) > 1 and not any(any(c.isspace() for c in word) for word in words):
            yield " ".join(words), line
        else:
            for word in words:
                yield word, line


def _with_environment(text: str, environment: dict[str, str]) -> str:
    return _SEALOS_VARIABLE.sub(lambda match: environment.get(match[1], match.group()), text)


class _PlanReader:
    """Follows commands into the scripts that they call."""

    def __init__(self, context: Path, plan: InstallPlan) -> None:
        self._context = context
        self._plan = plan

    def run(
        self, text: str, file: str, directory: str, *, line: int = 0, depth: int = 0, arguments: tuple[str, ...] = ()
    ) -> None:
        """Read one shell text. ``line`` is given when all of it stands on one line of ``file``."""
        variables = dict(self._plan.environment)
        variables |= {str(number): value for number, value in enumerate(arguments, 1)}
        variables["@"] = variables["*"] = " ".join(arguments)
        for command in shell_commands(text, variables):
            where = line or command.line
            if command.words[0] == "cd" and len(command.words) > 1:
                directory = self._enter(directory, command, file)
                continue
            planned = plan_command(command.words)
            if isinstance(planned, ScriptCall):
                self._call(planned, file, directory, where, depth)
            elif planned is not None:
                self._plan.steps.append(Step(planned, file, where, directory))
                for unknown in command.unknown:
                    self._plan.blind_spots.append(
                        f"{file}:{where}: {unknown} is known only when it runs; scanned as if it gave nothing"
                    )

    def note_options(self, name: str, file: str) -> None:
        """Options in a variable are scanned with its default, and whoever runs the image may give others."""
        self._plan.blind_spots.append(
            f"{file}: the options in {name} can be changed when the image runs; scanned with its default"
        )

    def _enter(self, directory: str, command: ShellCommand, file: str) -> str:
        if command.unknown:  # `cd "$(dirname "$0")"`, as many scripts begin
            return posixpath.dirname(file) if any("dirname" in text for text in command.unknown) else directory
        return image_path(posixpath.join(directory, command.words[1]))

    def _call(self, call: ScriptCall, file: str, directory: str, line: int, depth: int) -> None:
        if depth >= MAX_CALLS:
            return
        if call.text is not None:
            self.run(call.text, file, directory, line=line, depth=depth + 1, arguments=call.arguments)
            return
        name = self._locate(image_path(posixpath.join(directory, call.path or "")))
        if name is None or name in self._plan.scripts:
            return
        try:
            text = self._plan.made[name] if name in self._plan.made else read_text(self._context, name)
        except InputError as error:
            self._plan.problems += error.problems
            return
        self._plan.scripts[name] = text
        for option in dict.fromkeys(_OPTIONS.findall(text)):
            self.note_options(option, name)
        self.run(text, name, directory, depth=depth + 1, arguments=call.arguments)

    def _locate(self, path: str) -> str | None:
        name = self._plan.locate(path)
        there = name is not None and (name in self._plan.made or is_file_beneath(self._context, name))
        return name if there else None


def _copies(context: Path, buildfile: Buildfile) -> Iterator[tuple[str, str]]:
    """What COPY puts elsewhere in the image than it stands in the context: the path there, and the path here."""
    for instruction in buildfile.last_stage.instructions:
        if instruction.keyword not in ("COPY", "ADD") or len(instruction.args) < 2:
            continue
        *sources, target = instruction.args
        base = image_path(target)
        for source in sources:
            name = image_path(source)
            into = target.endswith("/") or len(sources) > 1 or base == ""
            there = beneath(context, name)
            if (there is not None and there.is_dir()) or not into:
                yield base, name
            else:
                yield posixpath.join(base, posixpath.basename(name)), name
