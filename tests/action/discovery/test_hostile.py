"""Text that would keep a careless scanner busy for hours: each of these must end at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.discovery.evidence.hits import Found
from action.discovery.evidence.literals import literal, pattern, tokens, unresolved
from action.discovery.helm.output import render_error, split_stream
from action.discovery.kustomize.kustomization import build
from action.discovery.objects.extract import extract
from action.discovery.text.context_files import ContextFiles
from action.discovery.text.tree import Document
from action.discovery.text.yaml_reader import documents
from tests.action.discovery.install.test_shell import run

COUNT = 50_000
UNITS = [
    "\n",
    " \n",
    "/",
    "a/",
    "image",
    "image ",
    "[[ ",
    "<",
    "[",
    "{{",
    "$(",
    "${",
    "-",
    "--image",
    "a:",
    "#\n",
    "ctr ",
    "'",
    "\\",
]


@pytest.mark.parametrize("unit", UNITS)
def test_repetition_is_read_in_passing(unit: str) -> None:
    text = unit * COUNT
    tokens(text)
    unresolved(text)
    pattern(text)
    literal(text)
    split_stream(text)
    render_error(text)
    list(documents(text, "f"))
    indented = "\n".join(f"    {line}" for line in text.split("\n"))
    for document in documents(f"kind: ConfigMap\napiVersion: v1\ndata:\n  image: |\n    x\n{indented}\n", "f"):
        if isinstance(document, Document):
            extract(document, "f")


@pytest.mark.parametrize("unit", UNITS)
def test_repetition_in_a_script_is_read_in_passing(unit: str) -> None:
    run(f"helm install {unit * 2000}\n", {})


def test_a_script_cannot_grow_a_variable_without_end() -> None:
    _, states = run("A=xxxxxxxxxx\n" + 'A="$A$A"\n' * 100, {})
    assert all(len(state.variables["A"]) < 100_000 for state in states)


def test_loops_in_loops_end_and_say_so() -> None:
    words = " ".join("abcdefghijklmnop")
    text = "".join(f"for {name} in {words}; do " for name in "vwxyz") + "helm install $v$w$x c; " + "done; " * 5
    journal, _ = run(text, {})
    assert len(journal.met) <= 20_000
    assert any("goes on too long" in spot for spot in journal.blind_spots)


def test_conditions_that_nobody_can_decide_do_not_multiply_without_end() -> None:
    text = "".join(f"if x; then A{number}=1; fi\n" for number in range(40)) + "helm install a c --set a=$A0\n"
    journal, states = run(text, {})
    assert len(states) <= 16
    assert journal.met


@pytest.mark.parametrize("text", ["f() { f; }; f", "$(" * 500, "(" * 500, "eval " * 300 + "x", "f() { f | f; }; f"])
def test_depth_ends(text: str) -> None:
    run(text, {})


def test_a_path_that_helm_names_is_found_in_linear_time() -> None:
    assert render_error("a" + "/a" * 2000 + " failed").template is None


def test_kustomizations_that_name_each_other_end(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kustomization.yaml").write_text(f"resources: [{', '.join([f'../{other}'] * 9)}]\n")
    build(ContextFiles(tmp_path), "a", lambda name: Found(), set())
