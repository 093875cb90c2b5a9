"""A cache of blobs that builds and architectures share, and the cheapest way to have one file in two places."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path

_FICLONE = 0x40049409  # linux/fs.h: share the blocks of a file until one of the two is written
# What the two calls say where the filesystem, or the pair of filesystems, cannot do it.
_CANNOT = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.EPERM, errno.EMLINK, errno.ENOSYS}


class BlobCache:
    """``blobs/sha256/<hh>/<hex>`` and, beside it, what is being fetched. Any file may be deleted at any time.

    A cached file is hashed whenever it is used, so a cache that was damaged costs a download and no more.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def blob_path(self, digest: str) -> Path:
        return self.root / "blobs/sha256" / digest[7:9] / digest[7:]

    def stage_path(self, digest: str) -> Path:
        return self.root / "partial" / digest[7:]


def share(source: Path, stage: Path, target: Path) -> None:
    """Make ``target`` the same content as ``source``: by reflink, else by hard link, else by copying.

    ``stage`` is a name on the target's filesystem, from which it is renamed. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    stage.parent.mkdir(parents=True, exist_ok=True)
    stage.unlink(missing_ok=True)
    if not _reflink(source, stage) and not _hard_link(source, stage):
        shutil.copyfile(source, stage)
    stage.replace(target)


def same_filesystem(first: Path, second: Path) -> bool:
    """Whether a hard link between the two directories can work."""
    return first.stat().st_dev == second.stat().st_dev


def _reflink(source: Path, target: Path) -> bool:
    with source.open("rb") as from_file, target.open("wb") as to_file:
        try:
            fcntl.ioctl(to_file, _FICLONE, from_file.fileno())
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            target.unlink()
            return False
    return True


def _hard_link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        return False
    return True
