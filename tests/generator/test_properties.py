"""Random trees: rows are the product of what is there, in shards that lose and double nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.builds.matrix import MATRIX_LIMIT, Row, batches, rows, shards
from generator.maintenance.lint import lint
from generator.names import ARCHES, app_fault, version_fault
from generator.settings.settings import Settings, TypeSettings
from generator.tree.catalog import read_catalog
from tests.generator.trees import write_tree

BUILD_FILES = {"Kubefile": "FROM scratch\n", "Dockerfile": "FROM alpine\n", "init.sh": "true\n", "README": "x\n"}
good_apps = st.from_regex(r"[a-z0-9]{1,3}([._-][a-z0-9]{1,2})?", fullmatch=True)
good_versions = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,5}", fullmatch=True)
# Anything that a Linux file system takes: also what is no name of ours, and what is no text at all.
any_name = st.binary(min_size=1, max_size=6).filter(lambda raw: not set(raw) & {0, 47} and raw not in {b".", b".."})
odd_names = any_name.map(os.fsdecode)
trees = st.dictionaries(
    st.tuples(good_apps | odd_names, good_versions | odd_names),
    st.sets(st.sampled_from(sorted(BUILD_FILES))),
    max_size=8,
)


def make(folder: str, tree: dict[tuple[str, str], set[str]]) -> Path:
    root = Path(folder)
    for (app, version), names in tree.items():
        directory = root / "applications" / app / version
        directory.mkdir(parents=True, exist_ok=True)
        write_tree(directory, {name: BUILD_FILES[name] for name in names})
    return root


def expected(tree: dict[tuple[str, str], set[str]]) -> set[tuple[str, str, str, str]]:
    """The rows, said anew: sound names that clash with no other, a build file, the types that it means."""
    apps = {app for app, _ in tree if not app.startswith(".") and app_fault(app) is None}
    found: set[tuple[str, str, str, str]] = set()
    for (app, version), names in tree.items():
        versions = [other for name, other in tree if name == app and version_fault(other) is None]
        clash = sum(other.casefold() == version.casefold() for other in versions) > 1
        if clash or app not in apps or version not in versions:
            continue
        types = {"apps"} if "Kubefile" in names or names & {"init.sh", "Dockerfile"} == {"init.sh"} else set()
        types |= {"dockerimages"} if "Dockerfile" in names else set()
        found |= {(image_type, app, version, arch) for image_type in types for arch in ARCHES}
    return found


def shuffled(entries: Iterator[os.DirEntry[str]], seed: int) -> list[os.DirEntry[str]]:
    return sorted(entries, key=lambda entry: hash((seed, entry.name)))


class _Shuffled:
    """os.scandir in another order."""

    def __init__(self, path: Any, seed: int) -> None:
        self._real, self._seed = _SCANDIR(path), seed

    def __enter__(self) -> list[os.DirEntry[str]]:
        return shuffled(self._real, self._seed)

    def __exit__(self, *_: object) -> None:
        self._real.close()


_SCANDIR = os.scandir


@given(tree=trees, seed=st.integers())
@settings(max_examples=60, deadline=None)
def test_rows_are_exactly_the_product_whatever_the_order_of_reading(
    tree: dict[tuple[str, str], set[str]], seed: int
) -> None:
    check(tree, seed)


@pytest.mark.soak
@given(tree=trees, seed=st.integers())
@settings(max_examples=5000, deadline=None)
def test_soak_rows_are_exactly_the_product(tree: dict[tuple[str, str], set[str]], seed: int) -> None:
    check(tree, seed)


def check(tree: dict[tuple[str, str], set[str]], seed: int) -> None:
    """Read a tree in two orders, and compare with what is expected of it."""
    with tempfile.TemporaryDirectory() as folder:
        root = make(folder, tree)
        (root / "applications").mkdir(exist_ok=True)
        apart = Settings(types={"dockerimages": TypeSettings(namespace="tools")})
        catalog = read_catalog(root, apart)
        found = list(rows(catalog, apart))
        assert {row[:4] for row in found} == expected(tree)
        assert len({row[:4] for row in found}) == len(found)
        with mock.patch("os.scandir", lambda path: _Shuffled(path, seed)):
            again = read_catalog(root, apart)
        assert (again.apps, again.problems) == (catalog.apps, catalog.problems)
        for problem in lint(root, Settings()):
            assert problem.code and problem.message and problem.hint and problem.file
            str(problem).encode()


images = st.lists(st.tuples(good_apps, st.sets(st.sampled_from(ARCHES), min_size=1)), unique_by=lambda image: image[0])


@given(images=images, limit=st.integers(2, 9))
def test_shards_lose_nothing_double_nothing_and_split_no_image(images: Any, limit: int) -> None:
    many = [Row("apps", app, "v1", arch, "x", "y") for app, arches in images for arch in sorted(arches)]
    split = list(shards(many, limit))
    assert [row for shard in split for row in shard] == many
    assert all(0 < len(shard) <= limit for shard in split)
    homes = [{row.app for row in shard} for shard in split]
    assert sum(map(len, homes)) == len(set().union(*homes))


def test_a_catalogue_of_the_size_of_the_limit_is_one_matrix() -> None:
    many = [Row("apps", f"a{number}", "v1", arch, "x", "y") for number in range(300) for arch in ARCHES]
    assert [len(batch["rows"]) for batch in batches(many)] == [MATRIX_LIMIT, MATRIX_LIMIT, 88]
    assert [len(batch["targets"]) for batch in batches(many)] == [128, 128, 44]
