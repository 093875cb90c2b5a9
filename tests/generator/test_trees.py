"""Every folder in tests/cases/trees: a tree, the rows that it has to give and the problems that it has to show.

python -m tests.generator.test_trees     writes the expected files anew, for a person to review
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from generator.builds.matrix import rows
from generator.maintenance.lint import lint
from generator.settings.settings import load_settings
from generator.tree.catalog import read_catalog
from tests.generator.trees import write_tree

CASES = sorted((Path(__file__).resolve().parent.parent / "cases" / "trees").iterdir())


def outcome(case: Path, root: Path) -> dict[str, str]:
    """The expected files of a case, by name."""
    write_tree(root, yaml.safe_load((case / "tree.yaml").read_text(encoding="utf-8")))
    settings = load_settings(root)
    lines = [
        " ".join([*row[:5], *(f"{key}={value}" for key, value in row.build_args.items())])
        for row in rows(read_catalog(root, settings), settings)
    ]
    problems = [f"{problem} [{problem.code}]" for problem in lint(root, settings)]
    return {"rows.txt": "\n".join([*lines, ""]), "problems.txt": "\n".join([*problems, ""])}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_tree_gives_its_rows_and_shows_its_problems(case: Path, tmp_path: Path) -> None:
    for name, text in outcome(case, tmp_path).items():
        assert text == (case / name).read_text(encoding="utf-8"), name


if __name__ == "__main__":
    for each in CASES:
        with tempfile.TemporaryDirectory() as folder:
            for file, text in outcome(each, Path(folder)).items():
                (each / file).write_text(text, encoding="utf-8")
    sys.exit()
