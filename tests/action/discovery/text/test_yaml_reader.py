"""The YAML reader: what Kubernetes tools read, and nothing that could exhaust the machine."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from action.discovery.text.tree import Document, Map, Text, plain
from action.discovery.text.yaml_reader import MAX_DEPTH, documents, split
from action.errors import Problem

NESTED_ALIASES = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + below] * 10)}]\n" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def roots(text: str) -> list[object]:
    return [plain(part.root) if isinstance(part, Document) else part.code for part in documents(text, "f")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (NESTED_ALIASES, "yaml-bomb"),
        ("a: &a [*a]\n", "bad-yaml"),
        ("[" * 100_000, "yaml-too-deep"),
        ("{a: " * 100_000, "yaml-too-deep"),
        ("- " * 5000 + "x", "yaml-too-deep"),
        ("a: *nothing\n", "bad-yaml"),
        ("a: [\n", "bad-yaml"),
        ("a: \x00\n", "bad-yaml"),
        ("a: !!python/object/apply:os.system [x]\n", None),
    ],
)
def test_hostile_text_ends_in_a_problem_with_its_line(text: str, code: str | None) -> None:
    found = list(documents(text, "f.yaml"))
    problems = [part for part in found if isinstance(part, Problem)]
    assert [problem.code for problem in problems] == ([code] if code else [])
    assert all(problem.file == "f.yaml" and problem.line for problem in problems)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tag: 1.10", {"tag": "1.1"}),
        ("tag: '1.10'", {"tag": "1.10"}),
        ("tag: 1.0", {"tag": "1"}),
        ("tag: 1e3", {"tag": "1000"}),
        ("tag: 1.2.3", {"tag": "1.2.3"}),
        ("tag: 2024-01-01", {"tag": "2024-01-01"}),
        ("tag: 12:30", {"tag": "12:30"}),
        ("tag: 0x1f", {"tag": "31"}),
        ("tag: yes", {"tag": True}),
        ("tag: Off", {"tag": False}),
        ("tag: ~", {"tag": None}),
        ("tag: .", {"tag": "."}),
        ("? [a, b]\n: c", {"?": "c"}),
        ("null: a", {"null": "a"}),
    ],
)
def test_scalars_are_what_kubernetes_tools_take_them_for(text: str, expected: object) -> None:
    assert roots(text) == [expected]


def test_a_document_knows_its_number_and_line_and_values_know_theirs() -> None:
    first, second = documents("a: 1\n---\n\nb:\n  c: text\n", "f")
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.number, first.line, second.number, second.line) == (1, 1, 2, 2)
    assert isinstance(second.root, Map)
    inner = second.root["b"]
    assert isinstance(inner, Map)
    text = inner["c"]
    assert isinstance(text, Text)
    assert text.line == 5


def test_a_broken_document_does_not_hide_its_neighbours() -> None:
    assert roots("a: 1\n---\nb: [\n---\nc: 2\n") == [{"a": "1"}, "bad-yaml", {"c": "2"}]


@given(st.lists(st.dictionaries(st.text("ab", min_size=1), st.text(max_size=5)), min_size=1, max_size=4))
def test_a_stream_reads_as_it_was_written(values: list[dict[str, str]]) -> None:
    text = yaml.safe_dump_all(values, explicit_start=True, default_style='"')
    assert [root for root in roots(text) if root] == [value for value in values if value]


@settings(max_examples=300)
@given(st.text(st.characters(codec="utf-8"), max_size=200) | st.text("-#:[]{}&*!|>'\"%@`\n\t ab", max_size=200))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    for part in documents(text, "f"):
        assert isinstance(part, Document | Problem)


def test_depth_is_limited_just_below_the_limit_too() -> None:
    assert roots("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))[0] != "yaml-too-deep"


def test_the_marks_that_helm_takes_are_marks() -> None:
    assert [line for _, line in split("a: 1\n---# b\nc: 2\n--- # d\ne: 3\n---x\n")] == [1, 2, 4]


@pytest.mark.parametrize(
    "text",
    [
        "base: &b {image: old, tag: '1'}\nuse: {<<: *b, image: new}\n",
        "base: &b {image: old, tag: '1'}\nuse: {image: new, <<: *b}\n",
        "base: &b {image: old}\nother: &o {image: older, tag: '1'}\nuse: {<<: [*b, *o]}\n",
        "base: &b {image: old}\nother: &o {<<: *b, tag: '1'}\nuse: {<<: *o, image: new}\n",
        "base: &b {image: old}\nuse: {<<: *b, image: null}\n",
    ],
)
def test_a_key_of_ones_own_wins_over_merged_ones(text: str) -> None:
    """https://yaml.org/type/merge.html: before or behind the merge; of several merged ones the first wins."""
    assert roots(text) == [yaml.safe_load(text)]
