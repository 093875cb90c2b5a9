"""A cache of blobs that builds and architectures share, and the cheapest way to have one file in two places."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from action.store.blobs.small_files import write
from action.store.oci.digest import read_right

_FICLONE = 0x40049409  # linux/fs.h: share the blocks of a file until one of the two is written
# What the two calls say where the filesystem, or the pair of filesystems, cannot do it.
_CANNOT = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.EPERM, errno.EMLINK, errno.ENOSYS}


class BlobCache:
    """``blobs/sha256/<hh>/<hex>`` and, beside it, what is being fetched. Any file may be deleted at any time.

    ``names/<hex>``, by the hash of an image's reference, is an empty file for each name whose manifests are here.
    A cached file is hashed whenever it is used, so a cache that was damaged costs a download and no more.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def blob_path(self, digest: str) -> Path:
        return self.root / "blobs/sha256" / digest[7:9] / digest[7:]

    def stage_path(self, digest: str) -> Path:
        return self.root / "partial" / digest[7:]

    def keep(self, digest: str, body: bytes) -> None:
        """Have a small blob, unless it is here; raises OSError."""
        final = self.blob_path(digest)
        if read_right(final, digest, len(body)) is not None:
            return
        with tempfile.TemporaryDirectory(dir=_made(self.root / "partial")) as folder:
            stage = Path(folder) / "small"
            write(str(stage), body)
            stage.replace(_made(final.parent) / final.name)

    def knows(self, name: str) -> bool:
        return self._name(name).exists()

    def know(self, name: str) -> None:
        """Note that the manifests under a name are here; raises OSError."""
        _made(self.root / "names")
        self._name(name).touch()

    def _name(self, name: str) -> Path:
        return self.root / "names" / hashlib.sha256(name.encode()).hexdigest()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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
