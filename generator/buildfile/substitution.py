"""Words of a build file: quotes, escapes and ``$NAME`` replaced as ``docker build`` does it (pure).

The rules are those of the Dockerfile reference, section "Environment replacement", and of the POSIX forms it names.
"""

from __future__ import annotations

from collections.abc import Mapping

MAX_VALUE = 1 << 20
"""Characters of one value: variables of variables would otherwise double with each line."""
MAX_NESTED = 100
"""``${A:-${B:-...`` inside each other."""


class SubstitutionError(ValueError):
    """A word cannot be expanded: an unclosed quote or brace, or a form that only some engines know."""


def expand(word: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """The value of ``word``: its quotes removed, its variables replaced. An unknown variable is empty."""
    return _Expander(word, variables, escape).value()


def split_words(text: str, escape: str = "\\") -> list[str]:
    """Split at white space outside quotes; quotes and escapes stay in the words, for ``expand``."""
    words: list[str] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = word_end(text, escape, at)
        words.append(text[at:end])
        at = end
    return words


def word_end(text: str, escape: str, start: int) -> int:
    """Where the word that begins at ``start`` ends: at the next white space outside quotes, or with the text."""
    quote = ""
    at = start
    while at < len(text):
        character = text[at]
        if character == escape and quote != "'" and at + 1 < len(text):
            at += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character.isspace():
            break
        at += 1
    return at


def _short(text: str) -> str:
    """What messages show of a word."""
    return repr(text if len(text) <= 200 else f"{text[:200]}…")


class _Expander:
    """One left-to-right pass over one word."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str) -> None:
        self._text = text
        self._variables = variables
        self._escape = escape
        self._at = 0
        self._nested = 0
        self._taken = 0

    def value(self) -> str:
        value = self._until("")
        self._limit(len(value))
        return value

    def _lookup(self, name: str) -> str | None:
        """The value of a variable. They are counted as they are met: a long one named often would fill the memory."""
        value = self._variables.get(name)
        self._taken += len(value or "")
        self._limit(self._taken)
        return value

    def _limit(self, length: int) -> None:
        if length > MAX_VALUE:
            raise SubstitutionError(f"{_short(self._text)} becomes longer than {MAX_VALUE} characters")

    def _until(self, stop: str) -> str:
        """Everything up to the unquoted character ``stop`` (consumed), or to the end when it is empty."""
        parts: list[str] = []
        while self._at < len(self._text):
            character = self._take()
            if character == stop:
                return "".join(parts)
            if character == "'":
                parts.append(self._single_quoted())
            elif character == '"':
                parts.append(self._double_quoted())
            elif character == "$":
                parts.append(self._variable())
            elif character == self._escape:
                # An escape at the very end stands for nothing: the line that it would continue is not there.
                parts.append(self._take() if self._at < len(self._text) else "")
            else:
                parts.append(character)
        if stop:
            raise SubstitutionError(f"{_short(self._text)} has no closing {stop!r}")
        return "".join(parts)

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise SubstitutionError(f"{_short(self._text)} has no closing single quote")
        text = self._text[self._at : end]
        self._at = end + 1
        return text

    def _double_quoted(self) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            character = self._take()
            if character == '"':
                return "".join(parts)
            if character == "$":
                parts.append(self._variable())
            elif character == self._escape and self._at < len(self._text):
                following = self._take()
                # Inside double quotes only these are escaped; before anything else the escape is a plain character.
                parts.append(following if following in f'"${self._escape}' else character + following)
            else:
                parts.append(character)
        raise SubstitutionError(f"{_short(self._text)} has no closing double quote")

    def _variable(self) -> str:
        if self._at < len(self._text) and self._text[self._at] == "{":
            self._at += 1
            return self._braced()
        name = self._name()
        return (self._lookup(name) or "") if name else "$"

    def _braced(self) -> str:
        name = self._name()
        if not name:
            raise SubstitutionError(f"{_short(self._text)} has '${{' without a variable name")
        if self._at >= len(self._text):
            raise SubstitutionError(f"{_short(self._text)} has no closing '}}'")
        operator = self._take()
        value = self._lookup(name)
        if operator == "}":
            return value or ""
        if operator == ":" and self._at < len(self._text):
            operator += self._take()
        if operator not in (":-", ":+", ":?", "-", "+", "?"):
            raise SubstitutionError(f"{_short(self._text)} uses '${{{name}{operator}', which not every builder knows")
        self._nested += 1
        if self._nested > MAX_NESTED:
            raise SubstitutionError(f"{_short(self._text)} has more than {MAX_NESTED} variables inside each other")
        word = self._until("}")
        self._nested -= 1
        present = value is not None and (value != "" or operator[0] != ":")
        if operator.endswith("+"):
            return word if present else ""
        if not present and operator.endswith("?"):
            raise SubstitutionError(f"{_short(self._text)} needs a value for {name}" + (f": {word}" if word else ""))
        return value if present and value is not None else word

    def _name(self) -> str:
        start = self._at
        text = self._text
        if start < len(text) and text[start].isdecimal():
            self._at += 1  # a positional parameter is one digit, as in a shell
            return text[start]
        while self._at < len(text) and (
            text[self._at].isalpha() or text[self._at].isdecimal() or text[self._at] == "_"
        ):
            self._at += 1
        return text[start : self._at]

    def _take(self) -> str:
        character = self._text[self._at]
        self._at += 1
        return character
