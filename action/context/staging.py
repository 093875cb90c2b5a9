"""The build context: a private copy of the build directory, and of nothing outside of it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from action.context.trees import remove_tree
from action.errors import InputError, Problem
from action.model.wording import printable

_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # surrogates stand for bytes
SCANNED = ("charts", "manifests", "images", "etc", "registry")


@contextmanager
def staged(directory: Path, label: str) -> Iterator[Path]:
    """Yield a private copy of a build directory, dotfiles included; it is gone when the block ends.

    ``label`` names the directory in messages. Raises what ``check_files`` raises.
    """
    check_files(directory, label)
    # Under the system's temporary directory, not the runner's: the unprivileged user of init.sh can reach it.
    workspace = Path(tempfile.mkdtemp(prefix="cluster-image-"))
    try:
        workspace.chmod(0o711)  # to be passed through, not listed
        context = workspace / "context"
        _copy(directory, context)
        keep_what_git_keeps(context)
        yield context
    finally:
        remove_tree(workspace)


def _copy(directory: Path, context: Path) -> None:
    """Copy a tree; raises the first OSError as it is, where copytree gives a list of texts."""
    errors: list[OSError] = []

    def copy(source: str, target: str) -> str:
        try:
            return shutil.copy2(source, target)
        except OSError as error:
            errors.append(error)
            raise

    try:
        shutil.copytree(directory, context, symlinks=True, copy_function=copy)
    except shutil.Error as error:
        raise errors[0] if errors else error from None


def keep_what_git_keeps(context: Path) -> None:
    """Give everything below the modes that a checkout under the usual umask has.

    Of a file's mode, git keeps whether it can be run. The rest is the umask of whoever made the file, and would
    change the image from machine to machine.
    """
    for folder, _, files in os.walk(context):
        Path(folder).chmod(0o755)
        for path in (Path(folder) / name for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def check_files(directory: Path, label: str) -> None:
    """Refuse a link that leaves the directory and anything that is not a file, a directory or a link.

    An image must not carry what is not in the tree. Raises InputError that names every such path.
    """
    _refuse(
        directory,
        label,
        (Path(folder) / name for folder, folders, files in os.walk(directory) for name in folders + files),
    )


def check_what_is_read(context: Path, label: str) -> None:
    """The same for the files of a context that the build reads itself: the top level and what is scanned.

    Elsewhere init.sh may have unpacked links that mean something on the node; they are carried, never followed.
    """
    read = [path for folder in SCANNED for path in (context / folder).rglob("*")]
    _refuse(context, label, [*context.iterdir(), *read])


def _refuse(directory: Path, label: str, paths: Iterable[Path]) -> None:
    problems = []
    for path in sorted(paths):
        fault = _fault(path, directory)
        if fault is not None:
            file = printable(f"{label}/{path.relative_to(directory).as_posix()}")
            problems.append(Problem("unsafe-file", *fault, file=file))
    if problems:
        raise InputError(problems)


def _fault(path: Path, directory: Path) -> tuple[str, str] | None:
    if _UNSPEAKABLE.search(path.name):
        return "has a name with control characters, or that is not UTF-8", "rename it"
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        target = path.readlink()
        landing = Path(os.path.normpath(path.parent / target))
        if target.is_absolute() or not landing.is_relative_to(directory):
            return (
                f"is a link to {str(target)!r}, outside of the build directory",
                "copy the file into the directory, or link to something inside of it",
            )
    elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "is neither a file, a directory nor a link", "remove it: an image cannot carry it"
    return None
