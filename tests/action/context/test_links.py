"""Links are followed as in a chroot: an absolute target begins at the root, and nothing leaves it."""

from __future__ import annotations

import pytest

from action.context.links import MAX_LINKS, follow


@pytest.mark.parametrize(
    ("path", "links", "expected"),
    [
        ("a/b", {}, "a/b"),
        ("a/b", {"a": "/c/d"}, "c/d/b"),
        ("deep/a", {"deep/a": "/c"}, "c"),
        ("deep/a", {"deep/a": "c"}, "deep/c"),
        ("deep/a", {"deep/a": "/c", "c": "/d/../e"}, "e"),
        ("deep/a", {"deep/a": "/"}, ""),
        ("a/b", {"a": "/../../c"}, "c/b"),
        ("a", {"a": "../../../c"}, "c"),
    ],
)
def test_where_a_path_really_is(path: str, links: dict[str, str], expected: str) -> None:
    names = follow(path, lambda names: links.get("/".join(names)))
    assert names is not None
    assert "/".join(names) == expected


@pytest.mark.parametrize("target", ["a", "/a", "b/../a"])
def test_links_that_go_round_lead_nowhere(target: str) -> None:
    assert follow("a", lambda names: target if names == ["a"] else None) is None


def test_as_many_links_as_a_real_tree_may_have() -> None:
    def chain(names: list[str]) -> str | None:
        number = int(names[0])
        return f"/{number - 1}" if number else None

    assert follow(str(MAX_LINKS), chain) == ["0"]
    assert follow(str(MAX_LINKS + 1), chain) is None
