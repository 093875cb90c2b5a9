"""The import direction of the two packages (CONTRIBUTING.md, "Shape"), read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MARKDOWN = {"markdown_it", "mdit_py_plugins"}
SOURCES = sorted([*ROOT.glob("generator/**/*.py"), *ROOT.glob("action/**/*.py")])


def imports(path: Path) -> set[str]:
    """Every module of ours that a file imports, wherever in the file, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute here"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(path: Path) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] in {"generator", "action"}}


def in_package(path: Path, package: str) -> bool:
    return path.relative_to(ROOT).as_posix().startswith(package.replace(".", "/"))


def test_the_generator_never_imports_the_action() -> None:
    assert not {(str(p), n) for p in SOURCES if in_package(p, "generator") for n in ours(p) if n.startswith("action")}


def test_the_action_imports_only_the_shared_modules_of_the_generator() -> None:
    shared = ("errors", "names", "catalog", "config", "matrix", "changes", "init_lint", "init_env", "image_pins")
    allowed = tuple(f"generator.{name}" for name in shared)
    stray = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in SOURCES
        if in_package(path, "action")
        for name in ours(path)
        if name.startswith("generator.") and not name.startswith(allowed)
    }
    assert not stray


@pytest.mark.parametrize("leaf", ["generator/errors.py", "generator/names.py"])
def test_leaves_import_nothing_of_ours(leaf: str) -> None:
    assert not ours(ROOT / leaf)


def test_references_need_only_the_errors() -> None:
    assert {name.rpartition(".")[0] or name for name in ours(ROOT / "action/reference.py")} <= {
        "generator",
        "generator.errors",
    }


def test_the_store_knows_no_network() -> None:
    forbidden = ("action.registry", "urllib3", "http", "socket")
    assert not {
        (str(path), name)
        for path in SOURCES
        if in_package(path, "action/store")
        for name in imports(path)
        if name.startswith(forbidden)
    }


@pytest.mark.parametrize("module", ["command", "gate"])
def test_command_and_gate_use_the_standard_library_and_the_leaves(module: str) -> None:
    """What decides about a stranger's text has no dependency, directly or not, but what reads Markdown in it."""
    seen: set[Path] = set()
    queue = [ROOT / "action" / f"{module}.py"]
    while queue:
        path = queue.pop()
        if path in seen or not path.exists():
            continue
        seen.add(path)
        for name in imports(path):
            top = name.split(".")[0]
            allowed = {"generator", "action"} | (MARKDOWN if path == ROOT / "action/markdown.py" else set())
            assert top in allowed or top in sys.stdlib_module_names, f"{path} imports {name}"
            if top in {"generator", "action"}:
                queue.append(ROOT / (name.replace(".", "/") + ".py"))


def test_nothing_imports_a_main() -> None:
    assert not {(str(path), name) for path in SOURCES for name in ours(path) if "__main__" in name}


def test_talk_is_read_without_packages() -> None:
    """Most comments ask for nothing; the job that finds out starts without Markdown's reader."""
    code = "import sys; from action.command import parse; parse('', %r); print('markdown_it' in sys.modules)"
    for text, loaded in (("thanks, the image works", "False"), ("/imagebuild_apps hello v1", "True")):
        process = subprocess.run(
            [sys.executable, "-c", code % text], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert process.stdout.strip() == loaded
