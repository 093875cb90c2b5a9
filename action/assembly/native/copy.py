"""COPY and local ADD: files of the context into the image, where and as ``buildah build`` puts them."""

from __future__ import annotations

import lzma
import posixpath
import re
import tarfile
import zlib
from dataclasses import dataclass

from action.assembly.files.rootfs import ROOT, Node, NotADirectory, Owner, Rootfs, place
from action.assembly.native.go_glob import has_meta
from action.assembly.native.sources import CannotCopy, ContextFiles, DeadLink, LeavesContext, Match
from action.assembly.recipe import NotNative
from action.context.beneath import beneath
from action.errors import InputError
from generator.buildfile.instructions import Buildfile, Instruction, Scope
from generator.names import nearest

_OWNER = re.compile(r"(\d{1,10})(?::(\d{1,10}))?", re.ASCII)
_ID_LIMIT = 2**32 - 1
_MODE = re.compile(r"[0-7]{1,7}", re.ASCII)
_REMOTE = re.compile(r"(?:https?|ftp|git|ssh)://|git@")
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def copy_into(
    rootfs: Rootfs, files: ContextFiles, buildfile: Buildfile, scope: Scope, instruction: Instruction, workdir: str
) -> None:
    """Carry out one COPY or ADD; raises InputError, NotNative, and NotADirectory with the path in the image."""
    try:
        _Copy(rootfs, files, buildfile, scope, instruction, workdir).run()
    except OSError as error:
        message = f"{instruction.keyword}: {error.filename} cannot be read: {error.strerror}"
        raise buildfile.problem("unreadable", message, instruction.line) from error


def numeric_owner(text: str) -> Owner | None:
    """``uid:gid``, or None for names. The group of a bare user number is the same number."""
    match = _OWNER.fullmatch(text)
    if match is None:
        return None
    owner = Owner(int(match[1]), int(match[2] or match[1]))
    return owner if max(owner) <= _ID_LIMIT else None


