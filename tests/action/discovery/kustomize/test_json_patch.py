"""JSON patches as trees: each value at its path, and which fields are gone."""

from __future__ import annotations

import pytest

from action.discovery.kustomize.json_patch import is_json_patch, what_is_gone, what_is_set
from action.discovery.text.tree import Document, Tree
from action.discovery.text.yaml_reader import documents


def parsed(text: str) -> Tree:
    (document,) = documents(text, "patch.yaml")
    assert isinstance(document, Document)
    return document.root


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{op: add, path: /a/b, value: x}]", {"a": {"b": "x"}}),
        ("[{op: replace, path: /a/2/b, value: x}]", {"a": [None, None, {"b": "x"}]}),
        ("[{op: add, path: /a/-, value: {b: x}}]", {"a": [{"b": "x"}]}),
        ("[{op: add, path: /a~1b/c~0d, value: x}]", {"a/b": {"c~d": "x"}}),
        ("[{op: add, path: '', value: x}]", "x"),
        ("[{op: add, path: /a/99999999, value: x}]", {"a": ["x"]}),
    ],
)
def test_a_value_at_its_path(text: str, expected: object) -> None:
    assert list(what_is_set(parsed(text))) == [expected]


def test_what_sets_nothing() -> None:
    text = (
        "[{op: remove, path: /a}, {op: test, path: /b, value: x}, {op: move, path: /c, from: /d}, {op: add, path: /e}]"
    )
    assert list(what_is_set(parsed(text))) == []


def test_what_is_gone_is_named_as_fields_are() -> None:
    text = "[{op: replace, path: /s/c/0/image, value: x}, {op: remove, path: /a}, {op: add, path: /b, value: x}]"
    assert what_is_gone(parsed(text)) == {"s.c[0].image", "a"}


@pytest.mark.parametrize("text", ["[]", "[a]", "{op: add, path: /a}", "[{op: add}]", "[{op: add, path: /a}, {}]"])
def test_what_is_no_patch(text: str) -> None:
    assert not is_json_patch(parsed(text))


def test_a_path_without_end_is_passed_over() -> None:
    text = f"[{{op: add, path: '{'/a' * 5000}', value: x}}]"
    assert is_json_patch(parsed(text))
    assert list(what_is_set(parsed(text))) == []
