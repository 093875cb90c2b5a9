"""``Key1=Value1,Key2="a, b=c"``: the build arguments of a request, exactly as they are written."""

from __future__ import annotations

import re

from action.request.words import PLAIN_VALUE, Refused, Word, read_quoted
from generator.names import code_point

MAX_BUILD_ARGS = 50
MAX_VALUE = 1024
_KEY = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
# Names that BuildKit and buildah obey whatever the Dockerfile declares: the program that reads the file, and proxies.
# https://docs.docker.com/build/building/variables/ ("Build tool configuration", "Pre-defined build arguments")
_BUILDERS_OWN = r"(?i:buildkit_.*|(?:https?|ftp|no|all)_proxy)"


def read_build_args(word: Word) -> dict[str, str]:
    """``Key=Value,Key="any, text"`` -> a dictionary in the order written."""
    build_args: dict[str, str] = {}
    text = word.text
    index = 0
    while True:
        key_end = text.find("=", index)
        key = text[index : key_end if key_end >= 0 else len(text)]
        column = word.column + index
        if not re.fullmatch(_KEY, key) or key_end < 0:
            raise Refused("bad-build-arg", column, *_about_key(key, has_value=key_end >= 0))
        if re.fullmatch(_BUILDERS_OWN, key):
            message = f"the build argument {key!r} steers the builder and is not for a request to choose"
            raise Refused("bad-build-arg", column, message, "leave it out")
        if key in build_args:
            raise Refused("duplicate-build-arg", column, f"the build argument {key!r} is there twice", "give it once")
        build_args[key], index = _read_value(word, key, key_end + 1)
        if len(build_args) > MAX_BUILD_ARGS:
            raise Refused("too-many-build-args", column, f"has more than {MAX_BUILD_ARGS} build arguments")
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
        value, end = read_quoted(text, start)
    else:
        match = re.compile(PLAIN_VALUE).match(text, start)
        value, end = (match[0], match.end()) if match else ("", start)
    quoted = text[start : start + 1] == '"'
    strange = next((index for index, character in enumerate(value) if not character.isascii()), None)
    if strange is not None and not quoted:
        raise Refused(
            "bad-build-arg",
            column + strange,
            f"the value of {key} has {code_point(value[strange])} outside double quotes",
            f'if it is meant, write {key}="..."; otherwise type the plain character',
        )
    if not quoted and (other := re.search(r";[A-Za-z_][A-Za-z0-9_]*=", value)):
        message = f"the value of {key} has another argument behind a semicolon"
        raise Refused("bad-build-arg", column + other.end() - 1, message, _about_quotes(key, value))
    if end < len(text) and text[end] != ",":
        raise Refused(
            "bad-build-arg",
            word.column + end,
            f"the value of {key} has {text[end]!r} ({code_point(text[end])}), which needs quotes",
            _about_quotes(key, value),
        )
    if value.startswith("'"):
        raise Refused(
            "bad-build-arg", column, f"the value of {key} starts with a single quote", 'use double quotes (")'
        )
    if len(value) > MAX_VALUE:
        raise Refused(
            "value-too-long", column, f"the value of {key} is {len(value)} characters long; the limit is {MAX_VALUE}"
        )
    if end == len(text) - 1:
        raise Refused(
            "bad-build-arg", word.column + end, "the build arguments end with a comma", "leave the last comma out"
        )
    return value, end


def _about_quotes(key: str, value: str) -> str:
    if ";" in value:
        return "build arguments are separated by commas: Key1=Value1,Key2=Value2"
    return f'put the whole value in double quotes: {key}="a, b"; inside, \\" is a quote and \\\\ a backslash'
