"""A command line as words, each with its place; characters that cannot be seen are refused on the way."""

from __future__ import annotations

from generator.names import code_point

# What stands for itself in a value without quotes.
PLAIN_VALUE = r'[^",\\\s]+'


# Blanks of those who write Chinese, of who copies from a page, and of editors that mark a text as Unicode.
BLANKS = " \t\u3000\u00a0\ufeff"
_TO_SPACES = str.maketrans(dict.fromkeys(BLANKS, " "))


def blanks_to_spaces(line: str) -> str:
    """The line with a space for every character that people use as a blank, column by column."""
    return line.translate(_TO_SPACES)


class Word:
    """A word of a command line and the column, from 1, where it starts."""

    __slots__ = ("column", "text")

    def __init__(self, text: str, column: int) -> None:
        self.text = text
        self.column = column


class Refused(Exception):
    """Ends the reading of one command line."""

    def __init__(self, code: str, column: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.column, self.message, self.hint = code, column, message, hint


def refuse_odd_characters(word: Word) -> None:
    """Characters that cannot be seen, or that change how the line is shown, are refused wherever they stand."""
    if word.text.isascii() and word.text.replace("\t", " ").isprintable():
        return
    import unicodedata  # most commands need no closer look

    for column, character in enumerate(word.text, word.column):
        if character in " \t" or " " < character < "\x7f":
            continue
        if unicodedata.category(character)[0] in "CZ":
            raise Refused(
                "odd-character",
                column,
                f"has a character that cannot be seen, {code_point(character)}",
                "type the command by hand instead of pasting it",
            )


def split_words(line: str) -> list[Word]:
    """Words at runs of blanks; a double quote after '=' opens a stretch where blanks do not end the word."""
    words: list[Word] = []
    start: int | None = None
    quote: int | None = None
    index = 0
    while index < len(line):
        character = line[index]
        if quote is not None:
            if character == "\\":
                index += 1
            elif character == '"':
                quote = None
        elif character in BLANKS:
            if start is not None:
                words.append(Word(line[start:index], start + 1))
                start = None
        else:
            if start is None:
                start = index
            if character == '"' and line[index - 1] == "=":
                quote = index
        index += 1
    if quote is not None:
        raise Refused("unclosed-quote", quote + 1, 'opens a quote (") that is never closed', 'end the value with "')
    if start is not None:
        words.append(Word(line[start:], start + 1))
    return words


def read_quoted(text: str, start: int) -> tuple[str, int]:
    """The unescaped text of a quoted value; ``split_words`` has made sure that the quote is closed."""
    value: list[str] = []
    index = start + 1
    while text[index] != '"':
        if text[index] == "\\" and text[index + 1] in '"\\':
            index += 1
        value.append(text[index])
        index += 1
    return "".join(value), index + 1
