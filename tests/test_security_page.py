"""docs/security.md: every attack that it lists is tried by a test, every boundary that is tried is listed."""

from __future__ import annotations

import ast
import importlib.metadata
from pathlib import Path
from typing import get_args

import pytest

from action.bootstrap import read_lock
from tests.attacks.packages import PACKAGES, WORDS, Licence, Package
from tests.attacks.page import PAGE, filled
from tests.attacks.table import ATTACKS, PARTIES, source_of

NAMED = sorted({test for attack in ATTACKS for test in attack.tests})


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_page_has_the_lists_as_they_are_today() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page) == page, "the lists have changed: run `python -m tests.attacks.page` and read the difference"


def test_a_page_without_a_place_for_a_list_is_told() -> None:
    with pytest.raises(ValueError, match="has no place for attacks"):
        filled("# Security\n")


@pytest.mark.parametrize("test", NAMED)
def test_every_test_that_is_named_is_there(repository: Path, test: str) -> None:
    path, function = source_of(test)
    assert function in functions(repository / path)


def test_every_module_of_attacks_is_in_a_row(repository: Path) -> None:
    modules = {path.relative_to(repository).as_posix() for path in (repository / "tests/attacks").glob("test_*.py")}
    assert modules == {source_of(test)[0] for test in NAMED}


def test_every_row_has_a_test_and_every_party_a_row() -> None:
    assert all(attack.tests for attack in ATTACKS)
    assert {attack.who for attack in ATTACKS} == set(PARTIES)


def test_the_packages_are_those_of_the_lock(repository: Path) -> None:
    locked = {name: {each.name for each in read_lock(repository / f"requirements/{name}.txt")} for name in LOCKS}
    assert {package.name for package in PACKAGES} == locked["helm"]
    assert locked["helm"] - locked["action"] == {"helm-python-sdk"}


LOCKS = ("action", "helm")


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_bears_the_text_of_its_licence_and_of_no_other(repository: Path, package: Package) -> None:
    """Two may be there: markdown-it-py has the one of what it was ported from, too."""
    (locked,) = (each for each in read_lock(repository / "requirements/helm.txt") if each.name == package.name)
    try:
        files = importlib.metadata.files(package.name) or []
    except importlib.metadata.PackageNotFoundError:
        assert not locked.always, f"{package.name} is not installed"
        pytest.skip(f"{package.name} is for another Python")
    texts = [each.read_text() for each in files if each.name.startswith(("LICENSE", "COPYING"))]
    assert texts
    for text in texts:
        words = " ".join(text.split())
        assert [licence for licence in get_args(Licence) if WORDS[licence] in words] == [package.licence]
