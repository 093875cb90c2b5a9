"""One state as the expansion of words sees it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from action.discovery.install.shell.image import Image, image_path
from action.discovery.install.shell.state import State, merged
from action.discovery.install.shell.tree import Source
from action.discovery.install.words.unknowns import Unknowns, has_hard, is_known

RunText = Callable[[Source, State], list[State]]

# What every shell has and only the machine that runs the image knows.
_OF_THE_MACHINE = frozenset(
    {
        "HOME", "USER", "LOGNAME", "HOSTNAME", "RANDOM", "SECONDS", "EUID", "UID", "PPID", "OLDPWD", "SHELL", "TERM",
        "EPOCHSECONDS", "BASH_VERSION", "OSTYPE", "HOSTTYPE", "MACHTYPE", "LINENO", "REPLY", "IFS", "$", "!", "-",
        "PIPESTATUS", "FUNCNAME",
    }
)  # fmt: skip
_READ_FILE = re.compile(r"\s*<\s*(\S+)\s*")


class View:
    """Looks up and changes one state; a command in a word runs in a copy of it."""

    def __init__(
        self, state: State, source: Source, line: int, image: Image, unknowns: Unknowns, run: RunText
    ) -> None:
        self._state = state
        self._source = source
        self._line = line
        self._image = image
        self._unknowns = unknowns
        self._run = run

    def value(self, name: str) -> str | None:
        state = self._state
        if name.isdecimal():
            return self._positional(int(name))
        if name == "#":
            known = not any(has_hard(argument) for argument in state.arguments)
            return str(len(state.arguments)) if known else self.unknown("$#")
        if name == "?":
            return self.unknown("$?") if state.status is None else "0" if state.status else "1"
        if name in state.arrays:
            return state.arrays[name].get("0")
        if name in state.variables:
            return state.variables[name]
        if name == "PWD":
            return f"/{state.directory}"
        if name == "BASH_SOURCE":
            return f"/{self._source.file}"
        return self.unknown(f"${name}") if name in _OF_THE_MACHINE else self._unknowns.soft(name)

    def _positional(self, number: int) -> str | None:
        if number == 0:
            return self._state.name
        arguments = self._state.arguments
        return arguments[number - 1] if number <= len(arguments) else None

    def elements(self, name: str) -> list[str]:
        state = self._state
        if name == "@":
            return list(state.arguments)
        if name == "BASH_SOURCE":
            return [f"/{self._source.file}"]
        if name in state.arrays:
            return list(state.arrays[name].values())
        value = state.variables.get(name)
        return [value] if value is not None else []

    def keys(self, name: str) -> list[str]:
        return list(self._state.arrays.get(name, {}))

    def element(self, name: str, index: str) -> str | None:
        items = self._state.arrays.get(name)
        if items is None:
            return self.value(name) if index == "0" else None
        if not is_known(index) or any(not is_known(key) for key in items):
            return self.unknown(f"${{{name}[{index}]}}")
        if index == "-1":
            return list(items.values())[-1] if items else None
        if index not in items and re.fullmatch(r"[A-Za-z_]\w*", index, re.ASCII) and all(k.isdecimal() for k in items):
            index = self.value(index) or "0"
        return items.get(index)

    def assign(self, name: str, value: str) -> None:
        self._state.set(name, value, self._unknowns)

    def substitute(self, text: str, shown: str) -> str:
        reading = _READ_FILE.fullmatch(text)
        inner = self._state.clone()
        inner.output = ""
        body = f"cat {reading[1]}" if reading else text
        after = merged(self._run(Source(self._source.file, body, self._line), inner), self._unknowns)
        self._state.files = after.files
        self._state.status = after.status
        output = (after.output or "").rstrip("\n")
        return self.unknown(shown) if self._unknowns.is_printed(output) else output

    def process(self, text: str, shown: str, *, reads: bool) -> str:
        if reads:
            return self.unknown(shown)
        inner = self._state.clone()
        inner.output = ""
        after = merged(self._run(Source(self._source.file, text, self._line), inner), self._unknowns)
        path = f"/dev/fd/{sum(name.startswith('dev/fd/') for name in self._state.files) + 10}"
        self._state.files = after.files
        self._state.files[path.lstrip("/")] = after.output or ""
        return path

    def matching(self, pattern: str) -> list[str]:
        if "IFS" in self._state.variables or not is_known(self._state.directory):
            return []
        absolute = pattern.startswith("/")
        base = "" if absolute else self._state.directory
        prefix = f"{base}/" if base else ""
        lead = re.match(r"(?:\./|\.\./)*", pattern)
        kept = lead.group() if lead is not None else ""
        start = image_path(posixpath.join(base, kept)) if kept else base
        prefix = f"{start}/" if start else ""
        found = self._image.matching(prefix + pattern[len(kept) :].lstrip("/"))
        return [("/" if absolute else kept) + path[len(prefix) :] for path in found]

    def unknown(self, reason: str) -> str:
        return self._unknowns.hard(reason)
