"""The bytes of a file of an image, from where they are; what was changed since the context was listed is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from action.assembly.files.rootfs import Node
from action.errors import InputError, Problem

_CHUNK = 1 << 20


def chunks(path: str, node: Node) -> Iterator[bytes | memoryview]:
    """The bytes of the file ``node``, in pieces that hold until the next one is asked for.

    ``path`` names it in messages. Raises InputError when the file cannot be read, or is not the one that was listed.
    """
    if node.data is not None:
        yield node.data
        return
    with _opened(path, node) as descriptor:
        buffer = bytearray(min(_CHUNK, node.size))
        view = memoryview(buffer)
        left = node.size
        while left:
            count = os.readv(descriptor, [view[: min(left, len(buffer))]])
            if count == 0:
                raise _changed(path)
            yield view[:count]
            left -= count


def head(path: str, node: Node, length: int) -> bytes:
    """The first ``length`` bytes of the file, fewer when it is shorter; raises InputError as ``chunks`` does."""
    if node.data is not None:
        return node.data[:length]
    with _opened(path, node) as descriptor:
        return os.pread(descriptor, length, 0)


@contextmanager
def _opened(path: str, node: Node) -> Iterator[int]:
    assert node.source is not None  # noqa: S101 - a file has data or a source
    try:
        # A link that took the file's place since the context was listed is not followed.
        descriptor = os.open(node.source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(Problem("unreadable", f"{path} cannot be read: {error.strerror}")) from error
    try:
        status = os.fstat(descriptor)
        if (status.st_dev, status.st_ino) != node.identity or status.st_size != node.size:
            raise _changed(path)
        yield descriptor
    finally:
        os.close(descriptor)


def _changed(path: str) -> InputError:
    message = f"{path} changed while it was being read"
    return InputError(Problem("changed-while-read", message, "stop what writes to the context"))
