"""Sources: each place of a build file that takes files from an image or an earlier stage, and which of both (pure).

https://docs.docker.com/reference/dockerfile/: FROM, COPY --from, ADD --from and RUN --mount=from. A name is that of a
stage before it is that of an image, only earlier stages count, and the case of their names does not.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from action.errors import InputError
from action.model.reference import ImageReference
from generator.buildfile.instructions import Buildfile, Instruction, Scope, Stage, target_args
from generator.names import ARCHES, Arch

_PLATFORM = re.compile(r"(?:linux/)?(amd64|arm64)(?:/v8)?")
MOUNTED_FROM = re.compile(r'(?i)(?<![^,])"?from=([^,"]*)')
_FLAGS = {"COPY": "from", "ADD": "from", "RUN": "mount"}
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """``word`` of ``instruction``, as written, names an image, or else ``stage``, here in lower case.

    ``scratch`` counts as a stage, an empty one. ``arch`` is the architecture that the image is wanted for; None is one
    that nothing is built for. ``built_upon``: what is to be built begins with the image's files.
    """

    buildfile: Buildfile
    instruction: Instruction
    word: str
    stage: str = ""
    reference: ImageReference | None = None
    arch: Arch | None = None
    built_upon: bool = False

    def problem(self, code: str, message: str, hint: str) -> InputError:
        return self.buildfile.problem(code, message, self.instruction.line, hint)


def sources(
    buildfile: Buildfile, build_args: Mapping[str, str], arch: Arch, *, with_frontend: bool = False
) -> tuple[Source, ...]:
    """In the order of the file; raises InputError for a name that is none.

    Stages that the last one does not need are included: builders pass over them, and to know more does no harm.
    ``with_frontend``: the builder takes heed of ``# syntax=``, the image of the program that is to read the file.
    """
    finder = _Finder(buildfile, build_args, arch)
    found = [source for at in range(len(buildfile.stages)) for source in finder.of_stage(at)]
    return (*(_frontend(buildfile) if with_frontend else ()), *found)


def _frontend(buildfile: Buildfile) -> Iterator[Source]:
    """https://docs.docker.com/build/buildkit/frontend/"""
    word = buildfile.directives.get("syntax", "").partition(" ")[0]
    if not word:
        return
    line = list(buildfile.directives).index("syntax") + 1  # directives are the first lines, one on each
    directive = Instruction(keyword="# syntax", args=(word,), line=line, last_line=line)
    reference = _reference(buildfile, directive, word)
    yield Source(buildfile=buildfile, instruction=directive, word=word, reference=reference)


class _Finder:
    def __init__(self, buildfile: Buildfile, build_args: Mapping[str, str], arch: Arch) -> None:
        self._buildfile = buildfile
        self._stages = buildfile.stages
        self._arch = arch
        self._scope = Scope(buildfile, build_args, {**_builder_args(), **target_args(arch)})
        self._root = self._built_upon()

    def of_stage(self, at: int) -> Iterator[Source]:
        stage = self._stages[at]
        origin = stage.origin
        yield from self._source(origin, origin.args[0], self._base(stage), at)
        for instruction in stage.instructions:
            for name, value in instruction.flags:
                if value is None or name != _FLAGS.get(instruction.keyword):
                    continue
                for word in MOUNTED_FROM.findall(value) if name == "mount" else [value]:
                    self._refuse_variables(instruction, word)
                    if not (word.isascii() and word.isdigit()):  # a number is that of a stage
                        yield from self._source(instruction, word, word, at)

    def _source(self, instruction: Instruction, word: str, value: str, at: int) -> Iterator[Source]:
        if value == "scratch" or self._earlier(value, at) is not None:
            yield Source(buildfile=self._buildfile, instruction=instruction, word=word, stage=value.lower())
            return
        yield Source(
            buildfile=self._buildfile,
            instruction=instruction,
            word=word,
            reference=_reference(self._buildfile, instruction, value),
            arch=self._wanted_arch(instruction),
            built_upon=instruction is self._root,
        )

    def _base(self, stage: Stage) -> str:
        base = self._scope.base(stage)
        if not base:
            hint = "give each of its variables a default with an ARG before the first FROM, or a build argument"
            word = stage.origin.args[0]
            raise self._buildfile.problem("no-base", f"FROM {word} is empty here", stage.origin.line, hint)
        return base

    def _earlier(self, name: str, before: int) -> int | None:
        """The number of the stage that ``name`` means in stage ``before``; of two with one name, the later."""
        names = [stage.name.lower() for stage in self._stages[:before]]
        return max((at for at, known in enumerate(names) if known and known == name.lower()), default=None)

    def _built_upon(self) -> Instruction:
        """The FROM that the last stage goes back to, which must be of the platform that is built for."""
        at = len(self._stages) - 1
        while True:
            origin = self._stages[at].origin
            self._refuse_other_platform(origin)
            earlier = self._earlier(self._base(self._stages[at]), at)
            if earlier is None:
                return origin
            at = earlier

    def _wanted_arch(self, instruction: Instruction) -> Arch | None:
        """That of FROM's ``--platform``, else that which is built for."""
        platform = dict(instruction.flags).get("platform")
        if platform is None:
            return self._arch
        match = _PLATFORM.fullmatch(self._scope.in_from(platform, instruction))
        return next((arch for arch in ARCHES if match and arch == match[1]), None)

    def _refuse_other_platform(self, origin: Instruction) -> None:
        """Builders take the other platform's files, and say of the image that it is for the one that was wanted."""
        if self._wanted_arch(origin) != self._arch:
            platform = dict(origin.flags)["platform"]
            raise self._buildfile.problem(
                "wrong-platform",
                f"the image for linux/{self._arch} would begin with the files of --platform={platform}",
                origin.line,
                "leave --platform out, or name the architecture that it is for in arches of image.yaml",
            )

    def _refuse_variables(self, instruction: Instruction, word: str) -> None:
        if re.search(r"[$'\"\\]", word):
            hint = f"write FROM {word} AS name before, and from=name here"
            message = f"{instruction.keyword} has from={word}, where no builder replaces variables as another does"
            raise self._buildfile.problem("variable-in-from", message, instruction.line, hint)


def _builder_args() -> dict[str, str]:
    """What FROM may know of the machine that builds, which is this one."""
    machine = os.uname().machine
    arch = _MACHINES.get(machine, machine)
    return {"BUILDOS": "linux", "BUILDARCH": arch, "BUILDPLATFORM": f"linux/{arch}", "BUILDVARIANT": ""}


def _reference(buildfile: Buildfile, instruction: Instruction, value: str) -> ImageReference:
    try:
        return ImageReference.parse(value)
    except InputError as error:
        problem = error.problems[0]._replace(file=buildfile.path.name, line=instruction.line)
        raise InputError(problem) from error
