"""The files of a context as the cluster will see them: those that are there, and those that templates become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from action.context.beneath import files_below, is_file_beneath
from action.discovery.text.files import read_text


@dataclass(frozen=True, slots=True)
class ContextFiles:
    """``rendered`` maps the name of a file that ``sealos run`` makes, relative to the context, to its text, and
    ``others`` to what it may be as well where that depends on the cluster."""

    root: Path
    rendered: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A file by its name relative to the context; raises InputError when it cannot be read."""
        return self.rendered[name] if name in self.rendered else read_text(self.root, name)

    def exists(self, name: str) -> bool:
        """Whether it is a file now, or will be one; nothing outside of the context is."""
        return name in self.rendered or is_file_beneath(self.root, name)

    def below(self, folder: str, suffixes: tuple[str, ...]) -> Iterator[str]:
        """The names of the files below a folder (or that one file), by suffix, sorted."""
        names = set(files_below(self.root, folder))
        prefix = f"{folder}/" if folder else ""
        names |= {name for name in self.rendered if name.startswith(prefix)}
        if self.exists(folder):
            names.add(folder)
        yield from sorted(name for name in names if name.lower().endswith(suffixes))
