"""What an event that is no request builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.decision.selection import Reasons, reasons, select_rows
from action.errors import InputError
from generator.settings.settings import Settings, TypeSettings

TREE = {
    "applications/web/latest/Kubefile": "FROM scratch\n",
    "applications/tool/v1/Kubefile": "FROM scratch\n",
    "applications/tool/v1/Dockerfile": "FROM alpine\n",
    "applications/tool/v2/Kubefile": "FROM scratch\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, content in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def dispatched(tree: Path, **inputs: str) -> list[str]:
    settings = Settings(arches=("amd64",), types={"dockerimages": TypeSettings(namespace="tools")})
    rows = select_rows("workflow_dispatch", {"inputs": inputs}, tree, settings)
    return [f"{row.type} {row.app} {row.version} {row.context.rpartition('/')[2]}" for row in rows]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"type": "apps", "app": "tool"}, ["apps tool v1 v1", "apps tool v2 v2"]),
        ({"version": "v1", "type": "all"}, ["apps tool v1 v1", "dockerimages tool v1 v1"]),
        ({"app": "web", "version": "v9"}, ["apps web v9 latest"]),
        ({"app": "web", "version": "v9", "type": "configs"}, ["configs web v9 latest"]),
        ({"app": "tool", "version": "v1"}, ["apps tool v1 v1", "dockerimages tool v1 v1"]),
        ({"app": "tool", "version": "v2"}, ["apps tool v2 v2"]),
    ],
)
def test_a_dispatch_names_a_version_or_selects(tree: Path, inputs: dict[str, str], expected: list[str]) -> None:
    assert dispatched(tree, **inputs) == expected


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"app": "tol", "version": "v1"}, "did you mean tool"),
        ({"app": "tool", "version": "v3"}, "did you mean v"),
        ({"app": "tool", "version": "v2", "type": "dockerimages"}, "no Dockerfile"),
        ({"app": "tol"}, "nothing in the tree matches app 'tol'"),
        ({"type": "apsp"}, "there is no type 'apsp'"),
    ],
)
def test_a_dispatch_of_what_is_not_there_says_so(tree: Path, inputs: dict[str, str], text: str) -> None:
    with pytest.raises(InputError) as caught:
        dispatched(tree, **inputs)
    assert text in str(caught.value)


def test_merges_and_schedules_may_replace_and_a_dispatch_says_why() -> None:
    assert reasons("push", {"after": "a" * 40}) == Reasons(replace="pushed as aaaaaaaaaaaa")
    assert reasons("schedule", {}) == Reasons(replace="built again by schedule")
    assert reasons("workflow_dispatch", {"inputs": {"force": "a hole"}}) == Reasons(force="a hole")
    assert reasons("workflow_dispatch", {"inputs": None}) == reasons("pull_request", {}) == Reasons()
