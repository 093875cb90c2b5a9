"""The commands of the shell itself that change what comes after them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from action.discovery.install.shell.image import image_path
from action.discovery.install.shell.state import State
from action.discovery.install.words.arithmetic import calculated
from action.discovery.install.words.unknowns import Unknowns, is_known, without_soft

_OPERATION = re.compile(r"\s*([A-Za-z_]\w*)\s*(\+\+|--|(?:[-+*]?=(?!=))\s*(.*))\s*", re.DOTALL | re.ASCII)
_BEFORE = re.compile(r"\s*(\+\+|--)([A-Za-z_]\w*)\s*", re.ASCII)


def change_directory(words: list[str], state: State, unknowns: Unknowns) -> bool | None:
    """``cd``, ``pushd`` and ``popd``; a directory known only when it runs stays a mark."""
    if words[0] == "popd":
        *rest, last = state.before or (state.directory,)
        state.directory, state.before = last, tuple(rest)
        return True
    names = [word for word in words[1:] if not re.fullmatch(r"-[LPe@]+|--", word)]
    if words[0] == "pushd":
        state.before = (*state.before, state.directory)
    if not names or names[0] == "-":
        state.directory = (
            unknowns.hard("the directory") if not names else state.variables.get("OLDPWD", "").lstrip("/")
        )
        return True
    state.variables["OLDPWD"] = f"/{state.directory}"
    state.directory = resolved(state, names[0], unknowns)
    return True


def resolved(state: State, written: str, unknowns: Unknowns) -> str:
    """A path that a command names, relative to the root of the image."""
    written = without_soft(written)
    if written.startswith("/"):
        return image_path(written)
    if not is_known(state.directory):
        return image_path(posixpath.join(unknowns.hard("the directory"), written))
    return image_path(posixpath.join(state.directory, written))


def set_options(words: list[str], state: State) -> bool | None:
    """``set -- a b``: new arguments; options change nothing here but ``-a``."""
    for index, word in enumerate(words[1:], 1):
        if word == "--":
            state.arguments = tuple(words[index + 1 :])
            return True
        if not word.startswith(("-", "+")):
            if words[index - 1][-1:] == "o" and words[index - 1][:1] in "-+":
                continue
            state.arguments = tuple(words[index:])
            return True
        if word.startswith("-") and "a" in word[1:]:
            state.exported.add("*")
    return True


def shift(words: list[str], state: State) -> bool | None:
    """``shift [n]``."""
    count = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 1
    if count > len(state.arguments):
        return False
    state.arguments = state.arguments[count:]
    return True


def read(words: list[str], separator: str | None, state: State, unknowns: Unknowns) -> bool | None:
    """``read [-r] [-a] NAME ...``: a line of what is known of the input; the terminal is known only when it runs.

    ``separator`` is the ``IFS`` of this command alone.
    """
    names, into_array, raw = _read_names(words)
    if state.input is None or not is_known(state.input):
        for name in names:
            state.set(name, unknowns.hard(f"${name}"), unknowns)
        return None
    if state.input == "":
        for name in names:
            state.set(name, "", unknowns)
        return False
    line, _, state.input = state.input.partition("\n")
    separator = state.variables.get("IFS", " \t\n") if separator is None else separator
    if (not raw and "\\" in line) or not is_known(separator):
        line = unknowns.hard(f"${names[0]}")
    parts = _split(line, separator, 0 if into_array else len(names))
    if into_array:
        state.arrays[names[0]] = {str(number): part for number, part in enumerate(parts)}
        return True
    for number, name in enumerate(names):
        state.set(name, parts[number] if number < len(parts) else "", unknowns)
    return True


def _read_names(words: list[str]) -> tuple[list[str], bool, bool]:
    names, array, raw, at = [], False, False, 1
    while at < len(words):
        word = words[at]
        at += 1
        if word.startswith("-") and len(word) > 1:
            array |= "a" in word
            raw |= "r" in word
            at += word[-1] in "dinNptu"
        else:
            names.append(word)
    return names or ["REPLY"], array, raw


def _split(line: str, separator: str, most: int) -> list[str]:
    if separator == "":
        return [line]
    blanks = "".join(c for c in separator if c.isspace())
    line = line.strip(blanks) if blanks else line
    others = re.escape("".join(c for c in separator if not c.isspace()))
    space = f"[{re.escape(blanks)}]" if blanks else "(?!)"
    cut = f"{space}*[{others}]{space}*|{space}+" if others else f"{space}+"
    return re.split(cut, line, maxsplit=max(most - 1, 0)) if most != 1 and line else [line] if line or most else []


def compute(expression: str, state: State, value: Callable[[str], str], unknowns: Unknowns) -> int | None:
    """An arithmetic expression with its assignments; what it assigns and cannot be told is known only when it runs."""
    result: int | None = None
    for part in expression.split(","):
        before = _BEFORE.fullmatch(part)
        match = _OPERATION.fullmatch(f"{before[2]}{before[1]}" if before else part)
        if match is None:
            result = calculated(part, value)
            for name in re.findall(r"([A-Za-z_]\w*)\s*(?:[-+*/%&|^]|<<|>>)?=(?!=)", part):
                state.set(name, unknowns.hard(f"${name}"), unknowns)
            continue
        name, sign, right = match[1], match[2][:2], match[3]
        old = value(name) or "0"
        text = {"++": f"({old})+1", "--": f"({old})-1"}.get(sign, right or "")
        if sign in ("+=", "-=", "*="):
            text = f"({old}){sign[0]}({right})"
        result = calculated(text, value) if is_known(old) or sign[0] == "=" else None
        state.set(name, unknowns.hard(f"${name}") if result is None else str(result), unknowns)
        result = int(old) if sign in ("++", "--") and before is None and result is not None else result
    return result
