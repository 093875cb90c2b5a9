"""Text that would keep a careless scanner busy for hours: each of these must end at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.discover.context_files import ContextFiles
from action.discover.extract import extract
from action.discover.found import Found
from action.discover.helm_output import render_error, split_stream
from action.discover.kustomize import build
from action.discover.literals import literal, pattern, tokens, unresolved
from action.discover.shell import shell_commands
from action.discover.yaml_tree import Document, documents

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
    shell_commands(f"helm install {unit * 2000}\n", {})


def test_a_script_cannot_grow_a_variable_without_end() -> None:
    lines = "A=xxxxxxxxxx\n" + 'A="$A$A"\n' * 100
    variables: dict[str, str] = {}
    shell_commands(lines, variables)
    assert len(variables["A"]) < 100_000


def test_loops_in_loops_end() -> None:
    words = " ".join("abcdefghijklmnop")
    text = "".join(f"for {name} in {words}; do " for name in "vwxyz") + "echo $v; " + "done; " * 5
    assert len(shell_commands(text, {})) <= 20_000


def test_a_path_that_helm_names_is_found_in_linear_time() -> None:
    assert render_error("a" + "/a" * 2000 + " failed").template is None


def test_kustomizations_that_name_each_other_end(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kustomization.yaml").write_text(f"resources: [{', '.join([f'../{other}'] * 9)}]\n")
    build(ContextFiles(tmp_path), "a", lambda name: Found(), set())
