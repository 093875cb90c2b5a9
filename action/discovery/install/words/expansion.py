"""Raw words of a shell -> the fields that they become, nothing run but what ``Shell.substitute`` follows.

https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_06 and bash's own forms.
"""

from __future__ import annotations

import re
from typing import Protocol

from action.discovery.install.words import patterns
from action.discovery.install.words.arithmetic import calculated
from action.discovery.install.words.parameters import changed
from action.discovery.install.words.quoting import balanced, braces, closing_quote, find
from action.discovery.install.words.unknowns import has_hard, is_known, without_soft

MAX_WORDS = 64
"""Words that one word becomes by its braces."""
MAX_DEPTH = 40

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]", re.ASCII)
_BRACES = re.compile(
    r"([#!]?)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(?:\[((?:[^\[\]]|\[[^\]]*\])*)\])?(.*)", re.DOTALL | re.ASCII
)
_DEFAULT = re.compile(r"(:?[-=+?])(.*)", re.DOTALL)
_ESCAPABLE = '$`"\\\n'
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "e": "\033", "0": "\0"}


class Shell(Protocol):
    """What an expansion asks the shell that it happens in."""

    def value(self, name: str) -> str | None:
        """A variable, None when it is not set; a soft mark when whoever runs the image may set it."""
        ...

    def elements(self, name: str) -> list[str]:
        """All values of an array, or the positional arguments for ``@``."""
        ...

    def keys(self, name: str) -> list[str]:
        """The keys of an array."""
        ...

    def element(self, name: str, index: str) -> str | None:
        """One value of an array."""
        ...

    def assign(self, name: str, value: str) -> None:
        """What ``${NAME:=value}`` does."""
        ...

    def substitute(self, text: str, shown: str) -> str:
        """What the command prints."""
        ...

    def process(self, text: str, shown: str, *, reads: bool) -> str:
        """The path that ``<(text)`` becomes, or ``>(text)`` when the command ``reads`` what is written to it."""
        ...

    def matching(self, pattern: str) -> list[str]:
        """The paths that a pattern matches."""
        ...

    def unknown(self, reason: str) -> str:
        """A mark for what only a running shell knows."""
        ...


