"""Patterns as Go's filepath.Match reads them."""

from __future__ import annotations

import pytest

from action.assembly.native.go_glob import BadPattern, compile_component, has_meta


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*", ["", "a", ".hidden", "a b", "é", "a\nb"], ["a/b"]),
        ("*.txt", ["a.txt", ".txt"], ["a.txt2", "a_txt"]),
        ("a?c", ["abc", "a.c", "aéc"], ["ac", "a/c", "abbc"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "-x", "x"]),
        ("[^a-c]x", ["dx", "^x"], ["ax", "/x", "x"]),
        ("[!a]", ["!", "a"], ["b"]),  # only ^ negates
        ("[\\]a]", ["]", "a"], ["b"]),
        ("[a\\-c]", ["a", "-", "c"], ["b"]),
        ("[c-a]", [], ["a", "b", "c"]),
        ("\\*", ["*"], ["a"]),
        ("a.b+", ["a.b+"], ["axb+", "a.bb"]),
        ("**", ["ab"], ["a/b"]),
    ],
)
def test_what_matches(pattern: str, matching: list[str], other: list[str]) -> None:
    expression = compile_component(pattern)
    assert [text for text in matching if not expression.fullmatch(text)] == []
    assert [text for text in other if expression.fullmatch(text)] == []


@pytest.mark.parametrize("pattern", ["[", "[]", "[]a]", "[a", "[a-", "[a-]", "[-a]", "[^]", "a\\", "[\\"])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compile_component(pattern)


def test_plain_names() -> None:
    assert not has_meta("a.b-c ()+^$|{}")
    assert all(has_meta(text) for text in ("a*", "?", "[", "a\\b"))
