"""One command line -> its requests, or every reason why it is none. Nothing is corrected on the way.

    /imagebuild_<type> <app> <version>[,<version>...] [Key=Value[,Key=Value...]] [--arch=ARCH] [--dry-run] [--force]

A value that holds a comma, a blank or a character beyond ASCII is written in double quotes, where
``\\"`` is a quote and ``\\\\`` a backslash.
"""

# Annotations are not postponed here: NamedTuple would compile each of their texts, which every start would wait for.
from typing import NamedTuple

from action.request.words import Refused, Word, refuse_odd_characters, split_words
from generator.errors import Problem
from generator.names import ARCHES, IMAGE_TYPES, Arch, ImageType, app_fault, code_point, version_fault

PREFIX = "/imagebuild_"
HELP = f"{PREFIX}help"
COMMANDS: dict[str, ImageType] = {PREFIX + image_type: image_type for image_type in IMAGE_TYPES}

MAX_LINE = 4096
MAX_VERSIONS = 20

_PLACEHOLDERS = frozenset(
    {"appName", "appVersion", "appDirName", "buildArgs", "<app>", "<app_name>", "<version>", "[Key=Value,...]"}
)


_DASHES = "\u2013\u2014\u2212"  # what an editor makes of two hyphens


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


def read_command(line: str, number: int) -> list[Request] | Problem:
    """Read a line whose first word is one of COMMANDS: one request per version, or what is wrong with the line."""
    try:
        return _read(line, number)
    except Refused as refused:
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
        raise Refused("line-too-long", 1, f"the command is {len(line)} characters long; the limit is {MAX_LINE}")
    words = split_words(line)
    for word in words:
        refuse_odd_characters(word)
    image_type = COMMANDS[words[0].text]
    operands = [word for word in words[1:] if not word.text.startswith("-")]
    if not operands:
        raise Refused("missing-app", len(line) + 1, "names no application", _write(image_type))
    app = operands[0]
    if app is not words[1]:
        raise Refused(
            "misplaced-option", words[1].column, f"{words[1].text!r} comes before the application", _write(image_type)
        )
    _check_app(app, image_type)
    if len(operands) < 2 or ("=" in operands[1].text and words[2] is operands[1]):
        raise Refused("missing-version", len(line) + 1, f"names no version of {app.text!r}", _write(image_type))
    if operands[1] is not words[2]:
        raise Refused(
            "misplaced-option", words[2].column, f"{words[2].text!r} comes before the version", _write(image_type)
        )
    versions = _read_versions(operands[1], image_type)
    build_args = _read_rest(operands[2:], image_type)
    requests = [Request(image_type, app.text, version, build_args, number) for version in versions]
    if len(operands) == len(words) - 1:
        return requests
    from action.request.options import read_options  # most commands have none

    options = [word for word in words[1:] if word.text.startswith("-")]
    arches, dry_run, force = read_options(options, image_type)
    return [request._replace(arches=arches, dry_run=dry_run, force=force) for request in requests]


def _write(image_type: ImageType) -> str:
    return f"write: {usage(image_type)}"


def _check_app(word: Word, image_type: ImageType) -> None:
    fault = app_fault(word.text)
    if fault is None:
        return
    hint = ""
    if word.text in _PLACEHOLDERS:
        hint = f"that is the example's placeholder; put the application's name there: {PREFIX}{image_type} helm v3.8.2"
    elif ":" in word.text or "@" in word.text:
        name, _, version = word.text.replace("@", ":").partition(":")
        hint = (
            f"a blank goes between application and version: {PREFIX}{image_type} {name} {version}" if version else ""
        )
    elif not app_fault(word.text.strip("<>[]{}")):
        hint = f"the brackets of the example are left out: {word.text.strip('<>[]{}')}"
    elif not word.text.isascii():
        hint = "type the name again, letter by letter"
    elif not app_fault(word.text.lower()):
        hint = f"application names are lower-case: {word.text.lower()}"
    raise Refused(
        "bad-app", word.column + _offset(word.text, app_fault), f"the application {word.text!r} {fault}", hint
    )


def _read_versions(word: Word, image_type: ImageType) -> list[str]:
    versions: list[str] = []
    column = word.column
    for text in word.text.split(","):
        if not text:
            raise Refused(
                "bad-version",
                column,
                f"{word.text!r} has nothing before or after a comma",
                "versions are joined by a comma and no blank: v1,v2",
            )
        fault = version_fault(text)
        if fault is not None:
            hint = _write(image_type) if text in _PLACEHOLDERS else ""
            raise Refused("bad-version", column + _offset(text, version_fault), f"the version {text!r} {fault}", hint)
        if text in versions:
            raise Refused(
                "duplicate-version", column, f"the version {text!r} is there twice", "ask for each version once"
            )
        versions.append(text)
        column += len(text) + 1
    if len(versions) > MAX_VERSIONS:
        raise Refused(
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
    if others and others[0].text.startswith("=") and "=" not in first.text:
        value = others[0].text[1:] or (others[1].text if len(others) > 1 else "Value")
        hint = f"no blank stands around the equals sign: {first.text}={value}"
        raise Refused("extra-word", others[0].column, f"{first.text!r} and its value stand apart", hint)
    if "=" not in first.text or first.text[0] in _DASHES:
        raise Refused("extra-word", first.column, *_about_extra(first.text, image_type))
    if image_type != "dockerimages":
        raise Refused(
            "build-args-not-allowed",
            first.column,
            f"{first.text!r} is a build argument, and only dockerimages take those",
            f"leave it out, or ask for {PREFIX}dockerimages",
        )
    if others:
        other = others[0]
        if "=" in other.text or first.text.endswith(","):
            hint = 'join them by a comma and no blank: Key1=Value1,Key2=Value2 (a value with blanks: Key="a b")'
            raise Refused("extra-word", other.column, f"{other.text!r} stands apart from the build arguments", hint)
        raise Refused("extra-word", other.column, *_about_extra(other.text, image_type))
    from action.request.build_args import read_build_args  # most commands have none

    return read_build_args(first)


def _about_extra(text: str, image_type: ImageType) -> tuple[str, str]:
    from action.request.options import OTHER_ARCH_NAMES

    message = f"{text!r} is one word too many"
    if text[0] in _DASHES and text[1:]:
        return message, f"an option starts with two hyphens: --{text.lstrip(_DASHES + '-')}"
    arch = text if text in ARCHES else OTHER_ARCH_NAMES.get(text)
    if arch is not None:
        return message, f"to build one architecture only, write --arch={arch}"
    strange = next((character for character in text if not character.isascii()), None)
    if strange is not None:
        return f"{message}; it has {code_point(strange)}", _write(image_type)
    if any(character.isdigit() for character in text) and version_fault(text) is None:
        return message, "to build several versions, join them by a comma and no blank: v1,v2"
    return message, _write(image_type)
