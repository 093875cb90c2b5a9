"""The console: what the runner and the terminal make of what we say."""

from __future__ import annotations

import ast
import io
import json
import re
from pathlib import Path

import pytest

from generator.console import Stream, escape_log, workflow_command

ROOT = Path(__file__).resolve().parents[2]
# What starts alone, or speaks a protocol with the process that started it, has no console.
ALONE = {
    "action/bootstrap.py",
    "action/context/sandbox/supervise.py",
    "action/discovery/helm/sdk_process.py",
}


def _obeyed(line: str) -> bool:
    """Whether a runner takes a line as a command: ActionCommand.TryParseV2 and TryParse of actions/runner."""
    return line.lstrip().startswith("::") or "##[" in line


@pytest.mark.parametrize(
    "text",
    [
        "::set-output name=batches::[1]",
        "  ::add-mask::labring",
        "\t::error::x",
        "\u00a0::stop-commands::x",
        "text ##[add-mask]x",
        "##[command]rm",
        "ok\n::set-env name=PATH::/tmp",
        "ok\r::set-env name=PATH::/tmp",
        "ok\r\n::set-env name=PATH::/tmp",
        "ok\u2028::add-path::/tmp",
        "ok\u0085::add-path::/tmp",
        "ok\x0b::add-path::/tmp",
        "ok\x0c##[group]",
        ":::warning::",
        "####[debug]x",
        "##[##[x]",
    ],
)
def test_no_text_is_obeyed_by_the_runner(text: str) -> None:
    shown = escape_log(text)
    assert not any(_obeyed(line) for line in re.split(r"[\n\r\x0b\x0c\x85\u2028\u2029]", shown))
    shown.encode("utf-8")


def test_harmless_text_is_shown_as_it_is() -> None:
    text = "decision: build\nok   title: the title names 'hello'\nhttps://a.b/c::d # 1 ## [x]"
    assert escape_log(text) == text
    assert escape_log("\ud800") == "\ufffd"
    assert escape_log("\x1b[2J\x9b2J\ttab") == "\ufffd[2J\ufffd2J\ttab"


def test_a_command_ends_where_we_end_it() -> None:
    line = workflow_command("error", "50%\r\n::add-mask::x\x1b\udcff", file="a,b:c\n::x", title="t")
    assert line == "::error file=a%2Cb%3Ac%0A%3A%3Ax,title=t::50%25%0D%0A::add-mask::x\ufffd\ufffd"
    assert workflow_command("endgroup") == "::endgroup::"


@pytest.mark.parametrize("value", ["::error::x", "##[add-mask]x", "\u2028::x\x1b", "\udcff", "\u200b\n"])
def test_json_comes_out_as_it_went_in(value: str) -> None:
    shown = io.StringIO()
    text = json.dumps({value: value}, ensure_ascii=False)
    Stream(lambda: shown).data(text)
    assert json.loads(shown.getvalue().encode("utf-8")) == {value: value}
    assert shown.getvalue() == text or value == "\udcff"


@pytest.mark.parametrize("on_runner", ["true", ""])
def test_what_passes_as_it_is_passes_with_commands_stopped(monkeypatch: pytest.MonkeyPatch, on_runner: str) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", on_runner)
    shown = io.StringIO()
    stream = Stream(lambda: shown)
    with pytest.raises(ValueError, match="stop"), stream.commands_stopped() as log:
        log.write("::add-mask::x")
        raise ValueError("stop")
    stream.say("::after")
    if not on_runner:
        assert shown.getvalue() == "::add-mask::x:\u200b:after\n"
        return
    stop, passed, start, after = shown.getvalue().splitlines()
    token = stop.removeprefix("::stop-commands::")
    assert len(token) == 32
    assert (passed, start, after) == ("::add-mask::x", f"::{token}::", ":\u200b:after")


def test_nothing_else_writes_to_the_streams() -> None:
    """The linter finds print; this finds what writes to the streams themselves."""
    writers = set()
    for package in ("action", "generator"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr", "__stdout__", "__stderr__"):
                    writers |= {str(path.relative_to(ROOT))} if ast.unparse(node.value) == "sys" else set()
    # errors.py closes standard error when who reads our output has left.
    assert writers == {*ALONE, "generator/console.py", "generator/errors.py"}
