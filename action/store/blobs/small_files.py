"""The many small files of a registry directory: written, moved, taken away.

Paths are text here: an image has ten links, and objects for their paths cost more than the calls to the system.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection
from pathlib import Path

from action.store.blobs.staging import write_all


def put(path: str, data: bytes, stage: str) -> None:
    """Write a file whole or not at all, by way of ``stage``; one that is right already is left alone."""
    try:
        with open(path, "rb", buffering=0) as file:
            if file.read() == data:
                return
    except (FileNotFoundError, IsADirectoryError):
        pass
    write(stage, data)
    move(stage, path)


def write(path: str, data: bytes) -> None:
    """The same file whatever the umask: an image's content must not depend on who builds it."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_all(file, data)
        os.fchmod(file, 0o644)
    finally:
        os.close(file)


def move(path: str, final: str) -> None:
    """Into a directory that is made with its parents; a directory of the final name goes."""
    _make_folder(os.path.dirname(final))
    try:
        os.replace(path, final)
    except IsADirectoryError:
        shutil.rmtree(final)
        os.replace(path, final)


def keep_only(root: str, keep: Collection[str]) -> None:
    """Remove every file below ``root`` but those that are named, and every directory that is then empty."""
    gone: set[str] = set()
    for folder, folders, files in os.walk(root, topdown=False):
        stray = [path for name in files if (path := f"{folder}/{name}") not in keep]
        for path in stray:
            os.unlink(path)
        if len(stray) == len(files) and all(f"{folder}/{name}" in gone for name in folders):
            os.rmdir(folder)
            gone.add(folder)


def remove_all_but_files(root: Path) -> None:
    """Remove what is neither a file nor a directory: a link leads away, and who opens a pipe waits for its writer."""
    for folder, folders, files in os.walk(root):
        for path in (f"{folder}/{name}" for name in [*folders, *files]):
            if not stat.S_ISREG(mode := os.lstat(path).st_mode) and not stat.S_ISDIR(mode):
                os.unlink(path)


def _make_folder(path: str) -> None:
    """Most are there or lack one level: asking first, as os.makedirs does, costs more than trying."""
    try:
        os.mkdir(path)
    except FileExistsError:
        pass
    except FileNotFoundError:
        _make_folder(os.path.dirname(path))
        os.mkdir(path)
