"""Shell text -> commands: expansion without running anything, and no construct that hides the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.discovery.install.shell.commands import HelmCommand
from action.discovery.install.shell.image import Image
from action.discovery.install.shell.interpreter import Interpreter
from action.discovery.install.shell.journal import Journal
from action.discovery.install.shell.state import State
from action.discovery.install.shell.tree import Source
from action.discovery.install.words.unknowns import Unknowns, has_hard, without_soft


def run(text: str, variables: dict[str, str], arguments: tuple[str, ...] = ()) -> tuple[Journal, list[State]]:
    journal = Journal(Unknowns())
    state = State(variables=dict(variables), exported=set(variables), arguments=arguments)
    interpreter = Interpreter(Image(Path("/nonexistent"), []), journal)
    return journal, interpreter.run_text(Source("run.sh", text), state)


def fields(word: str, **variables: str) -> tuple[str, ...]:
    _, (state,) = run(f"set -- {word}", variables, ("first",))
    return tuple(without_soft(argument) for argument in state.arguments)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", ("plain",)),
        ("'$A b'", ("$A b",)),
        ('"$A b"', ("x y b",)),
        ("$A", ("x", "y")),
        ("-$A-", ("-x", "y-")),
        ("${A}", ("x", "y")),
        ('"${NONE:-one two}"', ("one two",)),
        ("${NONE:-one two}", ("one", "two")),
        ('${NONE:-"one two"}', ("one two",)),
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
        ("$'a\\tb'", ("a\tb",)),
        ("{a,b}-{1..2}", ("a-1", "a-2", "b-1", "b-2")),
        ("${V#v} ${V%.*} ${V%%.*} ${V/2/x} ${V//[0-9]/n}", ("1.2.3", "v1.2", "v1", "v1.x.3", "vn.n.n")),
        ("${V^^} ${#V} ${V:1:3} ${V: -1}", ("V1.2.3", "6", "1.2", "3")),
        ("$((1 + 2 * 3))", ("7",)),
        ("$(echo a b)", ("a", "b")),
        ('"$(echo "a b")"', ("a b",)),
        ("`dirname /x/y`", ("/x",)),
    ],
)
def test_words_expand_as_in_a_shell(word: str, expected: tuple[str, ...]) -> None:
    assert fields(word, A="x y", EMPTY="", V="v1.2.3") == expected


@pytest.mark.parametrize("word", ["$(date)", "`date`", "${A@Q}", "$((B / 2))", '"$(cat "a b")"', "~/x", "$RANDOM"])
def test_what_only_a_shell_knows_is_noted(word: str) -> None:
    assert any(has_hard(field) for field in fields(word, A="x"))


def installed(text: str, **variables: str) -> list[tuple[str, str]]:
    journal, _ = run(text, variables)
    return [(met.command.release, met.command.chart) for met in journal.met if isinstance(met.command, HelmCommand)]


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
        "time -p helm install a b",
        "coproc helm install a b",
        "select x in 1; do helm install a b; done",
        "for ((i = 0; i < 2; i++)); do helm install a b; done",
        "sudo -u root -E env K=v nohup timeout -k 1 5 helm install a b",
        "until helm install a b; do sleep 1; done",
        "helm install a \\\n  `# why` \\\n  b",
    ],
)
def test_a_command_is_found_in_every_construct(text: str) -> None:
    assert ("a", "b") in installed(text)


def test_assignments_count_in_order_and_may_be_appended_to() -> None:
    text = 'O="-n a"\nO="$O --wait"\nexport P=${P:-p}\nreadonly Q=q\nO+=" --atomic"\nhelm install $P $Q $O'
    assert installed(text) == [("p", "q")]
    assert installed("helm install ${NAME:-web} c", NAME="given") == [("given", "c")]


def test_a_loop_over_words_runs_for_each() -> None:
    assert installed("for c in a b; do helm install $c charts/$c; done") == [("a", "charts/a"), ("b", "charts/b")]


def test_a_condition_with_known_operands_is_decided_and_any_other_is_not() -> None:
    text = 'if [ "$M" = ha ]; then N=three; else N=one; fi\nhelm install $N c'
    assert installed(text, M="ha") == [("three", "c")]
    assert installed(text, M="") == [("one", "c")]
    assert sorted(installed(text)) == [("one", "c"), ("three", "c")]


def test_lines_are_known() -> None:
    journal, _ = run("\n\nkubectl apply -f - <<EOF\nkind: A\nEOF\nhelm install a b\n", {})
    assert [(met.line, dict(met.files)) for met in journal.met] == [(3, {"dev/stdin": "kind: A\n"}), (6, {})]


def test_what_the_grammar_refuses_is_reported_with_its_line() -> None:
    journal, _ = run("helm install a b\nif x; then\n", {})
    assert any(spot.startswith("run.sh:2: ") for spot in journal.blind_spots)


@settings(max_examples=200, deadline=None)
@given(st.text("ab $\"'`(){}[]<>|&;\\\n#=-:.", max_size=60))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    run(text, {})
