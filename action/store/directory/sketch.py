"""A registry directory as it will be, before its blobs are there: every name, link and size, and no byte of a blob."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from action.store.directory.write import Contents, RegistryDirectory


@contextmanager
def sketched(root: Path, contents: Contents, sizes: Mapping[str, int]) -> Iterator[None]:
    """Within the block ``root`` is a sketch of ``contents``; afterwards it is again what it was.

    ``sizes`` are those of all blobs but manifests, in bytes. What ``root`` holds is kept beside its parent meanwhile,
    so the parent must be in a directory that is nobody else's.
    """
    with tempfile.TemporaryDirectory(prefix="registry-", dir=root.parent.parent) as folder:
        aside = Path(folder) / root.name
        root.rename(aside)
        try:
            _draw(RegistryDirectory(root), contents, sizes)
            yield
        finally:
            shutil.rmtree(root, ignore_errors=True)
            aside.rename(root)


def _draw(directory: RegistryDirectory, contents: Contents, sizes: Mapping[str, int]) -> None:
    with directory.locked():
        for digest, size in sizes.items():
            path = directory.blob_path(digest)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                stream.truncate(size)
        directory.write_links(contents)
        directory.switch_tags(contents)
        directory.leave_no_staging()
