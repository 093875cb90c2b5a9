"""What the machine's disk says, as problems that a person can solve and not as defects."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from action.errors import InputError, Problem
from action.model.wording import size

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def need(folder: Path, count: int) -> None:
    """Raise InputError ``disk-full`` unless ``count`` bytes are free where ``folder`` is."""
    free = shutil.disk_usage(folder).free
    if count > free:
        raise InputError(_full(str(folder), f"{size(count)} must be written, {size(free)} are free"))


def disk_problem(error: OSError) -> Problem:
    """``disk-full``, or ``disk-error`` for all else that the system says of a file of ours."""
    file = str(error.filename or "a file")
    if error.errno in _FULL:
        return _full(file, str(error.strerror))
    return Problem("disk-error", f"{file}: {error.strerror or error}", "check the disk, and who may write there")


def _full(where: str, what: str) -> Problem:
    return Problem("disk-full", f"the disk of {where} is full: {what}", "free some space, then run it again")