class Expansion:
    """Expands raw words in one shell. ``unset`` collects words that vanished with a variable that nothing sets."""

    def __init__(self, shell: Shell, depth: int = 0) -> None:
        self._shell = shell
        self._depth = depth
        self.unset: list[str] = []

    def fields(self, word: str) -> list[str]:
        """The fields of a command's word: split, its braces and patterns expanded."""
        found: list[str] = []
        for part in braces(word, MAX_WORDS) if "{" in word else [word]:
            word_ = _Word(split=True)
            self._scan(part, word_, quoted=False)
            for text, pattern in word_.finished():
                if not without_soft(text) and text and not word_.has_quotes:
                    self.unset.append(text)
                    continue
                paths = self._shell.matching(pattern) if is_known(text) and patterns.is_pattern(pattern) else []
                found += paths or [text]
        return found

    def text(self, word: str) -> str:
        """The word as one text: what an assignment or a condition takes."""
        made = _Word(split=False)
        self._scan(word, made, quoted=False)
        return made.text()

    def pattern(self, word: str) -> str:
        """The word as a pattern, what is quoted in it without special meaning."""
        made = _Word(split=False)
        self._scan(word, made, quoted=False)
        return made.pattern()

    def document(self, text: str) -> str:
        """The body of a here-document."""
        made = _Word(split=False)
        self._scan(text, made, quoted=True, quotes=False)
        return made.text()

    def _scan(self, word: str, made: _Word, *, quoted: bool, quotes: bool = True) -> None:
        at = 0
        if word.startswith("~") and not quoted:
            end = min((n for n in (word.find("/"), word.find(":")) if n > 0), default=len(word))
            made.add(self._shell.unknown(word[:end]), quoted=True)
            at = end
        while at < len(word):
            character = word[at]
            if character == "'" and not quoted:
                end = find(word, "'", at + 1)
                made.add(word[at + 1 : end], quoted=True)
                at = end + 1
            elif character == '"' and quotes and not quoted:
                end = closing_quote(word, at)
                made.begin()
                self._scan(word[at + 1 : end], made, quoted=True)
                at = end + 1
            elif character == "\\" and at + 1 < len(word):
                if word[at + 1] != "\n":
                    escapable = _ESCAPABLE if quotes else "$`\\"
                    kept = quoted and word[at + 1] not in escapable
                    made.add(word[at : at + 2] if kept else word[at + 1], quoted=True)
                at += 2
            elif character in "$`":
                at = self._dollar(word, at, made, quoted)
            elif character in "<>" and word[at + 1 : at + 2] == "(" and not quoted:
                end = balanced(word, at + 1, "(", ")")
                path = self._shell.process(word[at + 2 : end - 1], word[at:end], reads=character == ">")
                made.add(path, quoted=True)
                at = end
            elif character in " \t\n" and not quoted:  # in a default inside braces, which is split as the word is
                made.value(character, quoted=False)
                at += 1
            else:
                made.add(character, quoted=quoted)
                at += 1

    def _dollar(self, word: str, at: int, made: _Word, quoted: bool) -> int:
        following = word[at + 1 : at + 2]
        if word[at] == "`":
            end = find(word, "`", at + 1)
            inner = re.sub(r"\\([`$\\])", r"\1", word[at + 1 : end])
            made.value(self._shell.substitute(inner, word[at : end + 1]), quoted)
            return end + 1
        if word.startswith("$((", at) and word[balanced(word, at + 1, "(", ")") - 2 :].startswith("))"):
            end = balanced(word, at + 1, "(", ")")
            made.value(self._arithmetic(word[at + 3 : end - 2], word[at:end]), quoted)
            return end
        if following == "(":
            end = balanced(word, at + 1, "(", ")")
            made.value(self._shell.substitute(word[at + 2 : end - 1], word[at:end]), quoted)
            return end
        if following == "{":
            end = balanced(word, at + 1, "{", "}")
            self._braces(word[at + 2 : end - 1], made, quoted)
            return end
        if following == "'" and not quoted:
            return self._ansi(word, at + 2, made)
        if following == '"' and not quoted:
            return at + 1
        name = _NAME.match(word, at + 1)
        if name is None:
            made.add("$", quoted=True)
            return at + 1
        if name.group() in "@*":
            self._all(self._shell.elements("@"), name.group(), made, quoted)
        else:
            made.value(self._value(name.group()), quoted)
        return name.end()

    def _value(self, name: str) -> str:
        return self._shell.value(name) or ""

    @staticmethod
    def _all(values: list[str], sign: str, made: _Word, quoted: bool) -> None:
        if quoted and sign == "*":
            made.value(" ".join(values), quoted)
            return
        for number, value in enumerate(values):
            if number:
                made.separate()
            made.value(value, quoted)

    def _ansi(self, word: str, at: int, made: _Word) -> int:
        made.begin()
        while at < len(word) and word[at] != "'":
            if word[at] == "\\" and at + 1 < len(word):
                kept = _ANSI.get(word[at + 1])
                made.add(kept if kept is not None else self._shell.unknown(word[at : at + 2]), quoted=True)
                at += 2
            else:
                made.add(word[at], quoted=True)
                at += 1
        return at + 1

    def _arithmetic(self, expression: str, shown: str) -> str:
        result = calculated(self.document(expression) if "$(" in expression else expression, self._value)
        return self._shell.unknown(shown) if result is None else str(result)

    def _braces(self, body: str, made: _Word, quoted: bool) -> None:
        shown = "${" + body + "}"
        match = _BRACES.fullmatch(body)
        if match is None or self._depth > MAX_DEPTH:
            made.value(self._shell.unknown(shown), quoted)
            return
        sign, name, index, rest = match.groups()
        if sign == "#" and not rest:
            made.value(self._length(name, index, shown), quoted)
        elif sign == "!":
            self._indirect(name, index, rest, shown, made, quoted)
        elif sign == "#":
            made.value(self._shell.unknown(shown), quoted)
        elif index in ("@", "*") or (index is None and name in "@*"):
            self._many(name if index is not None else "@", index or name, rest, shown, made, quoted)
        else:
            self._single(name, index, rest, shown, made, quoted)

    def _single(self, name: str, index: str | None, rest: str, shown: str, made: _Word, quoted: bool) -> None:
        value = self._shell.value(name) if index is None else self._shell.element(name, self.text(index))
        default = _DEFAULT.fullmatch(rest)
        if default is not None and not (rest[0] == ":" and rest[1:2] not in ("-", "=", "+", "?")):
            self._default(name, value, default[1], default[2], made, quoted)
        elif not rest:
            made.value(value or "", quoted)
        else:
            made.value(self._changed(value or "", rest, shown), quoted)

    def _default(self, name: str, value: str | None, sign: str, word: str, made: _Word, quoted: bool) -> None:
        nothing = value is None or (without_soft(value) == "" and (sign.startswith(":") or value != ""))
        if sign.endswith("+"):
            if not nothing:
                Expansion(self._shell, self._depth + 1)._scan(word, made, quoted=quoted)
            elif value:  # whoever runs the image may set it
                made.value(value, quoted)
        elif not nothing or sign.endswith("?"):
            made.value(value or "", quoted)
        elif sign.endswith("="):
            text = Expansion(self._shell, self._depth + 1).text(word)
            self._shell.assign(name, text)
            made.value(text, quoted)
        elif word:
            Expansion(self._shell, self._depth + 1)._scan(word, made, quoted=quoted)
        else:
            made.value(value or "", quoted)

    def _changed(self, value: str, rest: str, shown: str) -> str:
        if has_hard(value):
            return self._shell.unknown(shown)
        inner = Expansion(self._shell, self._depth + 1)
        result = changed(value, rest, inner.pattern, inner.text, self._value)
        return self._shell.unknown(shown) if result is None else result

    def _length(self, name: str, index: str | None, shown: str) -> str:
        if index in ("@", "*") or (index is None and name in "@*"):
            values = self._shell.elements(name if index is not None else "@")
            return str(len(values)) if not any(has_hard(value) for value in values) else self._shell.unknown(shown)
        value = (self._shell.value(name) if index is None else self._shell.element(name, self.text(index))) or ""
        return self._shell.unknown(shown) if has_hard(value) else str(len(without_soft(value)))

    def _indirect(self, name: str, index: str | None, rest: str, shown: str, made: _Word, quoted: bool) -> None:
        if index in ("@", "*"):
            self._all(self._shell.keys(name), index, made, quoted)
            return
        target = self._value(name)
        if index is not None or rest[:1] in ("*", "@") or not _NAME.fullmatch(target):
            made.value(self._shell.unknown(shown), quoted)
        else:
            self._single(target, None, rest, shown, made, quoted)

    def _many(self, name: str, sign: str, rest: str, shown: str, made: _Word, quoted: bool) -> None:
        values = self._shell.elements(name)
        default = _DEFAULT.fullmatch(rest)
        if default is not None and not rest[1:].lstrip(" -").isdecimal():
            if bool(values) == rest.lstrip(":").startswith("+"):
                Expansion(self._shell, self._depth + 1)._scan(default[2], made, quoted=quoted)
                return
            values = [] if rest.lstrip(":").startswith("+") else values
        elif rest.startswith(":"):
            first, _, count = rest[1:].partition(":")
            start, size = calculated(first, self._value), calculated(count, self._value) if count else 10**6
            if start is None or size is None or start < 0 or size < 0 or any(has_hard(value) for value in values):
                made.value(self._shell.unknown(shown), quoted)
                return
            start = max(start - 1, 0) if name == "@" else start
            values = values[start : start + size]
        elif rest:
            values = [self._changed(value, rest, shown) for value in values]
        self._all(values, sign, made, quoted)


