"""Native assembly: the instructions of a ``FROM scratch`` build file carried out in memory: no root, no daemon.

What cannot be done exactly as ``buildah build`` does it raises NotNative, before anything is written.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from action.image.context_files import CannotCopy, ContextFiles, DeadLink, LeavesContext, Match
from action.image.rootfs import ROOT, NotADirectory, Owner, Rootfs, place
from action.kubefile import DEFAULT_SHELL, Buildfile, Instruction, Scope
from generator.names import Arch

_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_OWNER = re.compile(r"(\d+)(?::(\d+))?")
_MODE = re.compile(r"[0-7]{1,7}")
_ARCHIVE_MAGIC = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
# Their value is that of the machine that builds, so an image that used them would differ from machine to machine.
_HOST_ARGS = frozenset({"BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT"})


class NotNative(Exception):
    """This build file needs a real builder; the argument says why, for the log."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")


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
    base = buildfile.base(build_args)
    if base != "scratch":
        raise NotNative(f"it starts from {base}", origin.line)
    if origin.flags:
        raise NotNative("FROM has flags", origin.line)
    return _Assembly(buildfile, files, arch, build_args).run()


class _Assembly:
    def __init__(self, buildfile: Buildfile, files: ContextFiles, arch: Arch, build_args: Mapping[str, str]) -> None:
        self._buildfile = buildfile
        self._files = files
        platform = {"TARGETOS": "linux", "TARGETARCH": arch, "TARGETPLATFORM": f"linux/{arch}", "TARGETVARIANT": ""}
        self._scope = Scope(buildfile, build_args, platform)
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
        match = _OWNER.fullmatch(self._user)
        if match:
            return _owner(match)
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
        if instruction.heredocs:
            raise NotNative(f"{instruction.keyword} has a here-document", instruction.line)
        if len(instruction.args) < 2:
            raise self._buildfile.problem(
                "no-destination", f"{instruction.keyword} needs a source and a destination", instruction.line
            )
        owner, mode = self._copy_flags(instruction)
        *sources, destination = (self._scope.expand(word, instruction) for word in instruction.args)
        matches = [match for source in sources for match in self._matches(source, instruction)]
        if instruction.keyword == "ADD":
            self._refuse_archives(matches, instruction)
        self._copy_matches(instruction, matches, len(sources), destination, owner, mode)

    def _copy_flags(self, instruction: Instruction) -> tuple[Owner, int | None]:
        owner, mode = ROOT, None
        for name, raw in instruction.flags:
            value = self._scope.expand(raw or "", instruction)
            if name == "chown":
                match = _OWNER.fullmatch(value)
                if match is None:
                    raise NotNative(f"--chown={value} is not numeric", instruction.line)
                owner = _owner(match)
            elif name == "chmod":
                if not _MODE.fullmatch(value):
                    raise NotNative(f"--chmod={value} is not octal", instruction.line)
                mode = int(value, 8) & 0o7777
            elif name != "link" or value not in ("", "true", "false"):
                # --link only changes how layers are cached; the files are the same.
                raise NotNative(f"{instruction.keyword} has --{name}", instruction.line)
        return owner, mode

    def _matches(self, source: str, instruction: Instruction) -> list[Match]:
        """The files that one source names, ignored ones left out; there must be one at least."""
        if re.match(r"(?:https?|ftp|git|ssh)://|git@", source):
            raise NotNative(f"{instruction.keyword} has a remote source", instruction.line)
        try:
            found = self._files.matches(source)
        except LeavesContext as error:
            raise self._buildfile.problem(
                "leaves-context",
                f"{instruction.keyword} {source} lies outside the build directory",
                instruction.line,
                "copy the file into the build directory first, in init.sh for example",
            ) from error
        except DeadLink as error:
            raise self._buildfile.problem(
                "dead-link",
                f"{instruction.keyword} {source} matches {error}, a link to a file that is not in the build directory",
                instruction.line,
                "put the file there, or keep the link from being copied with .dockerignore",
            ) from error
        kept = [match for match in found if not self._is_hidden(match)]
        if not kept:
            why = "every file that it names is in the ignore file" if found else "no such file in the build directory"
            raise self._buildfile.problem(
                "no-source", f"{instruction.keyword} {source}: {why}", instruction.line, _near(source, self._files)
            )
        return kept

    def _is_hidden(self, match: Match) -> bool:
        if match.is_directory:
            return self._files.is_ignored(match.path) and not self._files.ignored.may_hold_wanted(match.path)
        return self._files.is_ignored(match.path) or self._files.is_ignored(match.real)

    def _refuse_archives(self, matches: list[Match], instruction: Instruction) -> None:
        for match in matches:
            if match.is_file and _is_archive(self._files, match):
                raise NotNative(f"ADD unpacks the archive {match.path}", instruction.line)

    def _copy_matches(
        self,
        instruction: Instruction,
        matches: list[Match],
        sources: int,
        destination: str,
        owner: Owner,
        mode: int | None,
    ) -> None:
        target, must_be_directory = self._destination(destination)
        must_be_directory |= sources > 1 or matches[0].is_directory
        there = self._rootfs.lookup(target)
        if len(matches) > 1 and not must_be_directory and (there is None or there.kind != "directory"):
            raise self._buildfile.problem(
                "many-to-one",
                f"{instruction.keyword} has {len(matches)} files for {destination}, which is not a directory",
                instruction.line,
                f"end it with a slash: {destination}/",
            )
        if there is not None and there.kind != "directory" and must_be_directory:
            raise NotADirectory(target)
        renamed = not must_be_directory and (there is None or there.kind != "directory")
        directory = self._rootfs.make_directory(posixpath.dirname(target) if renamed else target, owner)
        for match in matches:
            try:
                node = self._files.node(match, owner, mode)
            except CannotCopy as error:
                raise NotNative(f"{error} is a device", instruction.line) from error
            if node is None:
                raise NotNative(f"{match.path} is a socket", instruction.line)
            if match.is_directory:
                for name, child in node.children.items():
                    place(directory, name, child)
            else:
                place(directory, posixpath.basename(target if renamed else match.path), node)

    def _destination(self, destination: str) -> tuple[str, bool]:
        """The absolute path without a trailing slash, and whether it is written as a directory."""
        joined = destination if destination.startswith("/") else posixpath.join("/", self._workdir, destination)
        is_directory = destination.endswith(("/", "/.")) or destination in ("", ".")
        target = posixpath.normpath("/" + joined.lstrip("/"))
        return target, is_directory or target == posixpath.normpath(self._workdir or "/")


def _owner(match: re.Match[str]) -> Owner:
    """``uid:gid``; the group of a bare user number is the same number."""
    return Owner(int(match[1]), int(match[2] or match[1]))


def _is_archive(files: ContextFiles, match: Match) -> bool:
    with (files.root / match.real).open("rb") as stream:
        head = stream.read(512)
    return head.startswith(_ARCHIVE_MAGIC) or head[257:262] == b"ustar"


def _near(source: str, files: ContextFiles) -> str:
    from generator.names import nearest

    folder, _, name = source.strip("/").rpartition("/")
    parent = files.root / folder
    if ".." in folder.split("/") or not parent.is_dir():
        return ""
    close = nearest(name, [entry.name for entry in parent.iterdir()], count=1)
    return f"did you mean {posixpath.join(folder, close[0])}?" if close else ""


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
