"""``config.yml``; the merged values are what mergo made of them with the options of Sealos (recorded by hand)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from action.discovery.sealos_run.image_config import configured_files

VALUES = {"image": {"repository": "nginx", "tag": "1.0"}, "list": [1, 2], "keep": True, "port": 80}


def configured(root: Path, spec: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    (root / "values.yaml").write_text(yaml.safe_dump(VALUES), encoding="utf-8")
    config = {"kind": "Config", "metadata": {"name": "a"}, "spec": {"path": "values.yaml", **spec}}
    (root / "config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    files, problems = configured_files(root)
    return files, [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("data", "changed"),
    [
        ("image: {tag: '2'}", {"image": {"repository": "nginx", "tag": "2"}}),
        ("image: {tag: ''}", {"image": {"repository": "nginx", "tag": ""}}),
        ("list: [3]", {"list": [3]}),
        ("list: []", {"list": []}),
        ("keep: false", {"keep": False}),
        ("port: null", {"port": None}),
        ("port: text", {"port": "text"}),
        ("keep: {a: 1}", {}),
        ("image: nginx", {"image": "nginx"}),
        ("image: {}", {}),
        ("new: {a: 1}", {"new": {"a": 1}}),
    ],
)
def test_merge_is_that_of_sealos(data: str, changed: dict[str, Any], tmp_path: Path) -> None:
    files, problems = configured(tmp_path, {"strategy": "merge", "data": data})
    assert yaml.safe_load(files["values.yaml"]) == {**VALUES, **changed}
    assert not problems


@pytest.mark.parametrize(
    ("strategy", "made"), [("override", "a: 1"), ("insert", "a: 1\n{old}"), ("append", "{old}\na: 1")]
)
def test_other_strategies_replace_or_join(strategy: str, made: str, tmp_path: Path) -> None:
    files, _ = configured(tmp_path, {"strategy": strategy, "data": "a: 1"})
    assert files == {"values.yaml": made.format(old=yaml.safe_dump(VALUES))}


def test_what_depends_on_the_name_it_is_run_under_is_reported(tmp_path: Path) -> None:
    assert configured(tmp_path, {"match": "web", "data": "a: 1"}) == ({}, ["config-match"])


def test_data_that_is_no_yaml_is_a_warning(tmp_path: Path) -> None:
    assert configured(tmp_path, {"strategy": "merge", "data": "a: ["}) == ({}, ["config-unreadable"])