class _Word:
    """A word being made: its fields, each as a text and as a pattern."""

    def __init__(self, *, split: bool) -> None:
        self._split = split
        self._fields: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._pattern: list[str] = []
        self._begun = False
        self.has_quotes = False

    def begin(self) -> None:
        """There is a field, even if nothing is in it."""
        self._begun = True
        self.has_quotes = True

    def add(self, text: str, *, quoted: bool) -> None:
        """Text that is not split."""
        self._begun = True
        self.has_quotes |= quoted
        self._text.append(text)
        self._pattern.append(patterns.quoted(text) if quoted else text)

    def value(self, value: str, quoted: bool) -> None:
        """What a variable or a command gave: split at blanks when it is not quoted."""
        if quoted or not self._split:
            if value or quoted:
                self.add(value, quoted=quoted)
            return
        for part in re.split(r"([ \t\n]+)", value):
            if part and part.isspace():
                self._end()
            elif part:
                self._begun = True
                self._text.append(part)
                self._pattern.append(part)

    def separate(self) -> None:
        """A new field begins."""
        if self._split:
            self._end()
        else:
            self.add(" ", quoted=True)

    def _end(self) -> None:
        if self._begun:
            self._fields.append(("".join(self._text), "".join(self._pattern)))
        self._text, self._pattern, self._begun = [], [], False

    def finished(self) -> list[tuple[str, str]]:
        """The fields, each with its pattern."""
        self._end()
        return self._fields

    def text(self) -> str:
        """Everything as one text."""
        return "".join(self._text)

    def pattern(self) -> str:
        """Everything as one pattern."""
        return "".join(self._pattern)
