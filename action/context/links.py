"""Follows symbolic links below a root that nothing leaves, as the kernel does in a chroot."""

from __future__ import annotations

from collections.abc import Callable

# More than any real tree has; the kernel stops at 40 (path_resolution(7)).
MAX_LINKS = 100


def follow(path: str, target_of: Callable[[list[str]], str | None]) -> list[str] | None:
    """The names from the root to where ``path`` really is, or None when its links go round.

    ``target_of`` says what the link at some names points to, and None when there is no link.
    """
    pending = list(reversed(path.split("/")))
    found: list[str] = []
    links = 0
    while pending:
        name = pending.pop()
        if name in ("", "."):
            continue
        if name == "..":
            found = found[:-1]
            continue
        target = target_of([*found, name])
        if target is None:
            found.append(name)
            continue
        links += 1
        if links > MAX_LINKS:
            return None
        if target.startswith("/"):
            found = []
        pending.extend(reversed(target.split("/")))
    return found
