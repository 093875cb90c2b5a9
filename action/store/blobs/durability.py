"""When bytes reach the disk: write-back that begins early, and the wait for its end. Python offers neither call."""

from __future__ import annotations

import ctypes
import os

_SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h: begin to write what is dirty, and wait for nothing


def begin_writing(file: int, offset: int, length: int) -> None:
    """sync_file_range(2): let the disk work on these bytes now, so that ``wait_for_disk`` finds little left to do.

    It promises nothing of what is on the disk, so what a filesystem says of it is of no interest.
    """
    if hasattr(_LIBRARY, "sync_file_range"):
        _LIBRARY.sync_file_range(file, ctypes.c_int64(offset), ctypes.c_int64(length), _SYNC_FILE_RANGE_WRITE)


def wait_for_disk(directory: int) -> None:
    """syncfs(2): all that was written to the filesystem of this open directory is on the disk; raises OSError.

    Where the C library lacks it, everything is synced.
    """
    if not hasattr(_LIBRARY, "syncfs"):
        os.sync()
    elif _LIBRARY.syncfs(directory) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


_LIBRARY = ctypes.CDLL(None, use_errno=True)
