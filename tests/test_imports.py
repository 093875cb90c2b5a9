"""The rooms of both packages and the direction of their imports (CONTRIBUTING.md, "Shape"), read from the source."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from tests.support.rooms import ROOMS, room_of, table

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    PurePosixPath(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
    for package in ("generator", "action")
    for path in sorted((ROOT / package).glob("**/*.py"))
}
MODULES = {".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in SOURCES}
# What judges a stranger's text may use these beside the standard library: the readers of Markdown.
MARKDOWN_READERS = {"markdown_it", "mdit_py_plugins"}
MOST_FILES = 17


def imports(path: PurePosixPath) -> set[str]:
    """Every module that a file imports, wherever in the file, as dotted names."""
    found = set()
    for node in ast.walk(SOURCES[path]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute here"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found


def imported(path: PurePosixPath) -> set[PurePosixPath]:
    """The files of ours that a file imports."""
    return {MODULES[name] for name in imports(path) if name in MODULES}


def in_folder(path: PurePosixPath, *folders: str) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def strays(folder: str, *forbidden: str) -> set[tuple[str, str]]:
    """The files below ``folder`` that import a module whose name starts with one of ``forbidden``."""
    files = [path for path in SOURCES if in_folder(path, folder)]
    assert files, f"there is nothing below {folder}"
    return {(str(path), name) for path in files for name in imports(path) if name.startswith(forbidden)}


def test_every_file_lives_in_a_room() -> None:
    assert [str(path) for path in SOURCES if room_of(path) is None] == ["action/__init__.py"]
    assert all(any(room.has(path) for path in SOURCES) for room in ROOMS)


def test_a_room_imports_only_rooms_below_it() -> None:
    upwards = set()
    for path in SOURCES:
        here = room_of(path)
        for other in imported(path):
            there = room_of(other)
            if here and there and here != there and there.floor >= here.floor:
                upwards.add((str(path), str(other)))
    assert not upwards


def test_the_folders_of_a_room_import_each_other_in_one_direction() -> None:
    below: dict[PurePosixPath, set[PurePosixPath]] = {}
    for path in SOURCES:
        for other in imported(path) if path.name != "__main__.py" else ():
            if room_of(path) == room_of(other) and path.parent != other.parent:
                below.setdefault(path.parent, set()).add(other.parent)
    assert not {str(folder) for folder in below if folder in _reached(folder, below)}


def _reached(folder: PurePosixPath, below: dict[PurePosixPath, set[PurePosixPath]]) -> set[PurePosixPath]:
    reached: set[PurePosixPath] = set()
    queue = [folder]
    while queue:
        for other in below.get(queue.pop(), set()) - reached:
            reached.add(other)
            queue.append(other)
    return reached


def test_no_folder_is_a_heap() -> None:
    sizes = Counter(path.parent for path in SOURCES if path.name != "__init__.py")
    assert not {str(folder): size for folder, size in sizes.items() if size > MOST_FILES}


def test_the_table_of_the_contributing_page_is_the_list() -> None:
    assert table() in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_generator_never_imports_the_action_and_opens_no_socket() -> None:
    assert not strays("generator", "action", "socket", "urllib", "http", "ssl")


def test_the_action_imports_only_the_shared_parts_of_the_generator() -> None:
    shared = ("settings", "buildfile", "tree", "builds")
    leaves = ("arguments", "console", "errors", "names")
    allowed = tuple(f"generator.{name}" for name in (*leaves, *shared))
    assert {name for _, name in strays("action", "generator.") if not name.startswith(allowed)} == set()


@pytest.mark.parametrize("leaf", ["generator/console.py", "generator/names.py"])
def test_leaves_import_nothing_of_ours(leaf: str) -> None:
    assert not imported(PurePosixPath(leaf))


def test_the_errors_import_only_the_console_that_says_them() -> None:
    assert imported(PurePosixPath("generator/errors.py")) == {PurePosixPath("generator/console.py")}


def test_the_store_knows_no_network() -> None:
    assert not strays("action/store", "action.registry", "urllib3", "http", "socket", "ssl")


@pytest.mark.parametrize("start", ["action/request/parse.py", "action/decision/gate.py"])
def test_what_judges_a_strangers_text_needs_the_standard_library_only(start: str) -> None:
    """Directly and by everything it imports, except for the reader of Markdown."""
    seen: set[PurePosixPath] = set()
    queue = [PurePosixPath(start)]
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        reader = in_folder(path, "action/request/markdown")
        for name in imports(path) - set(MODULES):
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names or (reader and top in MARKDOWN_READERS), f"{path} imports {name}"
        queue += imported(path)


def test_nothing_imports_a_main() -> None:
    assert not {(str(path), name) for path in SOURCES for name in imports(path) if "__main__" in name}
