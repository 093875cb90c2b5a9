"""The console: all that a verb says to people, to its runner and to other programs goes through here.

People's text may hold names that a stranger chose, and the log of a runner is where GitHub reads commands: what is
said with ``say`` is shown and never obeyed. The commands that we mean are made by ``workflow_command`` only. ``data``
is for programs and stays exact.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NewType, TextIO

Command = NewType("Command", str)
"""A line that the runner obeys; only ``workflow_command`` makes one."""

# Not compiled here: a start that says nothing would wait for it.
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"


def escape_log(text: str) -> str:
    """Text that the runner's log shows, and never obeys.

    A line that starts with ``::`` is a command, and so is ``##[`` anywhere in it (actions/runner, ActionCommand.cs).
    A zero-width space behind the first character breaks both and shows nothing. Control characters, those that would
    move a terminal's cursor too, and what is no character at all become U+FFFD.
    """
    text = re.sub(_CONTROLS, "\ufffd", text.replace("\r\n", "\n")).replace("##[", "#\u200b#[")
    return re.sub(r"(?m)^([^\S\n]*):(?=:)", "\\1:\u200b", text)


def workflow_command(name: str, text: str = "", **properties: str) -> Command:
    """A line that the runner is to obey; nothing in the text or in a property ends it or begins another.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return Command(f"::{name} {listed}::{_value(text)}" if listed else f"::{name}::{_value(text)}")


def _value(text: str) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return re.sub(_CONTROLS, "\ufffd", text)


def _property(text: str) -> str:
    return _value(text).replace(":", "%3A").replace(",", "%2C")


class Stream:
    """One of the two streams; looked up each time, because who runs us may have put another in its place."""

    def __init__(self, file: Callable[[], TextIO]) -> None:
        self._file = file

    def say(self, text: object = "") -> None:
        """Lines for people."""
        self._file().write(f"{escape_log(str(text))}\n")

    def data(self, text: str) -> None:
        """JSON or a patch for programs, as it is; half a surrogate pair, which no encoding has, as JSON escapes it."""
        self._file().write(text.encode("utf-8", "backslashreplace").decode("utf-8"))

    def command(self, command: Command) -> None:
        """A line for the runner."""
        self._write(f"{command}\n")

    def is_terminal(self) -> bool:
        """Whether somebody watches."""
        return self._file().isatty()

    def draw(self, line: str = "") -> None:
        """The live line of a terminal, in the place of the one before."""
        self._write(f"\r\x1b[2K{escape_log(line)}")

    @contextmanager
    def commands_stopped(self) -> Iterator[TextIO]:
        """The stream itself, for what must pass as it is: until the end a runner reads no command out of it."""
        if not on_runner():
            yield self._file()
            return
        token = os.urandom(16).hex()
        self.command(workflow_command("stop-commands", token))
        try:
            yield self._file()
        finally:
            self._write("\n")  # what passed may have left its last line open
            self.command(workflow_command(token))

    def _write(self, text: str) -> None:
        self._file().write(text)
        self._file().flush()


def on_runner() -> bool:
    """Whether what we print is the log of a GitHub workflow."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


out = Stream(lambda: sys.stdout)
"""What was asked for."""

err = Stream(lambda: sys.stderr)
"""How it goes, and what is wrong."""
