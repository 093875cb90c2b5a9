"""One command line -> its requests, or every reason why it is none. Nothing is corrected on the way.

    /imagebuild_<type> <app> <version>[,<version>...] [Key=Value[,Key=Value...]] [--arch=ARCH] [--dry-run] [--force]

A value that holds a comma, an equals sign, a blank or a character beyond ASCII is written in double quotes, where
``\\"`` is a quote and ``\\\\`` a backslash.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from generator.errors import Problem
from generator.names import ARCHES, IMAGE_TYPES, Arch, ImageType, app_fault, code_point, nearest, version_fault

PREFIX = "/imagebuild_"
HELP = f"{PREFIX}help"
COMMANDS: dict[str, ImageType] = {PREFIX + image_type: image_type for image_type in IMAGE_TYPES}

MAX_LINE = 4096
MAX_VERSIONS = 20
MAX_BUILD_ARGS = 50
MAX_VALUE = 1024

_KEY = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
_PLAIN_VALUE = r'[^",=\\\s]+'
_OPTIONS = ("--arch", "--dry-run", "--force")
_OTHER_ARCH_NAMES: dict[str, Arch] = {"x86_64": "amd64", "x64": "amd64", "aarch64": "arm64"}
_PLACEHOLDERS = frozenset(
    {"appName", "appVersion", "appDirName", "buildArgs", "<app>", "<app_name>", "<version>", "[Key=Value,...]"}
)


class Request(NamedTuple):
    """One image that was asked for. ``arches`` is empty when every architecture is meant; ``line`` counts from 1.

    ``force`` is None, or the reason that was given with ``--force`` (empty when there was none).
    """

    type: ImageType
    app: str
    version: str
    build_args: dict[str, str]
    line: int
    arches: tuple[Arch, ...] = ()
    dry_run: bool = False
    force: str | None = None


class Word:
    """A word of a command line and the column, from 1, where it starts."""

    __slots__ = ("column", "text")

    def __init__(self, text: str, column: int) -> None:
        self.text = text
        self.column = column


class _Refused(Exception):
    """Ends the reading of one command line."""

    def __init__(self, code: str, column: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.column, self.message, self.hint = code, column, message, hint


def read_command(line: str, number: int) -> list[Request] | Problem:
    """Read a line whose first word is one of COMMANDS: one request per version, or what is wrong with the line."""
    try:
        return _read(line, number)
    except _Refused as refused:
        return Problem(refused.code, refused.message, refused.hint, line=number, column=refused.column)


def is_placeholder(line: str) -> bool:
    """Whether a line is the usage that issue templates show: names of arguments, and no arguments."""
    words = line.split()[1:]
    return len(words) >= 2 and all(word in _PLACEHOLDERS for word in words)


def usage(image_type: ImageType) -> str:
    """How a command of that type is written, on one line."""
    build_args = " [Key=Value,...]" if image_type == "dockerimages" else ""
    arch = "" if image_type == "configs" else " [--arch=amd64|arm64]"
    return f"{PREFIX}{image_type} <app> <version>[,<version>...]{build_args}{arch} [--dry-run] [--force]"


def _read(line: str, number: int) -> list[Request]:
    if len(line) > MAX_LINE:
        raise _Refused("line-too-long", 1, f"the command is {len(line)} characters long; the limit is {MAX_LINE}")
    _refuse_odd_characters(line)
    words = _split(line)
    image_type = COMMANDS[words[0].text]
    operands = [word for word in words[1:] if not word.text.startswith("-")]
    if not operands:
        raise _Refused("missing-app", len(line) + 1, "names no application", _write(image_type))
    app = operands[0]
    if app is not words[1]:
        raise _Refused(
            "misplaced-option", words[1].column, f"{words[1].text!r} comes before the application", _write(image_type)
        )
    _check_app(app, image_type)
    if len(operands) < 2 or ("=" in operands[1].text and words[2] is operands[1]):
        raise _Refused("missing-version", len(line) + 1, f"names no version of {app.text!r}", _write(image_type))
    if operands[1] is not words[2]:
        raise _Refused(
            "misplaced-option", words[2].column, f"{words[2].text!r} comes before the version", _write(image_type)
        )
    versions = _read_versions(operands[1], image_type)
    build_args = _read_rest(operands[2:], image_type)
    arches, dry_run, force = _read_options([word for word in words[1:] if word.text.startswith("-")], image_type)
    return [Request(image_type, app.text, v, build_args, number, arches, dry_run, force) for v in versions]


def _write(image_type: ImageType) -> str:
    return f"write: {usage(image_type)}"


def _refuse_odd_characters(line: str) -> None:
    """Characters that cannot be seen, or that change how the line is shown, are refused wherever they stand."""
    for column, character in enumerate(line, 1):
        if character in " \t" or " " < character < "\x7f":
            continue
        if unicodedata.category(character)[0] in "CZ":
            raise _Refused(
                "odd-character",
                column,
                f"has a character that cannot be seen, {code_point(character)}",
                "type the command by hand instead of pasting it",
            )


def _split(line: str) -> list[Word]:
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
        elif character in " \t":
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
        raise _Refused("unclosed-quote", quote + 1, 'opens a quote (") that is never closed', 'end the value with "')
    if start is not None:
        words.append(Word(line[start:], start + 1))
    return words


def _check_app(word: Word, image_type: ImageType) -> None:
    fault = app_fault(word.text)
    if fault is None:
        return
    hint = ""
    if word.text in _PLACEHOLDERS:
        hint = f"that is the example's placeholder; put the application's name there: {PREFIX}{image_type} helm v3.8.2"
    elif ":" in word.text:
        name, _, version = word.text.partition(":")
        hint = (
            f"a blank goes between application and version: {PREFIX}{image_type} {name} {version}" if version else ""
        )
    elif not word.text.isascii():
        hint = "type the name again, letter by letter"
    elif not app_fault(word.text.lower()):
        hint = f"application names are lower-case: {word.text.lower()}"
    raise _Refused(
        "bad-app", word.column + _offset(word.text, app_fault), f"the application {word.text!r} {fault}", hint
    )


def _read_versions(word: Word, image_type: ImageType) -> list[str]:
    versions: list[str] = []
    column = word.column
    for text in word.text.split(","):
        if not text:
            raise _Refused(
                "bad-version",
                column,
                f"{word.text!r} has nothing before or after a comma",
                "versions are joined by a comma and no blank: v1,v2",
            )
        fault = version_fault(text)
        if fault is not None:
            hint = _write(image_type) if text in _PLACEHOLDERS else ""
            raise _Refused("bad-version", column + _offset(text, version_fault), f"the version {text!r} {fault}", hint)
        if text in versions:
            raise _Refused(
                "duplicate-version", column, f"the version {text!r} is there twice", "ask for each version once"
            )
        versions.append(text)
        column += len(text) + 1
    if len(versions) > MAX_VERSIONS:
        raise _Refused(
            "too-many-versions", word.column, f"asks for {len(versions)} versions; the limit is {MAX_VERSIONS}"
        )
    return versions


def _offset(text: str, fault: object) -> int:
    """How far into a bad name its first bad character stands (0 when no single character is to blame)."""
    upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if fault is version_fault else ""
    allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-" + upper
    return next((index for index, character in enumerate(text) if character not in allowed), 0)


def _read_rest(words: list[Word], image_type: ImageType) -> dict[str, str]:
    if not words:
        return {}
    first, *others = words
    if "=" not in first.text:
        raise _Refused("extra-word", first.column, *_about_extra(first.text, image_type))
    if image_type != "dockerimages":
        raise _Refused(
            "build-args-not-allowed",
            first.column,
            f"{first.text!r} is a build argument, and only dockerimages take those",
            f"leave it out, or ask for {PREFIX}dockerimages",
        )
    if others:
        other = others[0]
        if "=" in other.text or first.text.endswith(","):
            hint = 'join them by a comma and no blank: Key1=Value1,Key2=Value2 (a value with blanks: Key="a b")'
            raise _Refused("extra-word", other.column, f"{other.text!r} stands apart from the build arguments", hint)
        raise _Refused("extra-word", other.column, *_about_extra(other.text, image_type))
    return _read_build_args(first)


def _about_extra(text: str, image_type: ImageType) -> tuple[str, str]:
    message = f"{text!r} is one word too many"
    arch = text if text in ARCHES else _OTHER_ARCH_NAMES.get(text)
    if arch is not None:
        return message, f"to build one architecture only, write --arch={arch}"
    strange = next((character for character in text if not character.isascii()), None)
    if strange is not None:
        return f"{message}; it has {code_point(strange)}", _write(image_type)
    if any(character.isdigit() for character in text) and version_fault(text) is None:
        return message, "to build several versions, join them by a comma and no blank: v1,v2"
    return message, _write(image_type)


def _read_build_args(word: Word) -> dict[str, str]:
    """``Key=Value,Key="any, text"`` -> a dictionary in the order written."""
    build_args: dict[str, str] = {}
    text = word.text
    index = 0
    while True:
        key_end = text.find("=", index)
        key = text[index : key_end if key_end >= 0 else len(text)]
        column = word.column + index
        if not re.fullmatch(_KEY, key) or key_end < 0:
            raise _Refused("bad-build-arg", column, *_about_key(key, has_value=key_end >= 0))
        if key in build_args:
            raise _Refused("duplicate-build-arg", column, f"the build argument {key!r} is there twice", "give it once")
        build_args[key], index = _read_value(word, key, key_end + 1)
        if len(build_args) > MAX_BUILD_ARGS:
            raise _Refused("too-many-build-args", column, f"has more than {MAX_BUILD_ARGS} build arguments")
        if index == len(text):
            return build_args
        index += 1  # the comma


def _about_key(key: str, *, has_value: bool) -> tuple[str, str]:
    if not key:
        return "a build argument has no name", "write Key=Value,Key=Value with no blank around the comma"
    strange = next(
        (character for character in key if not (character.isascii() and (character.isalnum() or character == "_"))),
        None,
    )
    if strange is not None:
        return f"the build argument's name {key!r} has {code_point(strange)}", "a name is letters, digits and '_'"
    if not has_value:
        return f"{key!r} has no value", f'write {key}=Value (a comma inside a value needs double quotes: Key="a,b")'
    return f"the build argument's name {key!r} is not letters, digits and '_', not starting with a digit", ""


def _read_value(word: Word, key: str, start: int) -> tuple[str, int]:
    """The value that starts at ``start``, and the index of what follows it: a comma or the end."""
    text = word.text
    column = word.column + start
    if text[start : start + 1] == '"':
        value, end = _read_quoted(text, start)
    else:
        match = re.compile(_PLAIN_VALUE).match(text, start)
        value, end = (match[0], match.end()) if match else ("", start)
    quoted = text[start : start + 1] == '"'
    strange = next((index for index, character in enumerate(value) if not character.isascii()), None)
    if strange is not None and not quoted:
        raise _Refused(
            "bad-build-arg",
            column + strange,
            f"the value of {key} has {code_point(value[strange])} outside double quotes",
            f'if it is meant, write {key}="..."; otherwise type the plain character',
        )
    if end < len(text) and text[end] != ",":
        raise _Refused(
            "bad-build-arg",
            word.column + end,
            f"the value of {key} has {text[end]!r} ({code_point(text[end])}), which needs quotes",
            _about_quotes(key, value),
        )
    if not value and not quoted:
        message = f"the build argument {key!r} has no value"
        raise _Refused("bad-build-arg", column, message, f'for an empty value write {key}=""')
    if value.startswith("'"):
        raise _Refused(
            "bad-build-arg", column, f"the value of {key} starts with a single quote", 'use double quotes (")'
        )
    if len(value) > MAX_VALUE:
        raise _Refused(
            "value-too-long", column, f"the value of {key} is {len(value)} characters long; the limit is {MAX_VALUE}"
        )
    if end == len(text) - 1:
        raise _Refused(
            "bad-build-arg", word.column + end, "the build arguments end with a comma", "leave the last comma out"
        )
    return value, end


def _about_quotes(key: str, value: str) -> str:
    if ";" in value:
        return "build arguments are separated by commas: Key1=Value1,Key2=Value2"
    return f'put the whole value in double quotes: {key}="a=b, c"; inside, \\" is a quote and \\\\ a backslash'


def _read_quoted(text: str, start: int) -> tuple[str, int]:
    """The unescaped text of a quoted value; ``_split`` has made sure that the quote is closed."""
    value: list[str] = []
    index = start + 1
    while text[index] != '"':
        if text[index] == "\\" and text[index + 1] in '"\\':
            index += 1
        value.append(text[index])
        index += 1
    return "".join(value), index + 1


def _read_options(words: list[Word], image_type: ImageType) -> tuple[tuple[Arch, ...], bool, str | None]:
    arches: tuple[Arch, ...] = ()
    force: str | None = None
    seen: set[str] = set()
    for word in words:
        name, equals, value = word.text.partition("=")
        if name not in _OPTIONS:
            near = nearest(name, _OPTIONS, 1)
            hint = f"did you mean {near[0]}?" if near else f"the options are {', '.join(_OPTIONS)}"
            raise _Refused("unknown-option", word.column, f"there is no option {name!r}", hint)
        if name in seen:
            raise _Refused("duplicate-option", word.column, f"{name} is there twice", "give it once")
        seen.add(name)
        if name == "--arch":
            arches = _read_arches(word, value, image_type)
        elif name == "--force":
            force = _read_reason(word, value) if equals else ""
        elif equals:
            raise _Refused("bad-option", word.column, f"{name} takes no value", f"write {name}")
    return arches, "--dry-run" in seen, force


def _read_arches(word: Word, value: str, image_type: ImageType) -> tuple[Arch, ...]:
    if image_type == "configs":
        raise _Refused("bad-option", word.column, "configs have one content for all architectures", "leave --arch out")
    wanted = value.split(",")
    for name in wanted:
        if name not in ARCHES:
            said = f"there is no architecture {name!r}" if name else "--arch names no architecture"
            known = _OTHER_ARCH_NAMES.get(name)
            hint = f"write --arch={known}" if known else f"write {' or '.join(f'--arch={arch}' for arch in ARCHES)}"
            raise _Refused("unknown-arch", word.column, said, hint)
    if len(set(wanted)) < len(wanted):
        raise _Refused("bad-option", word.column, "--arch names an architecture twice", "name each once")
    return tuple(arch for arch in ARCHES if arch in wanted)


def _read_reason(word: Word, value: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        return _read_quoted(value, 0)[0]
    if not re.fullmatch(_PLAIN_VALUE, value):
        raise _Refused(
            "bad-option", word.column, "the reason of --force needs quotes", '--force="why it must be built again"'
        )
    return value
