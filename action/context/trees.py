"""Removes a tree, however deep it is and whatever modes its directories have."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def remove_tree(top: Path) -> None:
    """Remove ``top`` and everything below it, following no link; what is not there any more is fine.

    A directory is moved up to ``top`` before it is entered, so that neither the length of a path nor the depth of
    calls grows with the tree. What cannot be removed stays, with ``top``: nothing that follows depends on it.
    """
    prefix = os.path.join(top, f".removing-{secrets.token_hex(8)}-")  # noqa: PTH118
    waiting = [str(top)]
    seen: list[str] = []
    while waiting:
        folder = waiting.pop()
        seen.append(folder)
        try:
            _unlock(folder)
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            with contextlib.suppress(OSError):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)  # noqa: PTH108
                    continue
                _unlock(entry.path)  # to move a directory changes it, too
                moved = f"{prefix}{len(seen)}-{len(waiting)}"
                os.rename(entry.path, moved)  # noqa: PTH104
                waiting.append(moved)
    for folder in reversed(seen):
        with contextlib.suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106


def _unlock(folder: str) -> None:
    os.chmod(folder, 0o700)  # noqa: PTH101
