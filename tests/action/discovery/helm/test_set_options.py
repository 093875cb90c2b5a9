"""``--set`` and its family against Helm's own parser."""

from __future__ import annotations

from pathlib import Path

import helm_python
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.discovery.helm.engine import SetOption
from action.discovery.helm.set_options import Json, apply_sets

EXAMPLES = [
    "a=b", "a=1", "a=01", "a=-5", "a=1.5", "a=true", "a=True", "a=null", "a=", "a=b,c=d", "a.b.c=d", "a={x,y,1}",
    "a={}", "a[0]=x", "a[1]=x", "a[0].b=1,a[0].c=2", r"a=b\,c", r"a\.b=c", "a={x,y},b=z", "a=b=c", "a.b[2].c={1,2}",
    "a=9223372036854775808", "a=0", "a= x ", "a[0][1]=x", "a=\"q\"", "a=1,a[",
]  # fmt: skip


def applied(text: str, flag: str = "--set") -> Json:
    values: dict[str, Json] = {}
    apply_sets(values, [SetOption(flag=flag, text=text)])
    return values


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_option_means_what_it_means_to_helm(text: str) -> None:
    assert applied(text) == helm_python.parse_set_string(text)


@settings(max_examples=300, deadline=None)
@given(st.text("ab.=,[]01{}\\ -", max_size=14))
def test_any_option_that_helm_takes_is_taken_alike(text: str) -> None:
    try:
        wanted = helm_python.parse_set_string(text)
    except helm_python.HelmError:
        return  # helm would refuse the command: nothing depends on what we make of it
    assert applied(text) == wanted


@pytest.mark.parametrize("text", ["a", "a[x]=1", "a[99999999]=1", "a,b=1", "a={b"])
def test_what_helm_refuses_is_refused_with_the_option(text: str) -> None:
    with pytest.raises(ValueError, match="failed parsing --set data"):
        applied(text)


def test_the_other_flags(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("from a file\n")
    assert applied("a=1,b=true", "--set-string") == {"a": "1", "b": "true"}
    assert applied("a=b,c=d", "--set-literal") == {"a": "b,c=d"}
    assert applied('a={"b": [1, 2]},c="x"', "--set-json") == {"a": {"b": [1, 2]}, "c": "x"}
    assert applied('{"a": {"b": 1}}', "--set-json") == {"a": {"b": 1}}
    assert applied(f"a.b={tmp_path / 'f'}", "--set-file") == {"a": {"b": "from a file\n"}}


def test_options_change_what_values_files_gave() -> None:
    values: dict[str, Json] = {"a": {"list": ["x", "y"], "keep": 1}}
    apply_sets(values, [SetOption(flag="--set", text="a.list[1]=z"), SetOption(flag="--set", text="b=2")])
    assert values == {"a": {"list": ["x", "z"], "keep": 1}, "b": 2}
