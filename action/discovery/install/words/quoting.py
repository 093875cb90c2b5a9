"""Where quotes, brackets and words of raw shell text end (pure)."""

from __future__ import annotations


def split_raw(text: str) -> list[str]:
    """The raw words of a text: what blanks outside of quotes and brackets separate, quotes kept."""
    found: list[str] = []
    at = 0
    start = -1
    while at < len(text):
        if text[at] in " \t\n" and start < 0:
            at += 1
            continue
        if text[at] in " \t\n":
            found.append(text[start:at])
            start = -1
            at += 1
            continue
        start = at if start < 0 else start
        at = step(text, at)
    return [*found, text[start:]] if start >= 0 else found


def step(text: str, at: int) -> int:
    """The position behind the quoted part, substitution or character that begins at ``at``."""
    character = text[at]
    if character == "\\":
        return min(at + 2, len(text))
    if character == "'":
        return find(text, "'", at + 1) + 1
    if character == '"':
        return closing_quote(text, at) + 1
    if character == "`":
        return find(text, "`", at + 1) + 1
    if character == "$" and text[at + 1 : at + 2] in ("(", "{"):
        opening = text[at + 1]
        return balanced(text, at + 1, opening, ")" if opening == "(" else "}")
    return at + 1


def closing_quote(text: str, at: int) -> int:
    """Where the double quote that opens at ``at`` is closed (the end of the text when it is not)."""
    index = at + 1
    while index < len(text):
        if text[index] == '"':
            return index
        index = index + 1 if text[index] == "'" else step(text, index)
    return len(text)


def find(text: str, character: str, start: int) -> int:
    """The position of a character, the last of the text when it is not there."""
    found = text.find(character, start)
    return len(text) if found < 0 else found


def balanced(text: str, at: int, opening: str, closing: str) -> int:
    """The position behind the bracket that closes the one at ``at``."""
    depth = 0
    index = at
    while index < len(text):
        character = text[index]
        if character == "\\":
            index += 2
            continue
        if character == "'" and opening == "(":
            index = find(text, "'", index + 1)
        elif character == '"' and index > at:
            index = closing_quote(text, index)
        elif character == "$" and text[index + 1 : index + 2] in ("(", "{"):
            index = step(text, index) - 1
        elif character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
            if depth == 0:
                return index + 1
        index += 1
    return len(text)


def braces(word: str, limit: int) -> list[str]:
    """Brace expansion of a raw word: ``a{b,c}`` and ``{1..3}``, at most ``limit`` words."""
    at = 0
    while at < len(word):
        if word[at] != "{":
            at = step(word, at)
            continue
        end, commas = _brace(word, at)
        inner = word[at + 1 : end]
        choices = _choices(inner, at + 1, commas) if end < len(word) else []
        if len(choices) < 2:
            at += 1
            continue
        made: list[str] = []
        for choice in choices:
            for tail in (
                braces(choice + word[end + 1 :], limit)
                if "{" in choice + word[end + 1 :]
                else [choice + word[end + 1 :]]
            ):
                made.append(word[:at] + tail)
                if len(made) >= limit:
                    return made
        return made
    return [word]


def _brace(word: str, at: int) -> tuple[int, list[int]]:
    depth = 0
    commas: list[int] = []
    while at < len(word):
        if word[at] == "{":
            depth += 1
        elif word[at] == "}":
            depth -= 1
            if depth == 0:
                return at, commas
        elif word[at] == "," and depth == 1:
            commas.append(at)
        at = step(word, at)
    return len(word), commas


def _choices(inner: str, start: int, commas: list[int]) -> list[str]:
    if commas:
        ends = [comma - start for comma in commas]
        return [inner[a:b] for a, b in zip([0, *(end + 1 for end in ends)], [*ends, len(inner)], strict=True)]
    first, dots, last = inner.partition("..")
    if not dots or len(first) > 4 or len(last) > 4 or not (first.isdecimal() and last.isdecimal()):
        return []
    low, high = int(first), int(last)
    numbers = range(low, high + 1) if low <= high else range(low, high - 1, -1)
    width = max(len(first), len(last)) if first.startswith("0") or last.startswith("0") else 0
    return [str(number).zfill(width) for number in numbers][:1000]
