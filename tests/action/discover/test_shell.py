"""Shell text -> commands: expansion without running anything, and no construct that hides the rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.discover.shell import shell_commands
from action.discover.shell_words import Expansion


@pytest.mark.parametrize(
    ("word", "fields"),
    [
        ("plain", ("plain",)),
        ("'$A b'", ("$A b",)),
        ('"$A b"', ("x y b",)),
        ("$A", ("x", "y")),
        ("-$A-", ("-x", "y-")),
        ("${A}", ("x", "y")),
        ('"${NONE:-one two}"', ("one two",)),
        ("${NONE:-one two}", ("one", "two")),
        ('${NONE:-"one two"}', ("one", "two")),
        ("${EMPTY:-d}", ("d",)),
        ("${EMPTY-d}", ()),
        ("${A:+set}", ("set",)),
        ("${NONE:=d}", ("d",)),
        ("${NONE}", ()),
        ('""', ("",)),
        (r"a\ b", ("a b",)),
        (r'"\$A \n"', (r"$A \n",)),
        ("a\\\nb", ("ab",)),
        ("$", ("$",)),
        ("$1", ("first",)),
    ],
)
def test_words_expand_as_in_a_shell(word: str, fields: tuple[str, ...]) -> None:
    assert Expansion(word, {"A": "x y", "EMPTY": "", "1": "first"}).fields == fields


@pytest.mark.parametrize("word", ["$(date)", "`date`", "${A#x}", "$((1+1))", '"$(cat "a b")"'])
def test_what_only_a_shell_knows_is_noted(word: str) -> None:
    assert Expansion(word, {"A": "x"}).unknown


def words(text: str, **variables: str) -> list[tuple[str, ...]]:
    return [command.words for command in shell_commands(text, variables)]


@pytest.mark.parametrize(
    "text",
    [
        "helm install a b",
        "if x; then helm install a b; fi",
        "if [[ $X == y ]]; then\n  helm install a b\nfi",
        "f() {\n  helm install a b\n}\nf",
        "case $X in\n  a) helm install a b ;;\nesac",
        "x=(1 2)\nhelm install a b",
        "cat > f <<'EOF'\nif [[\nEOF\nhelm install a b",
        "cat <<-EOF\n\tx\n\tEOF\nhelm install a b",
        "true && helm install \\\n  a \\\n  b",
        'run "\ncat <<EOF | tee\nx\nEOF"\nhelm install a b',
        "(( i++ ))\nhelm install a b",
        "helm install a b | tee log 2>&1",
        "while read l; do helm install a b; done < <(ls)",
    ],
)
def test_a_command_is_found_in_every_construct(text: str) -> None:
    assert ("helm", "install", "a", "b") in words(text)


def test_assignments_count_in_order_and_may_be_appended_to() -> None:
    text = 'O="-n a"\nO="$O --wait"\nexport P=${P:-p}\nreadonly Q=q\nO+=" --atomic"\nhelm install $P $Q $O'
    assert words(text)[-1] == ("helm", "install", "p", "q", "-n", "a", "--wait", "--atomic")
    assert words("helm install ${NAME:-web}", NAME="given")[-1] == ("helm", "install", "given")


def test_a_loop_over_words_runs_for_each() -> None:
    assert words("for c in a b; do helm install $c charts/$c; done") == [
        ("helm", "install", "a", "charts/a"),
        ("helm", "install", "b", "charts/b"),
    ]


def test_lines_and_here_documents_are_known() -> None:
    commands = shell_commands("\n\nkubectl apply -f - <<EOF\nkind: A\nEOF\nhelm install a b\n", {})
    assert [(c.words[0], c.line, c.heredoc) for c in commands] == [("kubectl", 3, "kind: A\n"), ("helm", 6, None)]


@settings(max_examples=200, deadline=None)
@given(st.text("ab $\"'`(){}[]<>|&;\\\n#=-:.", max_size=60))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    shell_commands(text, {})
