"""The install plan: the helm and kubectl commands that a cluster image will run, from its Kubefile and shell files.

``sealos run`` takes ENTRYPOINT and CMD as whole shell lines, replaces ``$(NAME)`` by the image's ENV, and runs them in
the root of the image. Nothing is run here: the shell beside this module follows the text.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from action.context.beneath import beneath
from action.discovery.install.accounting import unaccounted
from action.discovery.install.shell.commands import HelmCommand, KubectlCommand
from action.discovery.install.shell.image import Image, image_path
from action.discovery.install.shell.interpreter import Interpreter
from action.discovery.install.shell.journal import OPTIONS, Journal
from action.discovery.install.shell.state import State
from action.discovery.install.shell.tree import Source
from action.discovery.install.words.unknowns import Unknowns, clean
from action.errors import InputError, Problem
from generator.buildfile.parse import Buildfile, find_buildfile, parse_buildfile

_SEALOS_VARIABLE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", re.ASCII)
_OPTIONS = re.compile(rf"\$[({{]?({OPTIONS.pattern})\b")


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the plan. ``directory`` is where it runs, relative to the context (empty for its root).

    ``written`` are the texts that the plan itself wrote before, by path in the image, ``copied`` the paths that it
    copied, ``unknown`` what in the command is known only when it runs: such parts are marks in its words. ``changed``:
    a program changes what the command reads in a way that is known only when it runs.
    """

    command: HelmCommand | KubectlCommand
    file: str
    line: int
    directory: str
    written: Mapping[str, str] = field(default_factory=dict)
    copied: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    changed: bool = False

    def path(self, written: str) -> str:
        """A path that the command names, relative to the context; it may lead outside."""
        path = image_path(posixpath.join(self.directory, written))
        if path in self.written:
            return path
        for target, source in self.copied.items():
            if path == target or path.startswith(f"{target}/"):
                return source + path[len(target) :]
        return path

    def texts(self, written: str) -> dict[str, str]:
        """What the plan wrote at a path (the empty name), or below it (its name there); the marks in it are kept."""
        found = {}
        for path in (self.path(written), image_path(posixpath.join(self.directory, written))):
            for name, text in self.written.items():
                if name == path:
                    found[""] = text
                elif name.startswith(f"{path}/" if path else "") and not name.startswith("dev/"):
                    found[name[len(path) :].lstrip("/")] = text
        return found


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
        return self.image.locate(path)

    @property
    def image(self) -> Image:
        """The files of the image."""
        return Image(self.context, self.copies, self.made)


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
    plan.lines += command_lines(buildfile)
    _follow(plan)
    return plan


def _follow(plan: InstallPlan) -> None:
    """Follow every line; each begins where the image begins, with what the lines before it wrote."""
    journal = Journal(Unknowns())
    interpreter = Interpreter(plan.image, journal)
    environment = {name: clean(value) for name, value in plan.environment.items()}
    state = State(variables=environment, exported=set(environment), name="bash")
    for text, line in plan.lines:
        source = Source(plan.buildfile, clean(_with_environment(text, plan.environment)), line)
        after = interpreter.in_copy(lambda inner, source=source: interpreter.run_text(source, inner), state)  # type: ignore[misc]
        state.files, state.copies = after.files, after.copies
    plan.scripts |= journal.scripts
    plan.steps += [
        Step(met.command, met.file, met.line, met.directory, met.files, met.copies, met.unknown, met.changed)
        for met in journal.met
    ]
    plan.blind_spots += journal.blind_spots
    for file, line, said in unaccounted(journal):
        if not any(spot.startswith(f"{file}:{line}: ") for spot in plan.blind_spots):
            plan.blind_spots.append(
                f"{file}:{line}: `{said}` stands here, and nothing that was followed runs it: what it installs is not "
                "among the images of the plan"
            )
    for text, name in (
        *((text, plan.buildfile) for text, _ in plan.lines),
        *((t, n) for n, t in plan.scripts.items()),
    ):
        for option in dict.fromkeys(_OPTIONS.findall(text)):
            plan.blind_spots.append(
                f"{name}: the options in {option} can be changed when the image runs; scanned with its default"
            )


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