@dataclass(slots=True)
class _Copy:
    rootfs: Rootfs
    files: ContextFiles
    buildfile: Buildfile
    scope: Scope
    instruction: Instruction
    workdir: str

    def run(self) -> None:
        if self.instruction.heredocs:
            raise self._not_native(f"{self.instruction.keyword} has a here-document")
        if len(self.instruction.args) < 2:
            raise self._problem("no-destination", "needs a source and a destination")
        owner, mode = self._flags()
        *sources, destination = (self.scope.expand(word, self.instruction) for word in self.instruction.args)
        # A pattern that matches nothing is passed over when another source is there.
        present = [source for source in sources if len(sources) == 1 or not has_meta(source) or self._found(source)]
        matches = [match for source in present or sources[:1] for match in self._matches(source)]
        if self.instruction.keyword == "ADD":
            self._refuse_archives(matches)
        target, must_be_directory = self._destination(destination)
        must_be_directory |= len(sources) > 1 or matches[0].is_directory
        there = self.rootfs.lookup(target)
        if there is None or there.kind != "directory":
            if must_be_directory and there is not None:
                raise NotADirectory(target)
            if not must_be_directory and len(matches) > 1:
                message = f"has {len(matches)} files for {destination}, which is not a directory"
                raise self._problem("many-to-one", message, f"end it with a slash: {destination}/")
        renamed = not must_be_directory and (there is None or there.kind != "directory")
        directory = self.rootfs.make_directory(posixpath.dirname(target) if renamed else target, owner)
        for match in matches:
            node = self._node(match, owner, mode)
            if match.is_directory:
                for name, child in node.children.items():
                    place(directory, name, child)
            else:
                place(directory, posixpath.basename(target if renamed else match.path), node)

    def _flags(self) -> tuple[Owner, int | None]:
        owner, mode = ROOT, None
        for name, raw in self.instruction.flags:
            value = self.scope.expand(raw or "", self.instruction)
            if name == "chown":
                given = numeric_owner(value)
                if given is None:
                    raise self._not_native(f"--chown={value} is not numeric")
                owner = given
            elif name == "chmod":
                if not _MODE.fullmatch(value):
                    raise self._not_native(f"--chmod={value} is not octal")
                mode = int(value, 8) & 0o7777
            elif name != "link" or value not in ("", "true", "false"):
                # --link only changes how layers are cached; the files are the same.
                raise self._not_native(f"{self.instruction.keyword} has --{name}")
        return owner, mode

    def _matches(self, source: str) -> list[Match]:
        """The files that one source names, ignored ones left out; there must be one at least."""
        found = self._found(source)
        kept = [match for match in found if not self._is_hidden(match)]
        if not kept:
            why = "every file that it names is in the ignore file" if found else "no such file in the build directory"
            raise self._problem("no-source", f"{source}: {why}", self._near(source))
        return kept

    def _found(self, source: str) -> list[Match]:
        """The files that one source names, ignored ones too."""
        if _REMOTE.match(source):
            raise self._not_native(f"{self.instruction.keyword} has a remote source")
        try:
            return self.files.matches(source)
        except LeavesContext as error:
            hint = "copy the file into the build directory first, in init.sh for example"
            raise self._problem("leaves-context", f"{source} lies outside the build directory", hint) from error
        except DeadLink as error:
            message = f"{source} matches {error}, a link to a file that is not in the build directory"
            hint = "put the file there, or keep the link from being copied with .dockerignore"
            raise self._problem("dead-link", message, hint) from error

    def _is_hidden(self, match: Match) -> bool:
        if match.is_directory:
            return self.files.is_ignored(match.path) and not self._shows_something(match)
        return self.files.is_ignored(match.path) or self.files.is_ignored(match.real)

    def _shows_something(self, match: Match) -> bool:
        """Whether the ignore file takes something back of a directory that it hides."""
        return self.files.ignored.may_hold_wanted(match.path) and bool(self._node(match, ROOT, None).children)

    def _refuse_archives(self, matches: list[Match]) -> None:
        for match in matches:
            if match.is_file and _is_archive(self.files, match):
                raise self._not_native(f"ADD unpacks the archive {match.path}")

    def _destination(self, destination: str) -> tuple[str, bool]:
        """The absolute path without a trailing slash, and whether it is written as a directory."""
        joined = destination if destination.startswith("/") else posixpath.join("/", self.workdir, destination)
        is_directory = destination.endswith(("/", "/.")) or destination in ("", ".")
        target = posixpath.normpath("/" + joined.lstrip("/"))
        return target, is_directory or target == posixpath.normpath(self.workdir or "/")

    def _node(self, match: Match, owner: Owner, mode: int | None) -> Node:
        try:
            node = self.files.node(match, owner, mode)
        except CannotCopy as error:
            raise self._not_native(str(error)) from error
        if node is None:
            raise self._not_native(f"{match.path} is a socket")
        return node

    def _near(self, source: str) -> str:
        folder, _, name = source.strip("/").rpartition("/")
        parent = beneath(self.files.root, folder or ".")
        if parent is None or not parent.is_dir():
            return ""
        close = nearest(name, [entry.name for entry in parent.iterdir()], count=1)
        return f"did you mean {posixpath.join(folder, close[0])}?" if close else ""

    def _not_native(self, reason: str) -> NotNative:
        return NotNative(reason, self.instruction.line)

    def _problem(self, code: str, message: str, hint: str = "") -> InputError:
        return self.buildfile.problem(code, f"{self.instruction.keyword} {message}", self.instruction.line, hint)


def _is_archive(files: ContextFiles, match: Match) -> bool:
    path = files.root / match.real
    with path.open("rb") as stream:
        if stream.read(len(_ZSTD_MAGIC)) == _ZSTD_MAGIC:
            return True
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, zlib.error, lzma.LZMAError):  # damaged: let the builder say what it thinks of it
        return True
