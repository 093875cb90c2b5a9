"""Native assembly: the instructions of a ``FROM scratch`` build file carried out in memory: no root, no daemon.

What cannot be done exactly as ``buildah build`` does it raises NotNative, before anything is written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from action.assembly.files.rootfs import ROOT, NotADirectory, Owner, Rootfs
from action.assembly.native.copy import copy_into, numeric_owner
from action.assembly.native.sources import ContextFiles
from action.assembly.recipe import NotNative
from generator.buildfile.instructions import DEFAULT_SHELL, Buildfile, Instruction, Scope, target_args
from generator.names import Arch

_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
# Their value is that of the machine that builds, so an image that used them would differ from machine to machine.
_HOST_ARGS = frozenset({"BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT"})


@dataclass(slots=True, kw_only=True)
class Assembled:
    """What the instructions made: the files, and the ``config`` object of the image configuration."""

    rootfs: Rootfs
    config: dict[str, Any]
    author: str = ""
    history: list[str] = field(default_factory=list)


def assemble(buildfile: Buildfile, files: ContextFiles, *, arch: Arch, build_args: Mapping[str, str]) -> Assembled:
    """Carry out the last stage; raises InputError for what no builder accepts, NotNative for what we leave to one."""
    stages = buildfile.stages
    if len(stages) > 1:
        raise NotNative("it has several stages", stages[0].origin.line)
    origin = stages[0].origin
    base = Scope(buildfile, build_args, target_args(arch)).base()
    if base != "scratch":
        raise NotNative(f"it starts from {base}", origin.line)
    if origin.flags:
        raise NotNative("FROM has flags", origin.line)
    return _Assembly(buildfile, files, arch, build_args).run()


class _Assembly:
    def __init__(self, buildfile: Buildfile, files: ContextFiles, arch: Arch, build_args: Mapping[str, str]) -> None:
        self._buildfile = buildfile
        self._files = files
        self._scope = Scope(buildfile, build_args, target_args(arch))
        self._rootfs = Rootfs()
        self._config: dict[str, Any] = {}
        self._labels: dict[str, str] = {}
        self._user = ""
        self._workdir = ""
        self._author = ""
        self._history: list[str] = []

    def run(self) -> Assembled:
        for instruction in self._buildfile.last_stage.instructions:
            step = _STEPS.get(instruction.keyword)
            if step is None:
                raise NotNative(f"it has {instruction.keyword}", instruction.line)
            if instruction.flags and instruction.keyword not in ("COPY", "ADD"):
                raise NotNative(f"{instruction.keyword} has flags", instruction.line)
            try:
                step(self, instruction)
                if self._workdir:
                    self._rootfs.make_directory(self._workdir, self._workdir_owner(instruction))
            except NotADirectory as error:
                raise self._buildfile.problem(
                    "not-a-directory", f"{error} is not a directory in the image", instruction.line
                ) from error
            self._history.append(f"{instruction.keyword} {' '.join(instruction.args)}")
        self._config["Env"] = [f"{name}={value}" for name, value in self._scope.env.items()]
        if self._labels:
            self._config["Labels"] = self._labels
        return Assembled(rootfs=self._rootfs, config=self._config, author=self._author, history=self._history)

    def _arg(self, instruction: Instruction) -> None:
        for word in instruction.args:
            if word.partition("=")[0] in _HOST_ARGS:
                raise NotNative(f"it asks for {word}, which is the machine that builds", instruction.line)
        self._scope.apply(instruction)

    def _env(self, instruction: Instruction) -> None:
        self._scope.apply(instruction)

    def _label(self, instruction: Instruction) -> None:
        self._labels.update(self._scope.pairs(instruction))

    def _cmd(self, instruction: Instruction) -> None:
        self._config["Cmd"] = self._command(instruction)

    def _entrypoint(self, instruction: Instruction) -> None:
        self._config["Entrypoint"] = self._command(instruction)

    def _command(self, instruction: Instruction) -> list[str]:
        return list(instruction.args if instruction.form == "exec" else (*DEFAULT_SHELL, *instruction.args))

    def _workdir_step(self, instruction: Instruction) -> None:
        path = self._scope.expand(instruction.args[0], instruction)
        self._workdir = path if path.startswith("/") else posixpath.normpath(posixpath.join("/", self._workdir, path))
        self._config["WorkingDir"] = self._workdir

    def _workdir_owner(self, instruction: Instruction) -> Owner:
        if not self._user:
            return ROOT
        owner = numeric_owner(self._user)
        if owner is not None:
            return owner
        if self._rootfs.lookup("/etc/passwd") is not None:
            raise NotNative(f"the working directory would belong to {self._user} of /etc/passwd", instruction.line)
        return ROOT

    def _expose(self, instruction: Instruction) -> None:
        ports = self._config.setdefault("ExposedPorts", {})
        for word in instruction.args:
            for text in self._scope.expand(word, instruction).split():
                match = _PORT.fullmatch(text)
                if match is None:
                    raise self._buildfile.problem("bad-port", f"EXPOSE {text!r} is not a port", instruction.line)
                for port in range(int(match[1]), int(match[2] or match[1]) + 1):
                    ports[f"{port}/{(match[3] or 'tcp').lower()}"] = {}

    def _volume(self, instruction: Instruction) -> None:
        volumes = self._config.setdefault("Volumes", {})
        for word in instruction.args:
            path = self._scope.expand(word, instruction).strip()
            if not path:
                raise self._buildfile.problem("bad-volume", "VOLUME has an empty path", instruction.line)
            volumes[path] = {}

    def _user_step(self, instruction: Instruction) -> None:
        self._user = self._scope.expand(instruction.args[0], instruction)
        self._config["User"] = self._user

    def _stopsignal(self, instruction: Instruction) -> None:
        self._config["StopSignal"] = self._scope.expand(instruction.args[0], instruction)

    def _maintainer(self, instruction: Instruction) -> None:
        self._author = instruction.args[0]

    def _copy(self, instruction: Instruction) -> None:
        copy_into(self._rootfs, self._files, self._buildfile, self._scope, instruction, self._workdir)


_STEPS: dict[str, Callable[[_Assembly, Instruction], None]] = {
    "ADD": _Assembly._copy,
    "ARG": _Assembly._arg,
    "CMD": _Assembly._cmd,
    "COPY": _Assembly._copy,
    "ENTRYPOINT": _Assembly._entrypoint,
    "ENV": _Assembly._env,
    "EXPOSE": _Assembly._expose,
    "LABEL": _Assembly._label,
    "MAINTAINER": _Assembly._maintainer,
    "STOPSIGNAL": _Assembly._stopsignal,
    "USER": _Assembly._user_step,
    "VOLUME": _Assembly._volume,
    "WORKDIR": _Assembly._workdir_step,
}
