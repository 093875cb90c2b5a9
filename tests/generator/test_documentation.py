"""docs/maintaining.md says what the generator does: its examples are read, its table is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.settings.settings import load_settings

SOURCES = (
    "buildfile/parse",
    "maintenance/lint",
    "settings/validation",
    "settings/yaml_file",
    "tree/build_files",
    "tree/catalog",
    "tree/collisions",
    "tree/mount_from",
    "tree/paths",
    "tree/sealos_rules",
    "tree/shadowed",
)


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs/maintaining.md").read_text(encoding="utf-8")


def test_every_example_of_settings_is_one(page: str, tmp_path: Path) -> None:
    examples = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(examples) == 5
    for example in examples:
        (tmp_path / "imagebuild.yaml").write_text(example)
        load_settings(tmp_path)


def test_every_problem_of_a_tree_is_in_the_table(page: str, repository: Path) -> None:
    source = "".join((repository / f"generator/{name}.py").read_text() for name in SOURCES)
    codes = set(re.findall(r'(?:Problem|_warn|_fail)\(\s*"([a-z-]+)"', source)) | {"unknown-key"}
    listed = {code for row in re.findall(r"^\| (`.*?`) \|", page, re.MULTILINE) for code in re.findall("`(.+?)`", row)}
    assert codes == listed
