"""What command-line arguments, environment variables and text inside a string say about images."""

from __future__ import annotations

import re
from collections.abc import Iterator

from action.discovery.evidence.literals import Literal, image_words, literal, tokens
from action.discovery.evidence.registries import is_registry
from action.discovery.objects.map_rules import FLOATING, Claim
from action.discovery.text.tree import Map, Text, Tree

_FLAG = re.compile(r"(--?[A-Za-z0-9][\w.-]*)(?:=(.*))?", re.DOTALL)
_SAYS_IMAGE = re.compile(r"(?i)image")
_PROPERTY = re.compile(
    r"""^[ \t]*["']?([\w.-]{0,60}image[\w.-]{0,60})["']?[ \t]*[=:][ \t]*["']?([^\s"',;#]+)""", re.I | re.M
)
_TAG_ALONE = re.compile(r"(.*IMAGE)_(?:VERSION|TAG)")
_REPOSITORY = re.compile(r"(?i)^(.*)_(?:REPO|REPOSITORY|NAME|URL)$")


def arguments(node: list[Tree]) -> Iterator[Claim]:
    """``--x-image=a/b:1``, the pair ``--x-image``, ``a/b:1``, and lists such as ``--images=a,b``."""
    for index, item in enumerate(node):
        if not isinstance(item, Text) or item.number:
            continue
        field = f"[{index}]"
        flag = _FLAG.fullmatch(item)
        if flag is None:
            before = node[index - 1] if index else None
            named = _FLAG.fullmatch(before) if isinstance(before, Text) else None
            if named is not None and named[2] is None:
                yield from _flag_value(named[1], item, field, item.line)
        elif flag[2]:
            yield from _flag_value(flag[1], flag[2], field, item.line)


def _flag_value(flag: str, value: str, field: str, line: int) -> Iterator[Claim]:
    says_image = _SAYS_IMAGE.search(flag) is not None
    for part in value.split(",") if "," in value else [value]:
        text = part.partition("=")[2] if says_image and "=" in part else part
        text = text.strip().strip("\"'")
        known = literal(text)
        if known is None:
            continue
        if says_image and known.pinned:
            yield Claim(text, field, "flag", "likely", line, f"the flag {flag} names it")
        elif known.unmistakable:
            yield _guess(text, known, field, "flag", line, flag)
        elif says_image and known.qualified:
            yield Claim(text, field, "flag", "uncertain", line, FLOATING)


def _guess(text: str, known: Literal, field: str, rule: str, line: int, name: str) -> Claim:
    """An image by its looks alone, under a name that does not say image: only a registry's host makes it likely."""
    if is_registry(known.reference.domain):
        return Claim(text, field, rule, "likely", line, f"the value of {name}")
    reason = f"the value of {name}, which does not say image; {known.reference.domain} is not a known registry"
    return Claim(text, field, rule, "uncertain", line, reason, guessed=True)


def environment(node: list[Tree]) -> Iterator[Claim]:
    """``{name: X_IMAGE, value: ...}``, and pairs of ``X_IMAGE_REPO`` with ``X_IMAGE_TAG``."""
    variables: dict[str, tuple[Text, int]] = {}
    for index, item in enumerate(node):
        named, given = (item.get("name"), item.get("value")) if isinstance(item, Map) else (None, None)
        if isinstance(named, Text) and isinstance(given, Text):
            variables[str(named)] = (given, index)
    for name, (value, index) in variables.items():
        known = literal(value)
        field = f"[{index}].value"
        if known is None:
            if _SAYS_IMAGE.search(name):
                for word, _ in tokens(value):
                    yield Claim(word, field, "environment", "likely", value.line, f"one of those that {name} lists")
            continue
        text = value.strip()
        if known.pinned and _SAYS_IMAGE.search(name) and not value.number:
            yield Claim(text, field, "environment", "likely", value.line, f"the variable {name} names it")
        elif known.unmistakable:
            yield _guess(text, known, field, "environment", value.line, name)
        elif not known.pinned and _SAYS_IMAGE.search(name):
            yield from _variable_with_tag(name, text, variables, field, value.line)


def _variable_with_tag(
    name: str, text: str, variables: dict[str, tuple[Text, int]], field: str, line: int
) -> Iterator[Claim]:
    stem = _REPOSITORY.fullmatch(name)
    for prefix in (stem[1] if stem else name, name):
        for suffix in ("_TAG", "_VERSION"):
            tag = variables.get(prefix + suffix)
            if tag is not None and literal(f"{text}:{tag[0]}") is not None:
                reason = f"put together from {name} and {prefix}{suffix}"
                yield Claim(f"{text}:{tag[0]}", field, "environment", "likely", line, reason)
                return
    known = literal(text)
    if known is not None and known.qualified:
        yield Claim(text, field, "environment", "uncertain", line, FLOATING)


def composed_elsewhere(node: list[Tree]) -> Iterator[str]:
    """Variables such as ``ELASTICSEARCH_IMAGE_VERSION`` that give a tag without a name to go with it."""
    names = {str(item["name"]) for item in node if isinstance(item, Map) and isinstance(item.get("name"), Text)}
    for name in sorted(names):
        match = _TAG_ALONE.fullmatch(name)
        if match is not None and not any(other != name and other.startswith(match[1]) for other in names):
            yield name


def properties(text: str, line: int) -> Iterator[Claim]:
    """``sandbox_image = "registry/pause:3.9"`` in TOML, ini or properties text."""
    for match in _PROPERTY.finditer(text):
        known = literal(match[2])
        if known is not None and known.unmistakable:
            where = line + text.count("\n", 0, match.start(2)) if line else 0
            yield Claim(match[2], "", "property", "likely", where, f"the property {match[1]} names it")


def free_text(text: str, line: int) -> Iterator[Claim]:
    """References inside scripts and prose: reported, never trusted."""
    for word, offset in image_words(text):
        where = line + offset if line else 0
        yield Claim(word, "", "text", "uncertain", where, "stands in text that nothing here can interpret")
